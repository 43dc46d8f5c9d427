using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Grows trees that tell real rows from as many made-up ones: each on a bootstrap of both, to the purest splits.</summary>
/// <remarks>
/// Breiman (2001): at each node ⌊√columns⌋ columns that vary in it are tried, drawn anew, and the cut of least Gini impurity is taken,
/// until nodes are pure or a part would have fewer different rows than a leaf may have. The levels of a discrete column are ordered by
/// their share of real rows in the node, among whose cuts the best set is (Fisher 1958).
/// </remarks>
/// <param name="codes">The codes of each column: real rows, then as many made-up ones.</param>
/// <param name="columns">The columns.</param>
/// <param name="minRows">Fewest different rows of a leaf.</param>
sealed class ForestGrowth(byte[][] codes, ForestColumn[] columns, int minRows)
{
    const int Bootstrap = 0, Tries = 1;

    readonly byte[][] _codes = codes;
    readonly ForestColumn[] _columns = columns;
    readonly int _minRows = minRows, _rows = codes[0].Length;
    readonly int _tried = Math.Max(1, (int)Math.Sqrt(columns.Length));

    /// <summary>Grows one tree.</summary>
    /// <param name="random">The tree's own draws.</param>
    /// <param name="weights">Written: how often each row is in the tree's bootstrap.</param>
    public ForestTree Grow(Philox random, byte[] weights)
    {
        for (int i = 0; i < _rows; i++)
        {
            ref byte weight = ref weights[random.Below(_rows, (uint)i, Bootstrap)];
            weight = (byte)Math.Min(weight + 1, byte.MaxValue);
        }

        return new Growing(this, random, weights).Run();
    }

    // One tree while it grows: the rows of each open node lie together in an array.
    sealed class Growing
    {
        readonly ForestGrowth _of;
        readonly Philox _random;
        readonly byte[] _weights;
        readonly int[] _rows;
        readonly ForestTree _tree = new();
        readonly Stack<Open> _open = [];
        readonly Counts[] _counts = new Counts[ForestColumn.MostCodes + 1];
        readonly (double Share, int Code)[] _ordered = new (double, int)[ForestColumn.MostCodes + 1];
        readonly int[] _columns;

        readonly record struct Open(int Node, int Start, int End);

        // Different rows, and rows counted as often as the bootstrap has them: real ones, and all.
        record struct Counts(int Rows, int Real, int All);

        // A cut of a node's rows: codes up to the last, or those of the set, go left. Lower impurity is a higher score.
        readonly record struct Cut(double Score, int Column, int Last, ForestTree.CodeSet Set);

        public Growing(ForestGrowth of, Philox random, byte[] weights)
        {
            (_of, _random, _weights) = (of, random, weights);
            _rows = [.. Enumerable.Range(0, weights.Length).Where(row => weights[row] > 0)];
            _columns = [.. Enumerable.Range(0, of._codes.Length)];
        }

        public ForestTree Run()
        {
            Close(0, _rows.Length);
            while (_open.TryPop(out var open))
            {
                if (BestCut(open) is not { } cut)
                {
                    continue;
                }

                bool isSet = _of._columns[cut.Column].IsDiscrete;
                int middle = Partition(open, cut, isSet);
                int left = Close(open.Start, middle), right = Close(middle, open.End);
                if (isSet)
                {
                    _tree.Split(open.Node, cut.Column, cut.Set, left, right);
                }
                else
                {
                    _tree.Split(open.Node, cut.Column, cut.Last, left, right);
                }
            }

            return _tree;
        }

        // Adds a leaf of some rows, to be split later if it can be.
        int Close(int start, int end)
        {
            var sum = Sum(start, end);
            int node = _tree.AddLeaf((float)sum.Real / sum.All);
            if (sum.Real > 0 && sum.Real < sum.All && sum.Rows >= 2 * _of._minRows)
            {
                _open.Push(new(node, start, end));
            }

            return node;
        }

