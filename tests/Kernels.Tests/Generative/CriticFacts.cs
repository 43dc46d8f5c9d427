using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

/// <summary>The critic's gradients, and the gradient of a function of its gradient, against central differences of the definition.</summary>
public class CriticFacts
{
    const int Inputs = 5, Hidden = 4, Rows = 6, First = 2, Count = 4;

    // Differences of a penalty of order 10 · (‖g‖ − 1)², ‖g‖ from products of three layers in float; worst seen 6.6e-7.
    const double Tolerance = 6e-6;

    static readonly string[] Names =
        ["critic.0.weight", "critic.0.bias", "critic.1.weight", "critic.1.bias", "critic.2.weight", "critic.2.bias"];

    static readonly double[] X = Values.Draw(1, Rows * Inputs), DScores = Values.Draw(2, Rows);

    static readonly double[] Kept1 = [.. Enumerable.Range(0, Rows * Hidden).Select(i => i % 5 == 1 ? 0.0 : 2)];

    static readonly double[] Kept2 = [.. Enumerable.Range(0, Rows * Hidden).Select(i => i % 7 == 2 ? 0.0 : 2)];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Backward_agrees_with_the_slope_of_the_scores(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var critic = Make(device);
        double[][] weights = [.. Names.Select(name => Array.ConvertAll(critic.Weights.Weight(name).ToArray(), v => (double)v))];
        Tensor dScores = DScores.On(workspace, Rows, 1);
        var scores = critic.Forward(
            X.On(workspace, Rows, Inputs), Kept1.On(workspace, Rows, Hidden), Kept2.On(workspace, Rows, Hidden), workspace);
        critic.Backward(dScores, workspace);
        var dx = critic.InputGradient(dScores, workspace);

        Assert.InRange(Values.LargestDifference(Scores(X, weights), scores), 0, Tolerance);
        Assert.InRange(
            Values.LargestDifference(Values.Gradient(at => Values.Dot(DScores, Scores(at, weights)), X), dx), 0, Tolerance);
        Gradients(critic, weights, at => Values.Dot(DScores, Scores(X, at)));
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_penaltys_gradient_agrees_with_the_slope_of_the_penalty(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var critic = Make(device);
        double[][] weights = [.. Names.Select(name => Array.ConvertAll(critic.Weights.Weight(name).ToArray(), v => (double)v))];
        critic.Forward(
            X.On(workspace, Rows, Inputs), Kept1.On(workspace, Rows, Hidden), Kept2.On(workspace, Rows, Hidden), workspace);
        double penalty = critic.Penalize(First, Count, 10, workspace).ToArray().Sum();

        Assert.InRange(penalty - Penalty(weights), -Tolerance, Tolerance);
        Gradients(critic, weights, Penalty);
    }

    static Critic Make(ComputeDevice device)
    {
        var critic = new Critic(device, Inputs, Hidden);
        critic.Weights.Initialize(new Philox(4), _ => 0);
        return critic;
    }

    static void Gradients(Critic critic, double[][] weights, Func<double[][], double> loss)
    {
        for (int i = 0; i < Names.Length; i++)
        {
            int which = i;
            double[] slope = Values.Gradient(at => loss([.. weights.Select((w, j) => j == which ? at : w)]), weights[i]);
            Assert.InRange(Values.LargestDifference(slope, critic.Weights.Gradient(Names[i])), 0, Tolerance);
        }
    }

    // By its definition alone: the input gradient is the analytic one of a piecewise linear function, row by row.
    static double Penalty(double[][] weights)
    {
        double sum = 0;
        for (int row = First; row < First + Count; row++)
        {
            int own = row;
            double[] at = X[(row * Inputs)..((row + 1) * Inputs)];

            // Linear between kinks, so a step of any size that crosses none gives the exact slope; 1e-4 leaves nine digits.
            double squares = 0;
            for (int i = 0; i < Inputs; i++)
            {
                double[] up = (double[])at.Clone(), down = (double[])at.Clone();
                up[i] += 1e-4;
                down[i] -= 1e-4;
                double slope = (Score(up, own, weights) - Score(down, own, weights)) / 2e-4;
                squares += slope * slope;
            }

            sum += 10 * Math.Pow(Math.Sqrt(squares) - 1, 2) / Count;
        }

        return sum;
    }

    static double[] Scores(double[] x, double[][] weights) =>
        [.. Enumerable.Range(0, Rows).Select(row => Score(x[(row * Inputs)..((row + 1) * Inputs)], row, weights))];

    static double Score(double[] x, int row, double[][] w)
    {
        double[] h1 = Layer(x, w[0], w[1], Kept1[(row * Hidden)..((row + 1) * Hidden)]);
        double[] h2 = Layer(h1, w[2], w[3], Kept2[(row * Hidden)..((row + 1) * Hidden)]);
        return Values.Dot(h2, w[4]) + w[5][0];
    }

    static double[] Layer(double[] x, double[] weight, double[] bias, double[] kept) =>
        [.. bias.Select((b, o) => Values.Dot(x, weight[(o * x.Length)..((o + 1) * x.Length)]) + b)
            .Select((v, o) => kept[o] * (v > 0 ? v : 0.2 * v))];
}
