using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

/// <summary>The operations on heads of outputs, against their definitions in double and these definitions' slopes.</summary>
public class HeadFacts
{
    // Levels alone; an atom, two modes and their number; a single level; three modes and their number.
    static readonly OutputHead[] Heads = [new(0, 4, 0), new(4, 3, 2), new(8, 1, 0), new(9, 3, 3)];

    const int Outputs = 13, Wide = 15, Rows = 5;

    // Softmaxes at temperature ½ and quotients by σ ≥ 0.2, squared: a few hundred units of 6e-8; worst seen 1.1e-6.
    const double Tolerance = 1e-5;

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_activation_agrees_with_its_definition_and_its_slope(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var heads = device.Allocate<OutputHead>(Heads);
        double[] x = Values.Draw(1, Rows * Outputs), noise = Values.Draw(2, Rows * Outputs), dy = Values.Draw(3, Rows * Wide);
        Tensor xs = x.On(workspace, Rows, Outputs), y = workspace.Take(Rows, Wide), dx = workspace.Take(Rows, Outputs);
        y.CopyFrom([.. Enumerable.Repeat(7f, Rows * Wide)]);
        var activation = HeadActivation.On(device);
        activation.Forward(heads, xs, noise.On(workspace, Rows, Outputs), 0.5f, y);
        activation.Backward(heads, dy.On(workspace, Rows, Wide), xs, y, 0.5f, dx);

        double[] Definition(double[] at) => [.. Enumerable.Range(0, Rows).SelectMany(row => Activate(at, noise, row))];
        Assert.InRange(Values.LargestDifference(Definition(x), y), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Values.Dot(dy, Definition(at)), x), dx), 0, Tolerance);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_reconstruction_loss_agrees_with_its_definition_and_its_slope(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var heads = device.Allocate<OutputHead>(Heads);
        double[] x = Values.Draw(4, Rows * Outputs), target = Targets();
        double[] deviation = [.. Enumerable.Range(0, Outputs).Select(i => i == 7 ? 0.25 : 0.5)];
        Tensor losses = workspace.Take(Rows, Heads.Length), dx = workspace.Take(Rows, Outputs), dDeviation = workspace.Take(1, Outputs);
        dDeviation.Clear();
        HeadLoss.On(device).Measure(
            heads, x.On(workspace, Rows, Outputs), target.On(workspace, Rows, Wide), deviation.On(workspace, 1, Outputs), 0.7f, losses,
            dx, dDeviation);

        double[] Definition(double[] at, double[] sigma) =>
            [.. Enumerable.Range(0, Rows).SelectMany(row => Heads.Select(head => Loss(at, target, sigma, row, head)))];
        double Total(double[] at, double[] sigma) => 0.7 * Definition(at, sigma).Sum();
        Assert.InRange(Values.LargestDifference(Definition(x, deviation), losses), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Total(at, deviation), x), dx), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Values.Gradient(at => Total(x, at), deviation), dDeviation), 0, Tolerance);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_deviation_is_kept_within_its_bounds(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var heads = device.Allocate<OutputHead>(Heads);
        Tensor one = workspace.Take(1, Outputs), target = workspace.Take(1, Outputs);
        target.Clear();
        one.Clear();
        double[] wild = [.. Enumerable.Range(0, Outputs).Select(i => i == 7 ? -3.0 : 5)];
        var deviation = wild.On(workspace, 1, Outputs);
        HeadLoss.On(device).Measure(
            heads, one, target, deviation, 1, workspace.Take(1, Heads.Length), workspace.Take(1, Outputs), workspace.Take(1, Outputs));
        float[] kept = deviation.ToArray();
        Assert.Equal(0.01f, kept[7]);
        Assert.Equal(1, kept[12]);
        Assert.Equal(5, kept[0]);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_loss_of_a_chosen_head_agrees_with_its_definition_and_adds_its_slope(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var heads = device.Allocate<OutputHead>(Heads);
        int[] choices = [0, 2, -1, -1, 1, 0, 3, 1, 2, 0];
        using var chosen = device.Allocate<int>(choices);
        double[] x = Values.Draw(5, Rows * Outputs), before = Values.Draw(6, Rows * Outputs);
        Tensor losses = workspace.Take(Rows, 1), dx = before.On(workspace, Rows, Outputs);
        ChosenHeadLoss.On(device).Measure(heads, chosen, x.On(workspace, Rows, Outputs), 0.3f, losses, dx);

        double[] Definition(double[] at) => [.. Enumerable.Range(0, Rows).Select(row => choices[2 * row] < 0
            ? 0
            : CrossEntropy(at, row, Heads[choices[2 * row]], choices[2 * row + 1]))];
        double[] slope = Values.Gradient(at => 0.3 * Definition(at).Sum(), x);
        Assert.InRange(Values.LargestDifference(Definition(x), losses), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(before.Plus(slope), dx), 0, Tolerance);
    }

    static double[] Activate(double[] x, double[] noise, int row)
    {
        var y = Enumerable.Repeat(7.0, Wide).ToArray();
        foreach (var head in Heads)
        {
            double Power(int i) => Math.Exp((x[row * Outputs + i] + noise[row * Outputs + i]) / 0.5);
            double sum = Enumerable.Range(head.Start, head.Levels).Sum(Power);
            for (int i = head.Start; i < head.Number; i++)
            {
                y[i] = Power(i) / sum;
            }

            if (head.Modes > 0)
            {
                y[head.Number] = Math.Tanh(x[row * Outputs + head.Number]) * y[head.FirstMode..head.Number].Sum();
            }
        }

        return y;
    }

    static double Loss(double[] x, double[] target, double[] deviation, int row, OutputHead head)
    {
        double[] encoded = target[(row * Wide)..(row * Wide + Outputs)];
        int on = Array.IndexOf(encoded, 1, head.Start, head.Levels) - head.Start;
        double loss = CrossEntropy(x, row, head, on);
        if (on >= head.Levels - head.Modes)
        {
            double off = (encoded[head.Number] - Math.Tanh(x[row * Outputs + head.Number])) / deviation[head.Number];
            loss += 0.5 * off * off + Math.Log(deviation[head.Number]);
        }

        return loss;
    }

    static double CrossEntropy(double[] x, int row, OutputHead head, int level)
    {
        int at = row * Outputs + head.Start;
        return Math.Log(Enumerable.Range(at, head.Levels).Sum(i => Math.Exp(x[i]))) - x[at + level];
    }

    static double[] Targets()
    {
        var target = new double[Rows * Wide];
        for (int row = 0; row < Rows; row++)
        {
            foreach (var head in Heads)
            {
                int on = (row + head.Start) % head.Levels;
                target[row * Wide + head.Start + on] = 1;
                if (on >= head.Levels - head.Modes)
                {
                    target[row * Wide + head.Number] = 0.2 * row - 0.5;
                }
            }
        }

        return target;
    }
}