        Counts Sum(int start, int end)
        {
            int real = 0, all = 0, half = _of._rows / 2;
            foreach (int row in _rows.AsSpan(start, end - start))
            {
                int weight = _weights[row];
                all += weight;
                real += row < half ? weight : 0;
            }

            return new(end - start, real, all);
        }

        // Columns that do not vary in the node do not count among those tried.
        Cut? BestCut(Open open)
        {
            var sum = Sum(open.Start, open.End);
            Cut? best = null;
            for (int drawn = 0, tried = 0; drawn < _columns.Length && (tried < _of._tried || best is null); drawn++)
            {
                int other = drawn + _random.Below(_columns.Length - drawn, (uint)open.Node, Tries, (uint)drawn);
                (_columns[drawn], _columns[other]) = (_columns[other], _columns[drawn]);
                int column = _columns[drawn], codes = Count(open, column);
                if (codes < 2)
                {
                    continue;
                }

                tried++;
                if (BestCutOf(column, codes, sum) is { } cut && (best is null || cut.Score > best.Value.Score))
                {
                    best = cut;
                }
            }

            return best;
        }

        // Counts the node's rows by code, orders the codes that occur, and gives how many do.
        int Count(Open open, int column)
        {
            Array.Clear(_counts, 0, _of._columns[column].CodeCount);
            var codes = _of._codes[column];
            int half = _of._rows / 2;
            foreach (int row in _rows.AsSpan(open.Start, open.End - open.Start))
            {
                ref var count = ref _counts[codes[row]];
                int weight = _weights[row];
                count.Rows++;
                count.All += weight;
                count.Real += row < half ? weight : 0;
            }

            int seen = 0;
            for (int code = 0; code < _of._columns[column].CodeCount; code++)
            {
                if (_counts[code].Rows > 0)
                {
                    _ordered[seen++] = ((double)_counts[code].Real / _counts[code].All, code);
                }
            }

            if (_of._columns[column].IsDiscrete)
            {
                _ordered.AsSpan(0, seen).Sort();
            }

            return seen;
        }

        // Gini impurity falls as Σ (real² + made-up²) / all over both parts rises.
        Cut? BestCutOf(int column, int codes, Counts sum)
        {
            double best = -1;
            int cut = 0;
            var left = default(Counts);
            for (int place = 0; place < codes - 1; place++)
            {
                ref readonly var own = ref _counts[_ordered[place].Code];
                left = new(left.Rows + own.Rows, left.Real + own.Real, left.All + own.All);
                if (left.Rows < _of._minRows || sum.Rows - left.Rows < _of._minRows)
                {
                    continue;
                }

                double score = Purity(left.Real, left.All) + Purity(sum.Real - left.Real, sum.All - left.All);
                if (score > best)
                {
                    (best, cut) = (score, place);
                }
            }

            if (best < 0)
            {
                return null;
            }

            if (!_of._columns[column].IsDiscrete)
            {
                // In the middle of codes that do not occur between the two parts.
                int middle = (_ordered[cut].Code + _ordered[cut + 1].Code - 1) / 2;
                return new(best, column, middle, default);
            }

            Span<int> members = stackalloc int[cut + 1];
            for (int place = 0; place <= cut; place++)
            {
                members[place] = _ordered[place].Code;
            }

            return new(best, column, 0, ForestTree.CodeSet.Of(members));
        }

        static double Purity(double real, double all) => (real * real + (all - real) * (all - real)) / all;

        // Rows that go left before those that go right; gives where these start.
        int Partition(Open open, in Cut cut, bool isSet)
        {
            var codes = _of._codes[cut.Column];
            int low = open.Start, high = open.End - 1;
            while (low <= high)
            {
                int code = codes[_rows[low]];
                if (isSet ? cut.Set.Contains(code) : code <= cut.Last)
                {
                    low++;
                }
                else
                {
                    (_rows[low], _rows[high]) = (_rows[high], _rows[low]);
                    high--;
                }
            }

            return low;
        }
    }
}
