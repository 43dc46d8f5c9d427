using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class OptimizerFacts
{
    const int Count = 203, Steps = 7;

    static readonly AdamWOptions Options = new() { Beta1 = 0.9f, Beta2 = 0.99f, WeightDecay = 0.1f, ClipNorm = 2 };

    // The gradient of step t: large at first, so that clipping is on and then off.
    static double[] GradientOf(int step) => [.. Values.Draw(step, Count).Select(v => (double)(float)(v / (step * step)))];

    static double[] Clipped(int step)
    {
        var g = GradientOf(step);
        double norm = Math.Sqrt(Values.Dot(g, g));
        return [.. g.Select(v => v * Math.Min(1, 2 / norm))];
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void AdamW_takes_the_steps_of_its_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Tensor weights = Values.Draw(100, Count).On(workspace, 1, Count), norm = workspace.Take(1, 1);
        Tensor mean = new double[Count].On(workspace, 1, Count), square = new double[Count].On(workspace, 1, Count);
        double[] w = Values.Draw(100, Count), m = new double[Count], v = new double[Count];
        for (int step = 1; step <= Steps; step++)
        {
            var gradients = GradientOf(step).On(workspace, 1, Count);
            GradientNorm.On(device).Measure(gradients, norm);
            AdamW.On(device).Update(step, 0.01f, Options, gradients, norm, weights, mean, square);

            // Loshchilov and Hutter (2019), algorithm 2.
            var g = Clipped(step);
            for (int i = 0; i < Count; i++)
            {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                double corrected = Math.Sqrt(v[i] / (1 - Math.Pow(0.99, step)));
                w[i] -= 0.01 * (0.1 * w[i] + m[i] / (1 - Math.Pow(0.9, step)) / (corrected + 1e-8));
            }
        }

        Assert.InRange(Values.LargestDifference(w, weights), 0, 2e-6);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Schedule_free_AdamW_takes_the_steps_of_its_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Tensor weights = Values.Draw(100, Count).On(workspace, 1, Count), fast = Values.Draw(100, Count).On(workspace, 1, Count);
        Tensor square = new double[Count].On(workspace, 1, Count), norm = workspace.Take(1, 1);
        var operation = ScheduleFreeAdamW.On(device);

        // Defazio et al. (2024), algorithm 1, with all three sequences stored: x the average, z the fast one, y between.
        double[] x = Values.Draw(100, Count), y = Values.Draw(100, Count), z = Values.Draw(100, Count), v = new double[Count];
        for (int step = 1; step <= Steps; step++)
        {
            float share = 1f / step;
            var gradients = GradientOf(step).On(workspace, 1, Count);
            GradientNorm.On(device).Measure(gradients, norm);
            operation.Update(step, 0.01f, share, Options, gradients, norm, weights, fast, square);

            var g = Clipped(step);
            for (int i = 0; i < Count; i++)
            {
                v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                double direction = g[i] / (Math.Sqrt(v[i] / (1 - Math.Pow(0.99, step))) + 1e-8) + 0.1 * y[i];
                z[i] -= 0.01 * direction;
                x[i] += (z[i] - x[i]) / step;
                y[i] = 0.1 * z[i] + 0.9 * x[i];
            }
        }

        Assert.InRange(Values.LargestDifference(y, weights), 0, 5e-6);
        Blend.On(device).Move(1 - 1 / 0.9f, weights, fast);
        Assert.InRange(Values.LargestDifference(x, weights), 0, 5e-6);
        Blend.On(device).Move(1 - 0.9f, weights, fast);
        Assert.InRange(Values.LargestDifference(y, weights), 0, 5e-6);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_gradient_norm_is_that_of_all_gradients_together(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        int count = kind == DeviceKind.Cpu ? 100_003 : 103;
        var g = Values.Draw(1, count);
        var norm = workspace.Take(1, 1);
        GradientNorm.On(device).Measure(g.On(workspace, 1, count), norm);
        Assert.Equal(Math.Sqrt(Values.Dot(g, g)), norm.ToArray()[0], 1e-5 * Math.Sqrt(count));
    }
}
