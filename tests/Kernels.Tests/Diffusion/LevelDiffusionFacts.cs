using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

/// <summary>Levels on their way forward and back, beside all their paths enumerated. Uniforms on an even grid stand for chance.</summary>
public class LevelDiffusionFacts
{
    const int Grid = 400;

    [Fact]
    public void The_posterior_of_two_levels_and_three_steps_is_that_of_all_paths()
    {
        var schedule = DiffusionSchedule.Cosine(3);
        var definition = new LevelDefinition(schedule, 2);
        for (int t = 0; t < 3; t++)
        {
            var posterior = LevelPosterior.Of(schedule.Step(t), 2);
            foreach (double first in new[] { 0, 1e-3, 0.3, 0.5, 0.9, 1 })
            {
                for (int now = 0; now < 2; now++)
                {
                    double[] start = [first, 1 - first], expected = definition.Posterior(t, start, now);
                    float sum = posterior.Sum((float)start[now]);
                    for (int k = 0; k < 2; k++)
                    {
                        Assert.Equal(expected[k], posterior.Probability((float)start[k], k == now, sum), 1e-6);
                    }
                }
            }
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Forward_noise_leaves_the_levels_that_the_steps_one_by_one_would(DeviceKind kind)
    {
        int[] levels = [2, 5];
        var schedule = DiffusionSchedule.Cosine(3);
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var tables = new DiffusionTables(device, new DiffusionColumns(0, levels), schedule);
        using var batch = new DiffusionBatch(device, tables.Columns, Grid);
        batch.Levels.CopyFrom([.. Enumerable.Range(0, Grid).SelectMany(_ => new[] { 1, 3 })]);
        var draws = EvenDraws(workspace, 2);
        var input = workspace.Take(Grid, 7);
        for (int t = 0; t < 3; t++)
        {
            batch.Times.CopyFrom([.. Enumerable.Repeat(t, Grid)]);
            ForwardNoise.On(device).Apply(tables, batch.Numbers, batch.Levels, batch.Times, draws, input, batch.NoisyLevels);
            AssertShares(t, batch.NoisyLevels.ToArray(), levels, (column, k) =>
                new LevelDefinition(schedule, levels[column]).Reach(t, column == 0 ? 1 : 3, k));
            Assert.Equal(2 * Grid, input.ToArray().Sum());
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_reverse_step_draws_levels_from_the_posterior(DeviceKind kind)
    {
        int[] levels = [2, 5], now = [0, 2];
        double[] logits = [0.7, -0.4, 1.5, 0, -2, 0.3, 40];
        var schedule = DiffusionSchedule.Cosine(3);
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var tables = new DiffusionTables(device, new DiffusionColumns(0, levels), schedule);
        using var state = device.Allocate<int>(2 * Grid);
        var draws = EvenDraws(workspace, 2);
        Tensor input = workspace.Take(Grid, 7), none = workspace.Take(1, 0);
        var output = Enumerable.Repeat(logits, Grid).SelectMany(row => row).ToArray().On(workspace, Grid, 7);
        for (int t = 0; t < 3; t++)
        {
            state.CopyFrom([.. Enumerable.Repeat(now, Grid).SelectMany(row => row)]);
            ReverseStep.On(device).Apply(tables, t, output, draws, none, none, input, state);
            AssertShares(t, state.ToArray(), levels, (column, k) =>
            {
                double[] z = column == 0 ? logits[..2] : logits[2..];
                double[] e = [.. z.Select(value => Math.Exp(value - z.Max()))];
                return new LevelDefinition(schedule, levels[column]).Posterior(t, [.. e.Select(p => p / e.Sum())], now[column])[k];
            });
        }
    }

    static Tensor EvenDraws(Workspace workspace, int columns) => Enumerable.Range(0, Grid * columns)
        .Select(i => (i / columns + 0.5) / Grid).ToArray().On(workspace, Grid, columns);

    // A level's draws fill at most two intervals of the grid, each counted to one point.
    static void AssertShares(int t, int[] drawn, int[] levels, Func<int, int, double> expected)
    {
        for (int column = 0; column < levels.Length; column++)
        {
            for (int k = 0; k < levels[column]; k++)
            {
                double share = drawn.Where((level, i) => i % levels.Length == column && level == k).Count() / (double)Grid;
                Assert.True(
                    Math.Abs(share - expected(column, k)) <= 2.0 / Grid,
                    $"Level {k} of column {column} at step {t}: {share}, not {expected(column, k)}.");
            }
        }
    }
}
