using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Tables drawn from random causal models: the same arguments give the same table on every machine.</summary>
/// <remarks>
/// A random DAG in random column order, each pair joined with the same chance. A number is the sum of its parents' values
/// times ±0.3 … ±0.9, plus a standard normal; a category of three levels follows a softmax of such sums.
/// </remarks>
static class SimulatedTable
{
    const double Degree = 4, Weakest = 0.3, Strongest = 0.9;
    const int Levels = 3;

    // Rows of one parallel block.
    const int Block = 4096;

    // Streams of the generator: draws of one kind never meet those of another.
    const uint OrderStream = 0x0100_0000, EdgeStream = 0x0200_0000, WeightStream = 0x0300_0000, NoiseStream = 0x0400_0000;

    /// <summary>Numbers only: linear-Gaussian, of expected degree 4 as in the discovery peers' tables.</summary>
    public static Table Numbers(int rows, int columns, ulong seed = 1) => Draw(rows, columns, _ => false, seed);

    /// <summary>Categories only.</summary>
    public static Table Categories(int rows, int columns, ulong seed = 1) => Draw(rows, columns, _ => true, seed);

    /// <summary>Numbers and categories by turns.</summary>
    public static Table Mixed(int rows, int columns, ulong seed = 1) => Draw(rows, columns, column => column % 2 == 1, seed);

    /// <summary>A table of the kind numbers, categories or mixed.</summary>
    public static Table Of(string kind, int rows, int columns) => kind switch
    {
        "numbers" => Numbers(rows, columns),
        "categories" => Categories(rows, columns),
        "mixed" => Mixed(rows, columns),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected numbers, categories or mixed."),
    };

    static Table Draw(int rows, int columns, Func<int, bool> isDiscrete, ulong seed)
    {
        var random = new Philox(seed);
        int[] order = Shuffle(columns, random);
        var values = new double[columns][];
        for (int place = 0; place < columns; place++)
        {
            int node = order[place];
            int[] parents = [.. order[..place].Where(other => IsJoined(random, columns, node, other))];
            values[node] = new double[rows];
            Parallel.For(0, (rows + Block - 1) / Block, block =>
            {
                int end = Math.Min(rows, (block + 1) * Block);
                for (int row = block * Block; row < end; row++)
                {
                    values[node][row] = isDiscrete(node)
                        ? Level(random, values, parents, isDiscrete, node, row)
                        : Predict(random, values, parents, isDiscrete, node, row, level: 0) + random.Normal((uint)row, NoiseStream + (uint)node);
                }
            });
        }

        string[] names = [.. Enumerable.Range(0, Levels).Select(level => $"{(char)('a' + level)}")];
        return new Table([.. values.Select((cells, node) => isDiscrete(node)
            ? new Column($"x{node}", ColumnKind.Categorical, cells, names)
            : new Column($"x{node}", ColumnKind.Numeric, cells, null, decimals: 6))]);
    }

    static int[] Shuffle(int columns, Philox random)
    {
        int[] order = [.. Enumerable.Range(0, columns)];
        for (int i = columns - 1; i > 0; i--)
        {
            int j = random.Below(i + 1, (uint)i, OrderStream);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    static bool IsJoined(Philox random, int columns, int a, int b) =>
        random.Uniform((uint)Math.Max(a, b), EdgeStream + (uint)Math.Min(a, b)) < Degree / (columns - 1);

    static double Predict(
        Philox random, double[][] values, int[] parents, Func<int, bool> isDiscrete, int node, int row, int level)
    {
        double sum = 0;
        foreach (int parent in parents)
        {
            double value = values[parent][row];
            sum += isDiscrete(parent)
                ? Weight(random, parent, node, level, (int)value)
                : Weight(random, parent, node, level, 0) * value;
        }

        return sum;
    }

    static double Weight(Philox random, int parent, int node, int level, int parentLevel)
    {
        uint slot = (uint)(2 * (level * Levels + parentLevel));
        double size = Weakest + (Strongest - Weakest) * random.Uniform((uint)parent, WeightStream + (uint)node, slot);
        return random.Uniform((uint)parent, WeightStream + (uint)node, slot + 1) < 0.5 ? -size : size;
    }

    // The largest of scores with Gumbel noise: a draw from their softmax. Doubled, so that levels tell parents apart.
    static double Level(Philox random, double[][] values, int[] parents, Func<int, bool> isDiscrete, int node, int row)
    {
        int best = 0;
        double bestScore = double.NegativeInfinity;
        for (int level = 0; level < Levels; level++)
        {
            double u = random.Uniform((uint)row, NoiseStream + (uint)node, (uint)level) + 1e-9;
            double score = 2 * Predict(random, values, parents, isDiscrete, node, row, level) - Math.Log(-Math.Log(u));
            (best, bestScore) = score > bestScore ? (level, score) : (best, bestScore);
        }

        return best;
    }
}
