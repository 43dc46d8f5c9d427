using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Boosting;

/// <summary>Rows of two numbers and a category of seven, with a target of each kind that depends on all three.</summary>
static class BoostingExamples
{
    static readonly bool[] IsCategorical = [false, true, false];

    public static BoostingTask Task(BoostingObjective objective, int rows, ulong seed = 1)
    {
        var random = new Philox(seed);
        var columns = new[] { new float[rows], new float[rows], new float[rows] };
        var target = new float[rows];
        for (int row = 0; row < rows; row++)
        {
            uint r = (uint)row;
            float x = columns[0][row] = random.Normal(r, 0);
            int code = random.Below(7, r, 1);
            columns[1][row] = code;
            float z = columns[2][row] = random.Uniform(r, 2);
            float signal = MathF.Abs(x) + (code is 1 or 4 or 6 ? 1 : -1) + (z > 0.4f ? x : 0);
            float noise = random.Normal(r, 3);
            target[row] = objective switch
            {
                BoostingObjective.SquaredError => 10 + signal + noise,
                BoostingObjective.Binary => signal + noise > 0.5f ? 1 : 0,
                BoostingObjective.Multiclass => Math.Clamp(MathF.Floor(signal + noise + 1), 0, 2),
                _ => MathF.Floor(MathF.Exp(0.3f * signal) * (1 + random.Uniform(r, 4))),
            };
        }

        return new(columns, IsCategorical, target, objective, objective == BoostingObjective.Multiclass ? 3 : 1);
    }

    /// <summary>LightGBM's own trees and raw scores, (rows, outputs), for the same rows and options.</summary>
    public static (TreeModel Trees, double[] Scores) ByLightGbm(
        BoostingTask task, BoostingOptions options, float[][] columns)
    {
        string parameters = options.Parameters(task.Objective, task.Classes, missing: false);
        using var dataset = LightGbmDataset.FromColumns(task.Columns, task.IsCategorical, parameters);
        dataset.SetTarget(task.Target);
        using var booster = new LightGbmBooster(dataset, parameters);
        for (int round = 0; round < options.Rounds && booster.Update(); round++) { }

        var scores = new double[columns[0].Length * task.Outputs];
        booster.Predict<float>(
            LightGbmDataset.Matrix(columns, 0, columns[0].Length), columns.Length, LightGbm.PredictRawScore, -1, scores);
        return (LightGbmModelText.Parse(booster.ModelText()), scores);
    }

    /// <summary>Runs a body for every index on <paramref name="threads"/> threads.</summary>
    public static Action<int, Action<int>> ForEach(int threads) => (count, body) =>
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, body);
}
