using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class WeightAverageFacts
{
    static readonly TransformerConfig Tiny = new() { Width = 4, Heads = 2, Hidden = 6, Layers = 1, Classes = 2 };

    // The weights after step t, counted from 1.
    static float[] After(int step, Parameters parameters) =>
        Array.ConvertAll(Values.Draw(step, parameters.Weights.Length), v => (float)v);

    static void Run(WeightAverage average, int first, int last)
    {
        for (int step = first; step <= last; step++)
        {
            average.Parameters.Weights.CopyFrom(After(step, average.Parameters));
            average.Observe();
        }
    }

    static float[] Result(WeightAverage average)
    {
        average.ShowResult();
        float[] result = average.Parameters.Weights.ToArray();
        average.HideResult();
        return result;
    }

    static double[] Mean(Parameters parameters, params int[] steps) => [.. Enumerable.Range(0, parameters.Weights.Length)
        .Select(i => steps.Average(step => (double)After(step, parameters)[i]))];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Snapshots_are_averaged_over_a_window(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var model = new TabularTransformer(device, Tiny);
        using var average = new SnapshotAverage(model.Parameters, every: 2, count: 3);
        Run(average, 1, 1);
        Assert.Equal(After(1, model.Parameters), Result(average)); // nothing to average yet
        Run(average, 2, 5);
        Assert.InRange(Values.LargestDifference(Mean(model.Parameters, 2, 4), Result(average)), 0, 1e-7);
        Run(average, 6, 11);
        Assert.InRange(Values.LargestDifference(Mean(model.Parameters, 6, 8, 10), Result(average)), 0, 1e-7);
        Assert.Equal(After(11, model.Parameters), model.Parameters.Weights.ToArray());
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_exponential_average_is_a_mean_until_it_forgets(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var model = new TabularTransformer(device, Tiny);
        using var average = new ExponentialAverage(device, model.Parameters, decay: 0.75);
        Run(average, 1, 4);
        double[] mean = Mean(model.Parameters, 1, 2, 3, 4);
        Assert.InRange(Values.LargestDifference(mean, Result(average)), 0, 5e-7);
        Run(average, 5, 6);
        float[] fifth = After(5, model.Parameters), sixth = After(6, model.Parameters);
        double[] expected = [.. mean.Select((m, i) => 0.75 * (0.75 * m + 0.25 * fifth[i]) + 0.25 * sixth[i])];
        Assert.InRange(Values.LargestDifference(expected, Result(average)), 0, 5e-7);
        Assert.Equal(sixth, model.Parameters.Weights.ToArray());
    }

    // TensorFlow's warm-up: min(decay, (1 + s) / (10 + s)) with s two behind the number of the step, after the first is taken whole.
    [Theory, ClassData(typeof(EveryDevice))]
    public void A_longer_warm_up_forgets_the_first_steps_sooner(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var model = new TabularTransformer(device, Tiny);
        using var average = new ExponentialAverage(device, model.Parameters, decay: 0.15, warmUp: 9);
        Run(average, 1, 4);
        double[] expected = Mean(model.Parameters, 1);
        foreach (var (step, decay) in new[] { (2, 1 / 10.0), (3, 0.15), (4, 0.15) })
        {
            float[] weights = After(step, model.Parameters);
            expected = [.. expected.Select((value, i) => decay * value + (1 - decay) * weights[i])];
        }

        Assert.InRange(Values.LargestDifference(expected, Result(average)), 0, 5e-7);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_run_that_was_stopped_goes_on_bit_for_bit(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var model = new TabularTransformer(device, Tiny);
        foreach (var make in (Func<WeightAverage>[])
            [() => new SnapshotAverage(model.Parameters, 2, 3), () => new ExponentialAverage(device, model.Parameters, 0.6)])
        {
            foreach (int stop in (int[])[0, 3, 9])
            {
                using WeightAverage through = make(), stopped = make();
                Run(through, 1, stop);
                stopped.Restore(through.State());
                Run(through, stop + 1, stop + 3);
                Run(stopped, stop + 1, stop + 3);
                Assert.Equal(stop + 3, stopped.Steps);
                Assert.Equal(Result(through), Result(stopped));
            }
        }
    }

    [Fact]
    public void A_state_of_something_else_is_refused_and_a_shown_average_cannot_go_on()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = new TabularTransformer(device, Tiny);
        using var snapshots = new SnapshotAverage(model.Parameters, 1, 2);
        using var exponential = new ExponentialAverage(device, model.Parameters, 0.9);
        Run(snapshots, 1, 1);
        Assert.Throws<ArgumentException>(() => exponential.Restore(snapshots.State()));
        snapshots.ShowResult();
        Assert.Throws<InvalidOperationException>(snapshots.Observe);
    }
}
