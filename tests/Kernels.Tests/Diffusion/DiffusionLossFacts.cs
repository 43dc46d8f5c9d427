using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

public class DiffusionLossFacts
{
    const int Rows = 7, Steps = 5;
    static readonly DiffusionColumns Columns = new(2, [3, 1, 4]);
    static readonly DiffusionSchedule Schedule = DiffusionSchedule.Cosine(Steps);
    static readonly int[] X0 = [.. Enumerable.Range(0, Rows).SelectMany(row => new[] { row % 3, 0, 3 - row % 4 })];
    static readonly int[] Now = [.. Enumerable.Range(0, Rows).SelectMany(row => new[] { row * row % 3, 0, row % 4 })];
    static readonly int[] Times = [.. Enumerable.Range(0, Rows).Select(row => row % Steps)];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Loss_and_gradient_agree_with_the_definition(DeviceKind kind)
    {
        double[] output = Array.ConvertAll(Values.Draw(1, Rows * Columns.Width), z => (double)(float)(3 * z));
        double[] draws = Values.Draw(2, Rows * Columns.Draws);
        var (losses, gradient) = Measure(kind, output, draws);
        double[] expected = Losses(output, draws);

        // Divergences of order 1, weighted by T / columns, from floats of order 1; worst seen 2e-6 and 6e-7.
        Assert.InRange(Values.LargestDifference(expected, losses), 0, 1e-5);
        double[] slopes = Values.Gradient(z => Losses(z, draws).Sum() / Rows, output);
        Assert.InRange(Values.LargestDifference(slopes, gradient), 0, 5e-6);
    }

    // The bound of a denoiser that knows x₀ is that of the prior alone, which is not in a row's losses.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Nothing_is_lost_where_the_noise_and_the_levels_are_known(DeviceKind kind)
    {
        double[] draws = Values.Draw(2, Rows * Columns.Draws);
        var output = new double[Rows * Columns.Width];
        for (int row = 0; row < Rows; row++)
        {
            for (int j = 0; j < Columns.Numeric; j++)
            {
                output[row * Columns.Width + j] = draws[row * Columns.Draws + j];
            }

            for (int column = 0; column < Columns.Categorical; column++)
            {
                output[row * Columns.Width + Columns.Starts[column] + X0[row * Columns.Categorical + column]] = 60;
            }
        }

        var (losses, gradient) = Measure(kind, output, draws);
        Assert.All(losses, loss => Assert.InRange(loss, -1e-6, 1e-6));
        Assert.All(gradient, slope => Assert.InRange(slope, -1e-6, 1e-6));
    }

    // What released code turns to NaN: many columns, logits far apart, a truth that the model holds impossible.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Logits_far_apart_give_finite_losses(DeviceKind kind)
    {
        double[] output = Array.ConvertAll(Values.Draw(1, Rows * Columns.Width), z => (double)(float)(5_000 * z));
        var (losses, gradient) = Measure(kind, output, Values.Draw(2, Rows * Columns.Draws));
        Assert.All(losses, loss => Assert.True(float.IsFinite(loss)));
        Assert.All(gradient, slope => Assert.True(float.IsFinite(slope)));
    }

    [Fact]
    public void The_prior_is_the_divergence_of_the_last_step_from_the_uniform()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var tables = new DiffusionTables(device, Columns, DiffusionSchedule.Cosine(2));
        double expected = Columns.Levels.Average(count => Enumerable.Range(0, count).Sum(k =>
        {
            double q = new LevelDefinition(tables.Schedule, count).Reach(1, 0, k);
            return q * Math.Log(q * count);
        }));
        Assert.Equal(expected, DiffusionLoss.Prior(tables), 1e-12);
    }

    static (float[] Losses, float[] Gradient) Measure(DeviceKind kind, double[] output, double[] draws)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var tables = new DiffusionTables(device, Columns, Schedule);
        using var levels = device.Allocate<int>(X0);
        using var noisy = device.Allocate<int>(Now);
        using var times = device.Allocate<int>(Times);
        Tensor losses = workspace.Take(Rows, 4), dOutput = workspace.Take(Rows, Columns.Width);
        DiffusionLoss.On(device).Measure(
            tables, output.On(workspace, Rows, Columns.Width), draws.On(workspace, Rows, Columns.Draws), levels, noisy, times, losses,
            dOutput);
        return (losses.ToArray(), dOutput.ToArray());
    }

    static double[] Losses(double[] output, double[] draws)
    {
        var losses = new double[Rows * 4];
        for (int row = 0; row < Rows; row++)
        {
            var cells = output.AsSpan(row * Columns.Width, Columns.Width);
            for (int j = 0; j < Columns.Numeric; j++)
            {
                double error = cells[j] - draws[row * Columns.Draws + j];
                losses[row * 4] += error * error / Columns.Numeric;
            }

            for (int column = 0; column < Columns.Categorical; column++)
            {
                int at = row * Columns.Categorical + column, count = Columns.Levels[column];
                losses[row * 4 + 1 + column] = (double)Steps / Columns.Categorical * new LevelDefinition(Schedule, count)
                    .Loss(Times[row], cells.Slice(Columns.Starts[column], count).ToArray(), X0[at], Now[at]);
            }
        }

        return losses;
    }
}
