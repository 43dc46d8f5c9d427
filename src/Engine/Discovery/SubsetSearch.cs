using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A pair that may be separated by some of the candidates.</summary>
/// <param name="X">One of the pair.</param>
/// <param name="Y">The other.</param>
/// <param name="Candidates">The variables that sets are taken from, ascending.</param>
/// <param name="Known">Ascending variables all of whose subsets were asked about before, or none.</param>
sealed record SubsetQuestion(int X, int Y, int[] Candidates, int[] Known)
{
    /// <summary>The first set that separates the pair, or null.</summary>
    public SeparatingSet? Separating { get; set; }
}

/// <summary>Asks for each of many pairs which is the first of its candidates' subsets, in lexicographic order, to separate it.</summary>
/// <remarks>
/// All pairs put their next few sets into one batch, and the number doubles from round to round, so at most about half of
/// the tests asked are in vain; what is found does not depend on the batches.
/// </remarks>
sealed class SubsetSearch(IIndependenceTest test, double alpha, CancellationToken cancellation)
{
    // Questions in one batch: a few MB of indices, and long enough to fill a GPU.
    const int LargestBatch = 1 << 16;

    // Sets that one pair puts into a round at most.
    const int LargestShare = 1024;

    double[] _pValues = new double[1024];

    /// <summary>How many questions the test was asked.</summary>
    public long Queries { get; private set; }

    /// <summary>Asks about all sets of <paramref name="depth"/> candidates; pairs that are separated already are passed over.</summary>
    public void Ask(IEnumerable<SubsetQuestion> questions, int depth)
    {
        var open = questions
            .Where(question => question.Separating is null && question.Candidates.Length >= depth)
            .Select(question => new Progress(question, depth)).ToList();
        var batch = new QueryBatch(depth);
        var asked = new List<(Progress At, int Sets)>();
        for (int share = 4; open.Count > 0; share = Math.Min(2 * share, LargestShare))
        {
            foreach (var at in open)
            {
                asked.Add((at, at.AskNext(share, batch)));
                if (batch.Count >= LargestBatch)
                {
                    Answer(batch, asked);
                }
            }

            Answer(batch, asked);
            open.RemoveAll(at => at.IsDone);
        }
    }

    void Answer(QueryBatch batch, List<(Progress At, int Sets)> asked)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_pValues.Length < batch.Count)
        {
            _pValues = new double[Math.Max(batch.Count, 2 * _pValues.Length)];
        }

        test.PValues(batch, _pValues.AsSpan(0, batch.Count));
        int query = 0;
        foreach (var (at, sets) in asked)
        {
            for (int end = query + sets; query < end; query++)
            {
                if (_pValues[query] >= alpha)
                {
                    at.Separate(batch[query][2..], _pValues[query]);
                }
            }
        }

        Queries += batch.Count;
        batch.Clear();
        asked.Clear();
    }

    /// <summary>Where a pair stands among its sets of one size.</summary>
    sealed class Progress(SubsetQuestion question, int depth)
    {
        // The next set, as ascending places among the candidates.
        readonly int[] _places = [.. Enumerable.Range(0, depth)];
        readonly int[] _given = new int[depth];
        readonly bool[] _known = [.. question.Candidates.Select(node => Array.BinarySearch(question.Known, node) >= 0)];
        bool _last;

        public bool IsDone => _last || question.Separating is not null;

        /// <summary>Adds up to <paramref name="most"/> questions to the batch; returns how many.</summary>
        public int AskNext(int most, QueryBatch batch)
        {
            int sets = 0;
            while (sets < most && !_last)
            {
                bool asked = true;
                for (int i = 0; i < depth; i++)
                {
                    _given[i] = question.Candidates[_places[i]];
                    asked &= _known[_places[i]];
                }

                if (!asked)
                {
                    batch.Add(question.X, question.Y, _given);
                    sets++;
                }

                Advance();
            }

            return sets;
        }

        public void Separate(ReadOnlySpan<int> given, double pValue) => question.Separating ??= new(
            Math.Min(question.X, question.Y), Math.Max(question.X, question.Y), given.ToArray(), pValue);

        // Raise the last place that can rise, and line the later ones up behind it.
        void Advance()
        {
            int i = depth - 1;
            while (i >= 0 && _places[i] == question.Candidates.Length - depth + i)
            {
                i--;
            }

            if (i < 0)
            {
                _last = true;
                return;
            }

            _places[i]++;
            for (i++; i < depth; i++)
            {
                _places[i] = _places[i - 1] + 1;
            }
        }
    }
}
