using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Boosting;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Rounds of boosting by five folds, on one thread, for a mechanism of three parents.</summary>
public class BoostingBench : ICountsWork
{
    const int Folds = 5, Features = 3;

    BoostingTask _task = null!;

    [Params(1000, 16_000)]
    public int Rows { get; set; }

    [Params(BoostingObjective.SquaredError, BoostingObjective.Binary)]
    public BoostingObjective Objective { get; set; }

    public double Work => Options.Rounds * (Folds + 1);

    public string Unit => "rounds";

    // Patience without end: every fold trains all rounds.
    static BoostingOptions Options => new() { Rounds = 100, Leaves = 16, MaxBins = 63, Patience = 100 };

    [GlobalSetup]
    public void Draw()
    {
        var random = new Random(1);
        var columns = new float[Features][];
        for (int c = 0; c < Features; c++)
        {
            columns[c] = [.. Enumerable.Range(0, Rows).Select(_ => random.NextSingle())];
        }

        float[] target = [.. Enumerable.Range(0, Rows).Select(row =>
            MathF.Sin(6 * columns[0][row]) * columns[1][row] + columns[2][row] + random.NextSingle())];
        if (Objective == BoostingObjective.Binary)
        {
            target = [.. target.Select(y => y > 1 ? 1f : 0)];
        }

        _task = new(columns, new bool[Features], target, Objective);
    }

    [Benchmark]
    public CrossValidatedTrees CrossValidate() => BoostedTrees.CrossValidate(
        _task, [.. Enumerable.Range(0, Folds + 1).Select(fold => fold * Rows / Folds)], Options, OneAfterAnother);

    static void OneAfterAnother(int count, Action<int> body)
    {
        for (int i = 0; i < count; i++)
        {
            body(i);
        }
    }
}
