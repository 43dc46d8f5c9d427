using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Benchmarks.Calibration;

/// <summary>What the columns of a null table are.</summary>
public enum NullFamily
{
    /// <summary>Categories; what each adds to another's probabilities adds up.</summary>
    Categories,

    /// <summary>x a number, y a category, given a number, a category and a number.</summary>
    NumberByCategory,

    /// <summary>Normal numbers, linear in each other.</summary>
    Numbers,

    /// <summary>Numbers with Student's t of 2 degrees of freedom about what is linear.</summary>
    HeavyTails,

    /// <summary>Normal numbers, linear in each other, each then seen as its hyperbolic sine: heavy tails that ranks undo.</summary>
    Warped,

    /// <summary>Numbers that depend on the squares of what is given.</summary>
    Curves,
}

/// <summary>One cell of the study.</summary>
/// <param name="Family">What the columns are.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Levels">Levels of each category.</param>
/// <param name="Skewed">Whether level i has a share of 1 / (i + 1) in place of equal ones.</param>
/// <param name="Gaps">Whether cells are missing: a tenth of x and s₁ at random, a twentieth or a quarter of y by s₁.</param>
public sealed record NullCase(NullFamily Family, int Rows, int Levels = 0, bool Skewed = false, bool Gaps = false);

/// <summary>Tables in which xₖ and yₖ are independent given s₁ … sₖ, and depend on every one of them.</summary>
public static class NullTables
{
    /// <summary>The largest number of given variables.</summary>
    public const int MostGiven = 3;

    const ulong Seed = 20261125;

    /// <summary>The question about xₖ and yₖ: its variables x, y, and the given ones.</summary>
    public static int[] Question(int given) => [MostGiven + 2 * given, MostGiven + 2 * given + 1, .. Enumerable.Range(0, given)];

    /// <summary>Draws s₁ s₂ s₃ x₀ y₀ … x₃ y₃.</summary>
    public static Table Draw(NullCase of, int repetition)
    {
        var philox = new Philox(Seed).Branch((uint)repetition);
        var given = new double[MostGiven][];
        var columns = new List<Column>();
        for (int s = 0; s < MostGiven; s++)
        {
            bool category = of.Family == NullFamily.Categories || (of.Family == NullFamily.NumberByCategory && s == 1);
            given[s] = category ? Category(of, philox, (uint)columns.Count, []) : Number(of, philox, (uint)columns.Count, []);
            columns.Add(ColumnOf($"s{s + 1}", of, category, given[s]));
        }

        for (int k = 0; k <= MostGiven; k++)
        {
            foreach (string side in (string[])["x", "y"])
            {
                bool category = of.Family == NullFamily.Categories || (of.Family == NullFamily.NumberByCategory && side == "y");
                double[][] causes = [.. given.Take(k).Select((cause, s) => Centred(of, columns[s], cause))];
                uint stream = (uint)columns.Count;
                var values = category ? Category(of, philox, stream, causes) : Number(of, philox, stream, causes);
                columns.Add(ColumnOf($"{side}{k}", of, category, values));
            }
        }

        return new(of.Gaps ? [.. columns.Select((column, i) => WithGaps(of, column, given[0], philox, (uint)i))] : columns);
    }

    // A cause between about −1 and 1: a category's level from first to last, a number within its tanh where a probability
    // needs bounds.
    static double[] Centred(NullCase of, Column column, double[] values) =>
        column.IsDiscrete ? [.. values.Select(level => 2 * level / (of.Levels - 1) - 1)] : values;

    static double[] Number(NullCase of, Philox philox, uint stream, double[][] causes)
    {
        var values = new double[of.Rows];
        for (uint row = 0; row < of.Rows; row++)
        {
            double noise = philox.Normal(row, stream);
            if (of.Family == NullFamily.HeavyTails)
            {
                // t with 2 degrees of freedom: z / √(E/2 · 2/2), E exponential of mean 1 being χ² of 2 degrees, halved.
                noise /= Math.Sqrt(-Math.Log(1 - (philox.Uniform(row, stream, 8) + 1.0 / (1 << 25))));
            }

            double mean = 0;
            foreach (double[] cause in causes)
            {
                mean += of.Family == NullFamily.Curves ? 0.7 * cause[row] * cause[row] : 0.5 * cause[row];
            }

            values[row] = mean + noise;
        }

        return values;
    }

    static double[] Category(NullCase of, Philox philox, uint stream, double[][] causes)
    {
        double[] shares = [.. Enumerable.Range(0, of.Levels).Select(level => of.Skewed ? 1.0 / (level + 1) : 1)];
        double total = shares.Sum();
        double middle = shares.Select((share, level) => share / total * level).Sum();
        var values = new double[of.Rows];
        for (uint row = 0; row < of.Rows; row++)
        {
            // Probabilities linear in each cause, so that effects add up: p · (1 + lean · (level − middle) / levels).
            double lean = 0;
            foreach (double[] cause in causes)
            {
                lean += 0.9 * Math.Tanh(cause[row]) / causes.Length;
            }

            double left = philox.Uniform(row, stream);
            int level = 0;
            for (; level < of.Levels - 1; level++)
            {
                left -= shares[level] / total * (1 + lean * (level - middle) / of.Levels);
                if (left < 0)
                {
                    break;
                }
            }

            values[row] = level;
        }

        return values;
    }

    static Column WithGaps(NullCase of, Column column, double[] first, Philox philox, uint stream)
    {
        double middle = of.Family == NullFamily.Categories ? (of.Levels - 1) / 2.0 : 0;
        var values = column.Values.ToArray();
        for (uint row = 0; row < values.Length; row++)
        {
            double share = column.Name[0] switch
            {
                'x' => 0.1,
                'y' => first[row] > middle ? 0.25 : 0.05,
                _ => column.Name == "s1" ? 0.1 : 0,
            };
            values[row] = philox.Uniform(row, 100 + stream) < share ? double.NaN : values[row];
        }

        return new(column.Name, column.Kind, values, column.IsDiscrete ? column.Levels : null, column.Decimals);
    }

    static Column ColumnOf(string name, NullCase of, bool category, double[] values) => category
        ? new(name, ColumnKind.Categorical, values, [.. Enumerable.Range(0, of.Levels).Select(level => $"l{level}")])
        : new(name, ColumnKind.Numeric, of.Family == NullFamily.Warped ? [.. values.Select(value => Math.Sinh(1.5 * value))] : values, decimals: 6);
}
