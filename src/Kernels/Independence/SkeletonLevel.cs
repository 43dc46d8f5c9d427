using System.Numerics;

namespace CausalMixFT.Kernels.Independence;

/// <summary>One level of a skeleton search: who is joined to whom as it begins, which pairs are asked about, and what separated them.</summary>
/// <remarks>
/// Neighbours lie row by row, ascending: those of x are <c>Neighbours[Starts[x] .. Starts[x + 1]]</c>. Every pair has two
/// entries; what is found is written at that of its smaller variable. Candidates, the variables that may be given from
/// one side, lie the same way; a skeleton search takes them from that side's neighbours.
/// </remarks>
public sealed class SkeletonLevel
{
    readonly ulong[] _candidateBits;
    readonly int _words;

    /// <summary>A level over frozen neighbours.</summary>
    /// <param name="depth">How many variables are given; one or more.</param>
    /// <param name="starts">First neighbour of each variable, and behind the last their number.</param>
    /// <param name="neighbours">The neighbours, ascending within a row; symmetric.</param>
    /// <param name="candidateStarts">First candidate of each variable, and behind the last their number.</param>
    /// <param name="candidates">The candidates, ascending within a row.</param>
    /// <param name="asked">For each neighbour, whether the pair is asked about; the same in both rows.</param>
    public SkeletonLevel(
        int depth, int[] starts, int[] neighbours, int[] candidateStarts, int[] candidates, bool[] asked)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(neighbours);
        ArgumentNullException.ThrowIfNull(candidateStarts);
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(asked);
        (Depth, Starts, Neighbours, CandidateStarts, Candidates, Asked) =
            (depth, starts, neighbours, candidateStarts, candidates, asked);
        Separated = new bool[neighbours.Length];
        Given = new int[checked(neighbours.Length * depth)];
        Correlations = new double[neighbours.Length];
        Mirror = MirrorOf(starts, neighbours);
        _words = (Variables + 63) / 64;
        _candidateBits = new ulong[Variables * _words];
        for (int x = 0; x < Variables; x++)
        {
            foreach (int candidate in CandidatesOf(x))
            {
                _candidateBits[x * _words + candidate / 64] |= 1UL << candidate;
            }
        }
    }

    /// <summary>How many variables are given.</summary>
    public int Depth { get; }

    /// <summary>How many variables there are.</summary>
    public int Variables => Starts.Length - 1;

    /// <summary>First neighbour of each variable, and behind the last their number.</summary>
    public int[] Starts { get; }

    /// <summary>The neighbours.</summary>
    public int[] Neighbours { get; }

    /// <summary>First candidate of each variable, and behind the last their number.</summary>
    public int[] CandidateStarts { get; }

    /// <summary>The candidates.</summary>
    public int[] Candidates { get; }

    /// <summary>For each neighbour, whether the pair is asked about.</summary>
    public bool[] Asked { get; }

    /// <summary>For each entry, the entry of the same pair in the other variable's row.</summary>
    public int[] Mirror { get; }

    /// <summary>Whether a set was found; at the entry in the smaller variable's row.</summary>
    public bool[] Separated { get; }

    /// <summary>The set found, ascending, <see cref="Depth"/> variables an entry.</summary>
    public int[] Given { get; }

    /// <summary>The partial correlation given the set found.</summary>
    public double[] Correlations { get; }

    /// <summary>How many questions a search would have asked that takes pair by pair and set by set, and stops at the first.</summary>
    public long Queries { get; internal set; }

    /// <summary>How many of these had no answer, because what was given determines one of the pair.</summary>
    public long Undecided { get; internal set; }

    /// <summary>The candidates on the side of <paramref name="x"/>.</summary>
    public ReadOnlySpan<int> CandidatesOf(int x) =>
        Candidates.AsSpan(CandidateStarts[x], CandidateStarts[x + 1] - CandidateStarts[x]);

    /// <summary>Whether <paramref name="node"/> may be given from the side of <paramref name="x"/>.</summary>
    public bool IsCandidate(int x, int node) => (_candidateBits[x * _words + node / 64] >> node & 1) != 0;

    /// <summary>Whether all of <paramref name="given"/> may be given from the side of <paramref name="x"/>.</summary>
    public bool AreCandidates(int x, ReadOnlySpan<int> given)
    {
        foreach (int node in given)
        {
            if (!IsCandidate(x, node))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many pairs are still to be asked about from a variable's row: with larger variables, or with smaller.</summary>
    internal int PairsFrom(int x, bool withLarger)
    {
        int pairs = 0;
        for (int entry = Starts[x]; entry < Starts[x + 1]; entry++)
        {
            pairs += IsOpen(x, entry, withLarger) ? 1 : 0;
        }

        return pairs;
    }

    /// <summary>Whether the pair at an entry is asked about and not yet separated, and its other variable on the side wanted.</summary>
    internal bool IsOpen(int x, int entry, bool withLarger) =>
        Asked[entry] && Neighbours[entry] > x == withLarger && !Separated[withLarger ? entry : Mirror[entry]];

    /// <summary>How many questions the pair at an entry of the smaller variable's row costs a search one by one.</summary>
    internal long QueriesOf(int x, int entry)
    {
        int y = Neighbours[entry];
        int besideX = CandidatesOf(x).Length - (IsCandidate(x, y) ? 1 : 0);
        var given = Given.AsSpan(entry * Depth, Depth);
        if (Separated[entry] && AreCandidates(x, given))
        {
            return RankIn(x, y, x, given) + 1;
        }

        // From y's side, sets among the candidates of both were asked about already.
        long fromX = Combinations.Count(besideX, Depth);
        if (Separated[entry])
        {
            return Add(fromX, RankIn(y, x, y, given) + 1 - RankIn(y, x, x, given));
        }

        int besideY = CandidatesOf(y).Length - (IsCandidate(y, x) ? 1 : 0);
        return Add(fromX, Combinations.Count(besideY, Depth) - Combinations.Count(Shared(x, y), Depth));
    }

    internal static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;

    /// <summary>How many sets stand before <paramref name="given"/>, of candidates of both <paramref name="x"/> and <paramref name="other"/>, without y.</summary>
    long RankIn(int x, int y, int other, ReadOnlySpan<int> given)
    {
        var candidates = CandidatesOf(x);
        Span<int> left = candidates.Length <= 512 ? stackalloc int[candidates.Length] : new int[candidates.Length];
        int count = 0;
        foreach (int candidate in candidates)
        {
            if (candidate != y && (other == x || IsCandidate(other, candidate)))
            {
                left[count++] = candidate;
            }
        }

        return Combinations.Rank(left[..count], given);
    }

    int Shared(int x, int y)
    {
        int shared = 0;
        for (int word = 0; word < _words; word++)
        {
            shared += BitOperations.PopCount(_candidateBits[x * _words + word] & _candidateBits[y * _words + word]);
        }

        return shared;
    }

    static int[] MirrorOf(int[] starts, int[] neighbours)
    {
        var mirror = new int[neighbours.Length];
        int[] next = starts[..^1];
        for (int x = 0; x < starts.Length - 1; x++)
        {
            for (int entry = starts[x]; entry < starts[x + 1]; entry++)
            {
                // Rows are ascending, so that x comes to each of its neighbours' rows in the order of the entries there.
                int y = neighbours[entry];
                if (y > x)
                {
                    mirror[entry] = next[y];
                    mirror[next[y]++] = entry;
                }
            }
        }

        return mirror;
    }
}
