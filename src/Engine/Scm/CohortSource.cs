using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>Rows that meet conditions or class shares: candidates are drawn in order, and those that fit are kept.</summary>
/// <remarks>
/// Rows are found in cohorts of <see cref="CohortRows"/>: cohort c draws its candidates from an endless table of its own, whose
/// seed is that of the rows and c. So a row depends on the seed, what is asked and its number, and a shard that begins inside a
/// cohort finds the cohort's rows again.
/// </remarks>
sealed class CohortSource : IRowSource
{
    /// <summary>Rows of a cohort.</summary>
    public const int CohortRows = 4096;

    const uint Purpose = 0x636F686F; // "coho"

    readonly IRowSource _candidates;
    readonly IReadOnlyList<ScmNode> _nodes;
    readonly IReadOnlyList<RowCondition> _conditions;
    readonly ClassQuotas? _quotas;
    readonly int _budget, _capacity;
    readonly double[][] _drawn, _cohort;
    (ulong Seed, long Number) _held = (0, -1);

    /// <param name="candidates">Where rows are drawn; owned.</param>
    /// <param name="nodes">Their columns.</param>
    /// <param name="conditions">What every row must meet.</param>
    /// <param name="quotas">The classes' shares, or null.</param>
    /// <param name="budget">Most candidates for each row.</param>
    /// <param name="capacity">Most candidates drawn at once.</param>
    public CohortSource(
        IRowSource candidates,
        IReadOnlyList<ScmNode> nodes,
        IReadOnlyList<RowCondition> conditions,
        ClassQuotas? quotas,
        int budget,
        int capacity)
    {
        (_candidates, _nodes, _conditions, _quotas, _budget) = (candidates, nodes, conditions, quotas, budget);
        _capacity = capacity;
        _drawn = [.. nodes.Select(_ => new double[capacity])];
        _cohort = [.. nodes.Select(_ => new double[CohortRows])];
    }

    /// <summary>Candidates drawn so far, and rows that they gave.</summary>
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
                Find(seed, number);
                _held = (seed, number);
            }

            int from = (int)(row % CohortRows), take = Math.Min(CohortRows - from, rows - done);
            for (int column = 0; column < cells.Length; column++)
            {
                _cohort[column].AsSpan(from, take).CopyTo(cells[column].AsSpan(offset + done));
            }

            done += take;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _candidates.Dispose();

    void Find(ulong seed, long number)
    {
        var random = new Philox(seed).Branch(Purpose);
        ulong own = random.Word((uint)number, 0) | ((ulong)random.Word((uint)number, 1) << 32);
        var open = Slots(number);
        int found = 0;
        long drawn = 0, most = (long)_budget * CohortRows;
        while (found < CohortRows)
        {
            if (drawn >= most)
            {
                throw Short(found, drawn, open);
            }

            int count = (int)Math.Min(Ask(found, drawn), most - drawn);
            _candidates.Sample(own, (uint)drawn, count, _drawn, 0);
            for (int row = 0; row < count && found < CohortRows; row++)
            {
                if (Slot(row, open) is not { } slot)
                {
                    continue;
                }

                for (int column = 0; column < _cohort.Length; column++)
                {
                    _cohort[column][slot] = _drawn[column][row];
                }

                found++;
            }

            drawn += count;
        }

        Tally = (Tally.Drawn + drawn, Tally.Kept + found);
    }

    // As many candidates as should do, by what was kept so far: fewer calls when rows are rare, little waste when they are not.
    int Ask(int found, long drawn)
    {
        double share = drawn == 0 ? 1 : Math.Max(found, 0.5) / drawn;
        return (int)Math.Clamp((CohortRows - found) / share * 1.1, CohortRows, _capacity);
    }

    // The rows' places that wait for a candidate: by class where shares are asked for, else one queue.
    Queue<int>[] Slots(long number)
    {
        if (_quotas is null)
        {
            return [new(Enumerable.Range(0, CohortRows))];
        }

        int[] classes = _quotas.ClassesOf(number * CohortRows, CohortRows);
        return [.. _quotas.Shares.Select((_, level) => new Queue<int>(Enumerable.Range(0, CohortRows).Where(row => classes[row] == level)))];
    }

    int? Slot(int row, Queue<int>[] open)
    {
        foreach (var condition in _conditions)
        {
            if (!condition.Holds(_drawn[condition.Node][row]))
            {
                return null;
            }
        }

        double level = _quotas is null ? 0 : _drawn[_quotas.Node][row];
        return !double.IsNaN(level) && open[(int)level].TryDequeue(out int slot) ? slot : null;
    }

    InputException Short(int found, long drawn, Queue<int>[] open)
    {
        string what = _quotas is null
            ? FormattableString.Invariant($"The conditions hold in {found} of {drawn} rows that were drawn")
            : FormattableString.Invariant(
                $"Of class {ColumnNames.List(_quotas.Shares.Select((_, level) => level).Where(level => open[level].Count > 0).Select(level => _nodes[_quotas.Node].Levels[level]))} too few rows were found among {drawn} that were drawn");
        return new(
            $"{what}, fewer than the budget of {_budget} rows for each one allows; raise the budget, or ask for what is less rare.");
    }
}
