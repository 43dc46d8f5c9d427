using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Diffusion;

/// <summary>Schedule, noise, network, loss, gradients and one reverse step beside those of TabDDPM's own code.</summary>
public class TabDdpmFacts
{
    readonly TabDdpmRun _run = new();

    [Fact]
    public void The_cosine_schedule_is_the_stored_one()
    {
        // Stored as floats: half a unit in the last place below 1.
        Assert.Equal(_run["schedule.alpha"], Steps(step => step.Alpha), (a, b) => Math.Abs(a - b) <= 6e-8);
        Assert.Equal(_run["schedule.alpha_bar"], Steps(step => step.AlphaBar), (a, b) => Math.Abs(a - b) <= 6e-8);
        Assert.Equal(_run["schedule.mean_of_start"], Steps(step => step.MeanOfStart), (a, b) => Math.Abs(a - b) <= 1.2e-7);
        Assert.Equal(_run["schedule.mean_of_row"], Steps(step => step.MeanOfRow), (a, b) => Math.Abs(a - b) <= 1.2e-7);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Losses_and_gradients_are_the_stored_ones(DeviceKind kind)
    {
        foreach (var (name, logInputs) in new[] { ("log", true), ("unit", false) })
        {
            using var device = ComputeDevice.Open(kind);
            using var workspace = new Workspace(device);
            using var tables = new DiffusionTables(device, TabDdpmRun.Columns, _run.Schedule, logInputs);
            using var denoiser = _run.Denoiser(device);
            using var batch = _run.Batch(device);
            Tensor draws = Take(TabDdpmRun.Columns.Draws), input = Take(13), losses = Take(4), dOutput = Take(13);
            draws.CopyFrom(_run.ForwardDraws());
            ForwardNoise.On(device).Apply(tables, batch.Numbers, batch.Levels, batch.Times, draws, input, batch.NoisyLevels);
            Assert.Equal(Array.ConvertAll(_run["in.x_cat_t"], level => (int)level), batch.NoisyLevels.ToArray());
            for (int row = 0; row < TabDdpmRun.Rows; row++)
            {
                Assert.Equal(
                    _run["x_num_t"][(3 * row)..(3 * row + 3)], Doubles(input.ToArray()[(13 * row)..(13 * row + 3)]),
                    (a, b) => Math.Abs(a - b) < 1e-6);
            }

            denoiser.Embed(workspace);
            var output = denoiser.Forward(input, batch.Times, batch.Labels, workspace);

            // Floats beside doubles; the released input of −69 makes sums of hundreds, so that it loses two digits more.
            double scale = logInputs ? 100 : 1;
            AssertClose(_run[name + ".output"], output.ToArray(), 2e-6 * scale);

            DiffusionLoss.On(device).Measure(
                tables, output, draws, batch.Levels, batch.NoisyLevels, batch.Times, losses, dOutput);
            double[] sums = Doubles(losses.ToArray());
            AssertClose(_run[name + ".loss_gauss"], [.. Every(4, sums).Select(row => (float)row[0])], 5e-6 * scale);
            double prior = DiffusionLoss.Prior(tables);
            Assert.InRange(prior - _run["kl_prior"][0], -1e-6, 1e-6);
            AssertClose(
                _run[name + ".loss_multi"], [.. Every(4, sums).Select(row => (float)(row[1] + row[2] + row[3] + prior))], 1e-5 * scale);

            denoiser.Backward(dOutput, workspace);
            foreach (var info in denoiser.Parameters.All)
            {
                AssertClose(
                    _run[$"{name}.g.{info.Name}"], denoiser.Parameters.Gradient(info.Name).ToArray(), 1e-5 * scale);
            }

            Tensor Take(int width) => workspace.Take(TabDdpmRun.Rows, width);
        }
    }

    // A row at time t is one row of the stored run; the level is where the stored distribution's cumulated weight passes the draw.
    [Theory, ClassData(typeof(EveryDevice))]
    public void One_reverse_step_is_the_stored_one(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var tables = new DiffusionTables(device, TabDdpmRun.Columns, _run.Schedule);
        using var levels = device.Allocate<int>(TabDdpmRun.Rows * 3);
        var reverse = ReverseStep.On(device);
        Tensor low = workspace.Take(1, 3), high = workspace.Take(1, 3);
        low.CopyFrom([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity]);
        high.CopyFrom([float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity]);
        Tensor output = workspace.Take(10, 13), draws = workspace.Take(10, 6), input = workspace.Take(10, 13);
        foreach (double uniform in new[] { 0.07, 0.31, 0.52, 0.78, 0.96 })
        {
            for (int t = 0; t < TabDdpmRun.Rows; t++)
            {
                output.CopyFrom(_run.Floats("unit.output"));
                draws.CopyFrom(_run.Draws("in.z", (_, _) => uniform));
                levels.CopyFrom(Array.ConvertAll(_run["in.x_cat_t"], level => (int)level));
                var before = new float[130];
                _run.Floats("x_num_t").AsSpan(3 * t, 3).CopyTo(before.AsSpan(13 * t));
                input.CopyFrom(before);
                reverse.Apply(tables, t, output, draws, low, high, input, levels);
                AssertClose(_run["unit.x_num_before"][(3 * t)..(3 * t + 3)], input.ToArray()[(13 * t)..(13 * t + 3)], 3e-6);
                Assert.Equal(Expected(t, uniform), levels.ToArray()[(3 * t)..(3 * t + 3)]);
                Assert.Equal(
                    levels.ToArray()[(3 * t)..(3 * t + 3)],
                    new[] { (3, 2), (5, 3), (8, 5) }.Select(part =>
                        Array.IndexOf(input.ToArray(), 1f, 13 * t + part.Item1, part.Item2) - 13 * t - part.Item1));
            }
        }
    }

    // x̂₀ of ±∞ where nothing bounds it; held where something does.
    [Theory, ClassData(typeof(EveryDevice))]
    public void The_start_is_held_within_the_bounds(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var columns = new DiffusionColumns(1, []);
        using var tables = new DiffusionTables(device, columns, _run.Schedule);
        using var levels = device.Allocate<int>(0);
        Tensor low = workspace.Take(1, 1), high = workspace.Take(1, 1), output = workspace.Take(2, 1);
        Tensor draws = workspace.Take(2, 1), input = workspace.Take(2, 1);
        low.CopyFrom([-2f]);
        high.CopyFrom([3f]);
        output.CopyFrom([-50f, 50f]);
        draws.CopyFrom([0f, 0f]);
        input.CopyFrom([0f, 0f]);
        ReverseStep.On(device).Apply(tables, 0, output, draws, low, high, input, levels);
        AssertClose([3, -2], input.ToArray(), 1e-6);
    }

    // Probabilities of the levels, in the order in which they are drawn: from the last down.
    int[] Expected(int row, double uniform)
    {
        double[] p = _run["unit.posterior"][(10 * row)..(10 * row + 10)];
        return [.. new[] { p[..2], p[2..5], p[5..] }.Select(column =>
        {
            double rest = uniform;
            int level = column.Length;
            while (rest >= 0)
            {
                rest -= column[--level];
            }

            return level;
        })];
    }

    double[] Steps(Func<DiffusionStep, float> number) =>
        [.. Enumerable.Range(0, TabDdpmRun.Rows).Select(t => (double)number(_run.Schedule.Step(t)))];

    static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);

    static IEnumerable<double[]> Every(int width, double[] values) => values.Chunk(width);

    static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        double size = expected.Max(Math.Abs);
        Assert.InRange(Values.LargestDifference(expected, actual), 0, tolerance * Math.Max(1, size));
    }
}
