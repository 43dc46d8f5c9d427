using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Any test, asked about the rows that are complete in x, y and S: exact test-wise deletion.</summary>
/// <remarks>
/// The rows a question uses depend only on which of its variables have gaps, and of those that have them in the same rows
/// only on one. Questions with the same such union are answered together by one inner test; the inner tests that cover
/// most variables are kept for the next batch, the ones used longest ago forgotten first. A pairwise-complete covariance
/// would be cheaper, but need not be positive definite, and no single n belongs to it.
/// </remarks>
public sealed class TestWiseDeletion : IIndependenceTest, IDisposable
{
    // A test on fewer rows than these has no degrees of freedom left.
    const int FewestRows = 4;

    // What the kept tests' correlations may take.
    const long MostBytes = 64 << 20;

    readonly BlockEncoding _blocks;
    readonly ComputeDevice _device;
    readonly Func<BlockEncoding, IIndependenceTest> _open;

    // Variables with gaps in the same rows share a pattern; −1 is without gaps.
    readonly int[] _patterns;
    readonly List<ulong[]> _presence = [];
    readonly Dictionary<int[], InnerTest> _kept = new(new Union());
    readonly int _mostKept;
    long _clock, _undecided;

    /// <summary>Wraps a test.</summary>
    /// <param name="name">The test's name.</param>
    /// <param name="blocks">The whole table.</param>
    /// <param name="device">Where the inner tests run; those on a CPU run side by side.</param>
    /// <param name="open">Opens the test on complete rows; it is disposed where it is disposable.</param>
    public TestWiseDeletion(string name, BlockEncoding blocks, ComputeDevice device, Func<BlockEncoding, IIndependenceTest> open)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(open);
        (Name, _blocks, _device, _open) = (name, blocks, device, open);
        _patterns = new int[blocks.Present.Count];
        for (int variable = 0; variable < _patterns.Length; variable++)
        {
            _patterns[variable] = -1;
            if (blocks.Present[variable] is { } present)
            {
                int pattern = _presence.FindIndex(other => other.AsSpan().SequenceEqual(present));
                _patterns[variable] = pattern >= 0 ? pattern : _presence.Count;
                if (pattern < 0)
                {
                    _presence.Add(present);
                }
            }
        }

        _mostKept = (int)Math.Clamp(MostBytes / (8L * Math.Max(blocks.Starts[^1], 1) * Math.Max(blocks.Starts[^1], 1)), 2, 256);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long Undecided => _undecided;

    /// <summary>How many rows are complete in all of <paramref name="variables"/>.</summary>
    public int RowsUsed(ReadOnlySpan<int> variables) => RowsOf(UnionOf(variables)).Length;

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var groups = new Dictionary<int[], List<int>>(new Union());
        var byUnion = groups.GetAlternateLookup<ReadOnlySpan<int>>();
        Span<int> union = stackalloc int[queries.Depth + 2];
        for (int query = 0; query < queries.Count; query++)
        {
            var own = union[..Collect(queries[query], union)];
            if (!byUnion.TryGetValue(own, out var members))
            {
                byUnion[own] = members = [];
            }

            members.Add(query);
        }

        var answers = new double[queries.Count];
        var few = new List<(int[] Variables, int[] Rows, List<int> Members)>();
        foreach (var (key, members) in groups)
        {
            int[] rows = RowsOf(key);
            if (rows.Length < FewestRows)
            {
                members.ForEach(query => answers[query] = 1);
            }
            else if (Kept(key, rows, members, queries) is { } test)
            {
                Ask(test, members, queries, answers);
            }
            else
            {
                few.Add((VariablesOf(members, queries), rows, members));
            }
        }

        // Unions of few questions: a small test each, gone when it has answered.
        void Answer(int group)
        {
            var (variables, rows, members) = few[group];
            using var test = new InnerTest(_open(_blocks.Select(rows, variables)), variables);
            Ask(test, members, queries, answers);
        }

