using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Calibration;

/// <summary>A test under study.</summary>
/// <param name="Name">Its name in the tables.</param>
/// <param name="Open">Opens it on a table.</param>
public sealed record StudiedTest(string Name, Func<Table, ComputeDevice, IIndependenceTest> Open)
{
    /// <summary>A test as discovery opens it.</summary>
    public static StudiedTest Of(string name, TestChoice choice, DiscoveryOptions? options = null) =>
        new(name, (table, device) => CausalDiscovery.OpenTest(table, choice, options ?? new(), device));

    /// <summary>The form that the mixed test is compared with.</summary>
    public static StudiedTest TraceForm { get; } = new("trace form (Tetrad)", (table, _) =>
        new TraceRatioTest(BlockEncoding.Of(table, new() { RankNormalise = true, FewestRows = 5 })));
}

/// <summary>How often tests reject what is true: p below 0.05 and 0.01 where x and y are independent given S.</summary>
public sealed class FalsePositives
{
    readonly int[,,] _rejected;
    readonly int _repetitions;

    FalsePositives(int tests, int repetitions)
    {
        _rejected = new int[tests, NullTables.MostGiven + 1, 2];
        _repetitions = repetitions;
    }

    /// <summary>The nominal levels.</summary>
    public static IReadOnlyList<double> Levels { get; } = [0.05, 0.01];

    /// <summary>Draws tables, the same ones for every test and on any number of threads, and counts.</summary>
    public static FalsePositives Count(NullCase of, IReadOnlyList<StudiedTest> tests, int repetitions)
    {
        var counts = new FalsePositives(tests.Count, repetitions);
        Parallel.For(
            0, repetitions,
            () => ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 }),
            (repetition, _, device) =>
            {
                var table = NullTables.Draw(of, repetition);
                for (int i = 0; i < tests.Count; i++)
                {
                    var test = tests[i].Open(table, device);
                    for (int given = 0; given <= NullTables.MostGiven; given++)
                    {
                        double p = PValue(test, NullTables.Question(given));
                        for (int level = 0; level < Levels.Count; level++)
                        {
                            Interlocked.Add(ref counts._rejected[i, given, level], p < Levels[level] ? 1 : 0);
                        }
                    }

                    (test as IDisposable)?.Dispose();
                }

                return device;
            },
            device => device.Dispose());
        return counts;
    }

    /// <summary>The share of tables that a test rejected.</summary>
    public double Rate(int test, int given, int level) => (double)_rejected[test, given, level] / _repetitions;

    /// <summary>Wilson's interval for the true rate; 1.96 standard errors cover 95 %.</summary>
    public (double Low, double High) Interval(int test, int given, int level, double errors = 1.959964)
    {
        // Wilson (1927): (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
        double p = Rate(test, given, level), n = _repetitions, square = errors * errors;
        double centre = p + square / (2 * n), half = errors * Math.Sqrt(p * (1 - p) / n + square / (4 * n * n));
        return ((centre - half) / (1 + square / n), (centre + half) / (1 + square / n));
    }

    static double PValue(IIndependenceTest test, int[] question)
    {
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        Span<double> p = stackalloc double[1];
        test.PValues(query, p);
        return p[0];
    }
}
