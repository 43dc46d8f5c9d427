using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>Rows that meet conditions or class shares: candidates are drawn in order, and those that fit are kept.</summary>
/// <remarks>
/// Rows are found in cohorts of <see cref="CohortRows"/>: cohort c draws its candidates from an endless table of its own, whose
/// seed is that of the rows and c, and each candidate takes the first place in the cohort that waits for its class. So a row
/// depends on the seed, what is asked and its number, and a shard that begins inside a cohort finds the cohort's rows again.
/// </remarks>
sealed class CohortSource : IRowSource
{
    /// <summary>Rows of a cohort.</summary>
    public const int CohortRows = 4096;

    const uint Purpose = 0x636F686F; // "coho"

    // Fewer candidates at once are not worth the call.
    const int FewestCandidates = 1024;

    readonly IRowSource _candidates;
    readonly IReadOnlyList<ScmNode> _nodes;
    readonly IReadOnlyList<RowCondition> _conditions;
    readonly ClassQuotas? _quotas;
    readonly int _budget, _firstTurn;
    readonly double[][] _batch, _cohort;

    // The cohort that is at hand: its seed, who waits, the candidates drawn for it, and where among them it stands.
    (ulong Seed, long Number)? _held;
    ulong _ownSeed;
    Queue<int>[] _waiting = [];
    long _drawn, _met;
    int _next, _end;

    /// <param name="candidates">Where rows are drawn; owned.</param>
    /// <param name="nodes">Their columns.</param>
    /// <param name="conditions">What every row must meet.</param>
    /// <param name="quotas">The classes' shares, or null.</param>
    /// <param name="budget">Most candidates for each row of a cohort.</param>
    /// <param name="capacity">Most candidates drawn at once.</param>
    /// <param name="firstTurn">Where in the order of classes row 0 stands.</param>
    public CohortSource(
        IRowSource candidates,
        IReadOnlyList<ScmNode> nodes,
        IReadOnlyList<RowCondition> conditions,
        ClassQuotas? quotas,
        int budget,
        int capacity,
        int firstTurn = 0)
    {
        (_candidates, _nodes, _conditions, _quotas, _budget, _firstTurn) = (candidates, nodes, conditions, quotas, budget, firstTurn);
        _batch = [.. nodes.Select(_ => new double[capacity])];
        _cohort = [.. nodes.Select(_ => new double[CohortRows])];
    }

    /// <inheritdoc/>
    public (long Drawn, long Kept) Tally { get; private set; }

    /// <inheritdoc/>
    /// <exception cref="InputException">The budget is spent before the rows are found.</exception>
    public void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset)
    {
        for (int done = 0; done < rows;)
        {
            long row = (long)firstRow + done, number = row / CohortRows;
            if (_held != (seed, number))
            {
                Begin(seed, number);
            }

            int from = (int)(row % CohortRows), take = Math.Min(CohortRows - from, rows - done);
            Find(from + take);
            for (int column = 0; column < cells.Length; column++)
            {
                _cohort[column].AsSpan(from, take).CopyTo(cells[column].AsSpan(offset + done));
            }

            Tally = (Tally.Drawn, Tally.Kept + take);
            done += take;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _candidates.Dispose();

    void Begin(ulong seed, long number)
    {
        var random = new Philox(seed).Branch(Purpose);
        _ownSeed = random.Word((uint)number, 0) | ((ulong)random.Word((uint)number, 1) << 32);
        _waiting = [.. Enumerable.Range(0, _quotas?.Groups ?? 1).Select(_ => new Queue<int>())];
        for (int row = 0; row < CohortRows; row++)
        {
            _waiting[_quotas?.GroupOfRow(_firstTurn + number * CohortRows + row) ?? 0].Enqueue(row);
        }

        _drawn = _met = _next = _end = 0;
        _held = (seed, number);
    }

    // Takes candidates until the cohort's first rows are found. More of them may be asked for later: it goes on where it stopped.
    void Find(int rows)
    {
        int missing = _waiting.Sum(queue => queue.Count(place => place < rows)), before = missing;
        while (missing > 0)
        {
            if (_next == _end)
            {
                Draw(rows, missing, before - missing);
                before = missing;
            }

            int row = _next++;
            Tally = (Tally.Drawn + 1, Tally.Kept);
            if (Place(row) is not { } place)
            {
                continue;
            }

            for (int column = 0; column < _cohort.Length; column++)
            {
                _cohort[column][place] = _batch[column][row];
            }

            missing -= place < rows ? 1 : 0;
        }
    }

    // As many candidates as should do, by what the last ones gave; which are drawn at once changes nothing.
    void Draw(int rows, int missing, int gained)
    {
        long left = (long)_budget * CohortRows - _drawn;
        if (left <= 0)
        {
            throw Short(rows);
        }

        double share = _end == 0 ? 1 : Math.Max(gained, 0.5) / _end;
        int count = (int)Math.Min(Math.Clamp(1.1 * missing / share, Math.Min(FewestCandidates, _batch[0].Length), _batch[0].Length), left);
        _candidates.Sample(_ownSeed, (uint)_drawn, count, _batch, 0);
        _drawn += count;
        (_next, _end) = (0, count);
    }

    int? Place(int row)
    {
        foreach (var condition in _conditions)
        {
            if (!condition.Holds(_batch[condition.Node][row]))
            {
                return null;
            }
        }

        _met++;
        int group = _quotas?.GroupOfCell(_batch[_quotas.Node][row]) ?? 0;
        return group >= 0 && _waiting[group].TryDequeue(out int place) ? place : null;
    }

    InputException Short(int rows)
    {
        string what = FormattableString.Invariant($"{(_met == 0 ? "None" : _met)} of {_drawn} rows that were drawn met the conditions");
        if (_quotas is not null && (_met > 0 || _conditions.Count == 0))
        {
            var classes = Enumerable.Range(0, _waiting.Length)
                .Where(group => _waiting[group].TryPeek(out int place) && place < rows)
                .SelectMany(_quotas.LevelsOf).Select(level => _nodes[_quotas.Node].Levels[level]);
            what = FormattableString.Invariant(
                $"Of class {ColumnNames.List(classes)} too few rows were found among {_drawn} that were drawn");
        }

        return new(
            $"{what}, fewer than the budget of {_budget} rows for each one allows; raise the budget, or ask for what is less rare.");
    }
}