        if (_device is CpuDevice cpu)
        {
            cpu.For(few.Count, Answer);
        }
        else
        {
            for (int group = 0; group < few.Count; group++)
            {
                Answer(group);
            }
        }

        answers.CopyTo(pValues);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var test in _kept.Values)
        {
            test.Dispose();
        }

        _kept.Clear();
    }

    void Ask(InnerTest inner, List<int> members, QueryBatch queries, double[] answers)
    {
        var own = new QueryBatch(queries.Depth);
        Span<int> given = stackalloc int[queries.Depth];
        foreach (int query in members)
        {
            var variables = queries[query];
            for (int i = 0; i < given.Length; i++)
            {
                given[i] = inner.Place(variables[i + 2]);
            }

            own.Add(inner.Place(variables[0]), inner.Place(variables[1]), given);
        }

        var pValues = new double[own.Count];
        long before = inner.Test.Undecided;
        inner.Test.PValues(own, pValues);
        Interlocked.Add(ref _undecided, inner.Test.Undecided - before);
        for (int i = 0; i < pValues.Length; i++)
        {
            answers[members[i]] = pValues[i];
        }
    }

    /// <summary>The kept test of a union, opened now if these questions name half of the variables that it can hold.</summary>
    InnerTest? Kept(int[] union, int[] rows, List<int> members, QueryBatch queries)
    {
        if (!_kept.TryGetValue(union, out var test))
        {
            int[] possible = [.. Enumerable.Range(0, _patterns.Length).Where(variable =>
                _patterns[variable] < 0 || union.AsSpan().Contains(_patterns[variable]))];
            if (2 * VariablesOf(members, queries).Length < possible.Length)
            {
                return null;
            }

            if (_kept.Count >= _mostKept)
            {
                int[] oldest = _kept.MinBy(kept => kept.Value.LastUsed).Key;
                _kept.Remove(oldest, out var forgotten);
                forgotten!.Dispose();
            }

            _kept[union] = test = new(_open(_blocks.Select(rows, possible)), possible);
        }

        test.LastUsed = ++_clock;
        return test;
    }

    static int[] VariablesOf(List<int> members, QueryBatch queries)
    {
        var variables = new SortedSet<int>();
        foreach (int query in members)
        {
            foreach (int variable in queries[query])
            {
                variables.Add(variable);
            }
        }

        return [.. variables];
    }

    int[] UnionOf(ReadOnlySpan<int> variables)
    {
        var union = new int[variables.Length];
        return union[..Collect(variables, union)];
    }

    /// <summary>Writes the patterns of some variables, ascending and once each; returns how many.</summary>
    int Collect(ReadOnlySpan<int> variables, Span<int> union)
    {
        int count = 0;
        foreach (int variable in variables)
        {
            int pattern = _patterns[variable];
            if (pattern >= 0 && !union[..count].Contains(pattern))
            {
                union[count++] = pattern;
            }
        }

        union[..count].Sort();
        return count;
    }

    int[] RowsOf(int[] union)
    {
        var rows = new int[_blocks.Rows];
        int kept = 0;
        for (int row = 0; row < rows.Length; row++)
        {
            bool complete = true;
            foreach (int pattern in union)
            {
                complete &= (_presence[pattern][row >> 6] >> row & 1) != 0;
            }

            rows[kept] = row;
            kept += complete ? 1 : 0;
        }

        return rows[..kept];
    }

    sealed class InnerTest(IIndependenceTest test, int[] variables) : IDisposable
    {
        public IIndependenceTest Test => test;

        public long LastUsed { get; set; }

        public int Place(int variable) => Array.BinarySearch(variables, variable);

        public void Dispose() => (test as IDisposable)?.Dispose();
    }

    sealed class Union : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(int[] union) => GetHashCode(union.AsSpan());

        public int GetHashCode(ReadOnlySpan<int> union)
        {
            var hash = new HashCode();
            foreach (int pattern in union)
            {
                hash.Add(pattern);
            }

            return hash.ToHashCode();
        }

        public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
    }
}
