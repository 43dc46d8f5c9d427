using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// Forests grown to tell real rows from made-up ones, which are drawn anew from each forest's leaves until they pass for real.
/// </summary>
/// <remarks>
/// Watson, Blesch, Kapar and Wright (AISTATS 2023). The first made-up rows have every column shuffled by itself. A leaf's rows
/// are made up by drawing each column from its real rows by itself: once no forest can tell them, columns are independent within leaves.
/// The forest that counts is the last whose out-of-bag accuracy was above ½ and no higher than that of the one before.
/// </remarks>
sealed class ForestAdversary
{
    const int RowBlock = 2048;

    // Purposes of draws.
    const uint Shuffling = 1, Drawing = 2, Growing = 3;

    readonly ForestColumn[] _columns;
    readonly ForestOptions _options;
    readonly ParallelOptions _parallel;
    readonly Philox _random;
    readonly int _real;
    readonly byte[][] _codes;
    readonly Action _treeDone;

    ForestAdversary(
        ForestColumn[] columns, int rows, ForestOptions options, Philox random, Action treeDone, CancellationToken cancellation)
    {
        (_columns, _real, _options, _random, _treeDone) = (columns, rows, options, random, treeDone);
        _parallel = new()
        {
            MaxDegreeOfParallelism = options.Threads ?? Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        _codes = new byte[columns.Length][];
        for (int column = 0; column < columns.Length; column++)
        {
            _codes[column] = new byte[2 * rows];
            columns[column].Codes.CopyTo(_codes[column], 0);
        }
    }

    /// <summary>A forest that counts, and the accuracy of every one.</summary>
    /// <param name="Trees">Its trees, not yet pruned.</param>
    /// <param name="Accuracies">The out-of-bag accuracy of each forest in turn; the last is of one that does not count, if there are two.</param>
    internal readonly record struct Outcome(ForestTree[] Trees, IReadOnlyList<double> Accuracies);

    /// <summary>Grows forests until one cannot tell.</summary>
    /// <param name="columns">The real rows' columns.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="random">All draws.</param>
    /// <param name="treeDone">Called after each tree, from any thread.</param>
    /// <param name="cancellation">Ends the work early.</param>
    public static Outcome Run(
        ForestColumn[] columns, int rows, ForestOptions options, Philox random, Action treeDone, CancellationToken cancellation) =>
        new ForestAdversary(columns, rows, options, random, treeDone, cancellation).Run();

    Outcome Run()
    {
        Shuffle();
        var (kept, accuracy) = Grow(0);
        var accuracies = new List<double> { accuracy };
        double goal = 0.5 + _options.Tolerance;
        for (int round = 1; round <= _options.MaxRounds && accuracy > goal; round++)
        {
            DrawFrom(kept, round);
            double before = accuracy;
            (var trees, accuracy) = Grow(round);
            accuracies.Add(accuracy);
            if (accuracy <= goal || accuracy > before || round == _options.MaxRounds)
            {
                break;
            }

            kept = trees;
        }

        return new(kept, accuracies);
    }

    // Every column by itself, in the order of random words.
    void Shuffle() => Parallel.For(0, _columns.Length, _parallel, column =>
    {
        var random = _random.Branch(Shuffling);
        var order = new (ulong Key, int Row)[_real];
        for (int row = 0; row < _real; row++)
        {
            var (high, low, _, _) = random.Block((uint)row, (uint)column, 0, 0);
            order[row] = ((ulong)high << 32 | low, row);
        }

        Array.Sort(order);
        for (int row = 0; row < _real; row++)
        {
            _codes[column][_real + row] = _codes[column][order[row].Row];
        }
    });

    // Leaves as often as real rows fall into them, and each column of a row from a real row of the leaf of its own.
    void DrawFrom(ForestTree[] trees, int round)
    {
        var leaves = new ForestLeaves[trees.Length];
        Parallel.For(0, trees.Length, _parallel, t => leaves[t] = new(trees[t].LeavesOf(_codes, _real), trees[t].Count));
        var random = _random.Branch(Drawing).Branch((uint)round);
        Blocks(_real, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                var of = leaves[random.Below(trees.Length, (uint)row, 0)];
                var rows = of.RowsOf(of.LeafOfRow[random.Below(_real, (uint)row, 0, 1)]);
                for (int column = 0; column < _columns.Length; column++)
                {
                    _codes[column][_real + row] = _codes[column][rows[random.Below(rows.Length, (uint)row, (uint)column + 1)]];
                }
            }
        });
    }

    (ForestTree[] Trees, double Accuracy) Grow(int round)
    {
        var growth = new ForestGrowth(_codes, _columns, _options.MinRowsPerLeaf);
        var random = _random.Branch(Growing).Branch((uint)round);
        var trees = new ForestTree[_options.Trees];
        var shares = new float[_options.Trees][];
        Parallel.For(0, trees.Length, _parallel, t =>
        {
            var weights = new byte[2 * _real];
            trees[t] = growth.Grow(random.Branch((uint)t), weights);
            shares[t] = OutOfBag(trees[t], weights);
            _treeDone();
        });
        return (trees, Accuracy(shares));
    }

    // What a tree says of the rows that did not grow it; NaN of the others.
    float[] OutOfBag(ForestTree tree, byte[] weights)
    {
        var shares = new float[weights.Length];
        for (int row = 0; row < shares.Length; row++)
        {
            shares[row] = weights[row] > 0 ? float.NaN : tree.RealShare(tree.LeafOf(_codes, row));
        }

        return shares;
    }

    // The share of rows that the mean of the trees that did not see them gets right; ½ counts as real.
    double Accuracy(float[][] shares)
    {
        int blocks = (2 * _real + RowBlock - 1) / RowBlock;
        var right = new int[blocks];
        var told = new int[blocks];
        Blocks(2 * _real, (start, end) =>
        {
            for (int row = start; row < end; row++)
            {
                double sum = 0;
                int trees = 0;
                foreach (float[] of in shares)
                {
                    if (!float.IsNaN(of[row]))
                    {
                        sum += of[row];
                        trees++;
                    }
                }

                told[start / RowBlock] += trees > 0 ? 1 : 0;
                right[start / RowBlock] += trees > 0 && sum >= 0.5 * trees == row < _real ? 1 : 0;
            }
        });
        return (double)right.Sum() / Math.Max(1, told.Sum());
    }

    void Blocks(int rows, Action<int, int> body) => Parallel.For(0, (rows + RowBlock - 1) / RowBlock, _parallel, block =>
        body(block * RowBlock, Math.Min((block + 1) * RowBlock, rows)));
}
