using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Tests.Boosting;

public class TreeEnsembleFacts
{
    public static TheoryData<BoostingObjective, bool> ObjectivesAndLayouts
    {
        get
        {
            var data = new TheoryData<BoostingObjective, bool>();
            foreach (var objective in Enum.GetValues<BoostingObjective>())
            {
                data.Add(objective, true);
                data.Add(objective, false);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(ObjectivesAndLayouts))]
    public void The_kernel_predicts_what_LightGBM_does(BoostingObjective objective, bool isGrid)
    {
        var task = BoostingExamples.Task(objective, 2000);
        float[][] unseen = BoostingExamples.Task(objective, 3000, seed: 2).Columns;
        unseen[1][0] = 9; // a level that no tree knows
        foreach (float[][] columns in new[] { task.Columns, unseen })
        {
            // Few bins leave few thresholds, so that all sums can be tabulated.
            var options = new BoostingOptions { Rounds = 100, MaxBins = isGrid ? 31 : 255 };
            var (trees, scores) = BoostingExamples.ByLightGbm(task, options, columns);
            int rows = columns[0].Length;
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
            using var table = trees.Terms([0, 1, 2, 3]).Load(device);
            Assert.Equal(isGrid, table.IsGrid);
            using var block = device.Allocate<float>(LightGbmDataset.Matrix(columns, 0, rows));
            using var predictors = device.Allocate<float>(rows * task.Outputs);
            TreeEnsemble.On(device).Evaluate(
                table, new(block, 0, columns.Length, rows), new(predictors, 0, task.Outputs, rows));
            float[] found = predictors.ToArray();

            // Scores reach from some −10 to 20; floats there are 2e-6 apart and a rounding is half of that.
            double size = scores.Max(Math.Abs);
            Assert.InRange(size, 1, 25);
            for (int i = 0; i < scores.Length; i++)
            {
                Assert.Equal(scores[i], found[i % task.Outputs * rows + i / task.Outputs], 1.5e-7 * size);
            }
        }
    }
}
