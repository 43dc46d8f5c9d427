namespace CausalMixFT.Engine.Scm;

/// <summary>An endless order of turns in which each party has its share of every beginning, to within one turn.</summary>
/// <remarks>
/// Tijdeman, The chairman assignment problem (1980): the turn goes to whoever must have one soonest among those that may. Of k
/// parties each is within 1 − 1 / (2k − 2) of its share; where all shares are met exactly the order begins again.
/// </remarks>
sealed class FairTurns
{
    readonly ushort[] _turns;

    /// <param name="weights">The parties' shares, up to a factor: whole numbers, at least one above 0.</param>
    public FairTurns(IReadOnlyList<int> weights)
    {
        int divisor = weights.Aggregate(0, Divisor);
        long[] parts = [.. weights.Select(weight => (long)weight / divisor)];
        long total = parts.Sum(), slack = Math.Max(2 * parts.Count(part => part > 0) - 2, 1);
        _turns = new ushort[total];
        var behind = new long[parts.Length]; // share · turns − turns had, times the total
        for (int turn = 0; turn < _turns.Length; turn++)
        {
            int next = -1;
            for (int party = 0; party < parts.Length; party++)
            {
                behind[party] += parts[party];
                if (behind[party] * slack >= total && (next < 0 || Deadline(party) * parts[next] < Deadline(next) * parts[party]))
                {
                    next = party;
                }
            }

            behind[next] -= total;
            _turns[turn] = (ushort)next;
        }

        static int Divisor(int a, int b) => b == 0 ? a : Divisor(b, a % b);

        // How many turns a party can still wait, times its weight.
        long Deadline(int party) => slack * (total - behind[party]) - total;
    }

    /// <summary>Whose turn it is, counted from 0.</summary>
    public int this[long turn] => _turns[turn % _turns.Length];
}
