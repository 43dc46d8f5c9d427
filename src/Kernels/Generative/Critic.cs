using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// A Wasserstein critic of two hidden layers, <c>c(x) = w₃ · φ(W₂ φ(W₁ x + b₁) + b₂) + b₃</c>, φ the leaky rectifier with dropout,
/// and the gradient of its gradient penalty.
/// </summary>
/// <remarks>
/// With the slopes s₁, s₂ of φ at x, <c>u₂ = s₂ ⊙ w₃, u₁ = s₁ ⊙ (u₂ W₂), g = dc/dx = u₁ W₁</c>. φ is linear on either side, so the
/// slopes themselves have no derivative, and a penalty P(g) with <c>v = dP/dg</c> is differentiated by walking back through these
/// three lines: <c>dW₁ += u₁ᵀ v; d₁ = s₁ ⊙ (v W₁ᵀ); dW₂ += u₂ᵀ d₁; d₂ = s₂ ⊙ (d₁ W₂ᵀ); dw₃ += Σ d₂</c>. The biases get nothing.
/// Shapes: x, g, v are (rows, inputs); s, u, d are (rows, hidden); W is (out, in); w₃ is (1, hidden).
/// </remarks>
sealed class Critic(ComputeDevice device, int inputs, int hidden) : IDisposable
{
    const float Leak = 0.2f;

    readonly Linear _linear = Linear.On(device);
    readonly LeakyRelu _relu = LeakyRelu.On(device);
    readonly MatrixMultiply _product = MatrixMultiply.On(device);
    readonly GradientPenalty _penalty = GradientPenalty.On(device);

    Tensor _x, _a1, _s1, _a2, _s2;

    /// <summary>All weights and their gradients: critic.0, critic.1 and critic.2.</summary>
    internal WeightBlock Weights { get; } = new(
        device,
        [
            .. WeightBlock.Linear("critic.0", inputs, hidden), .. WeightBlock.Linear("critic.1", hidden, hidden),
            .. WeightBlock.Linear("critic.2", hidden, 1),
        ]);

    internal int Hidden => hidden;

    /// <summary>The scores (rows, 1); kept₁ and kept₂ are what dropout keeps, (rows, hidden), or absent.</summary>
    internal Tensor Forward(Tensor x, Tensor? kept1, Tensor? kept2, Workspace workspace)
    {
        int rows = x.Rows;
        _x = x;
        (_a1, _s1) = (workspace.Take(rows, hidden), workspace.Take(rows, hidden));
        (_a2, _s2) = (workspace.Take(rows, hidden), workspace.Take(rows, hidden));
        var scores = workspace.Take(rows, 1);
        _linear.Forward(x, W("critic.0"), Weights.Weight("critic.0.bias"), _a1);
        _relu.Forward(_a1, kept1, Leak, _a1, _s1);
        _linear.Forward(_a1, W("critic.1"), Weights.Weight("critic.1.bias"), _a2);
        _relu.Forward(_a2, kept2, Leak, _a2, _s2);
        _linear.Forward(_a2, W("critic.2"), Weights.Weight("critic.2.bias"), scores);
        return scores;
    }

    /// <summary>Adds to the weights' gradients, from the first rows of the last batch, as many as dScores has.</summary>
    internal void Backward(Tensor dScores, Workspace workspace)
    {
        int rows = dScores.Rows;
        Tensor d2 = workspace.Take(rows, hidden), d1 = workspace.Take(rows, hidden);
        _linear.Backward(
            dScores, _a2.Slice(0, rows), W("critic.2"), d2, Weights.Gradient("critic.2.weight"), Weights.Gradient("critic.2.bias"));
        _relu.Backward(d2, _s2.Slice(0, rows), d2);
        _linear.Backward(
            d2, _a1.Slice(0, rows), W("critic.1"), d1, Weights.Gradient("critic.1.weight"), Weights.Gradient("critic.1.bias"));
        _relu.Backward(d1, _s1.Slice(0, rows), d1);
        _linear.BackwardWeights(
            d1, _x.Slice(0, rows), Weights.Gradient("critic.0.weight"), Weights.Gradient("critic.0.bias"));
    }

    /// <summary>Gives <c>dx</c> of all rows of the last batch, and leaves the weights' gradients as they are.</summary>
    internal Tensor InputGradient(Tensor dScores, Workspace workspace) =>
        Slope(dScores, 0, workspace).Gradient;

    /// <summary>
    /// Adds the gradient of <c>λ mean (‖dc/dx‖ − 1)²</c> over some rows of the last batch, and gives the penalty of each.
    /// </summary>
    internal Tensor Penalize(int first, int count, float weight, Workspace workspace)
    {
        var ones = Ones(count, workspace);
        var (u2, u1, g) = Slope(ones, first, workspace);
        Tensor d1 = workspace.Take(count, hidden), d2 = workspace.Take(count, hidden), penalties = workspace.Take(count, 1);
        _penalty.Measure(g, weight, g, penalties); // g is now v
        _linear.BackwardWeights(u1, g, Weights.Gradient("critic.0.weight"), null);
        _linear.Forward(g, W("critic.0"), null, d1);
        _relu.Backward(d1, _s1.Slice(first, count), d1);
        _linear.BackwardWeights(u2, d1, Weights.Gradient("critic.1.weight"), null);
        _linear.Forward(d1, W("critic.1"), null, d2);
        _relu.Backward(d2, _s2.Slice(first, count), d2);
        _linear.BackwardWeights(ones, d2, Weights.Gradient("critic.2.weight"), null);
        return penalties;
    }

    // The scores' slope at rows of the last batch, each times its dScore, and what lies on the way.
    (Tensor U2, Tensor U1, Tensor Gradient) Slope(Tensor dScores, int first, Workspace workspace)
    {
        int count = dScores.Rows;
        Tensor u2 = workspace.Take(count, hidden), u1 = workspace.Take(count, hidden), g = workspace.Take(count, inputs);
        _product.Multiply(dScores, W("critic.2"), u2);
        _relu.Backward(u2, _s2.Slice(first, count), u2);
        _product.Multiply(u2, W("critic.1"), u1);
        _relu.Backward(u1, _s1.Slice(first, count), u1);
        _product.Multiply(u1, W("critic.0"), g);
        return (u2, u1, g);
    }

    static Tensor Ones(int rows, Workspace workspace)
    {
        var ones = workspace.Take(rows, 1);
        var values = new float[rows];
        Array.Fill(values, 1);
        ones.CopyFrom(values);
        return ones;
    }

    Tensor W(string name) => Weights.Weight(name + ".weight");

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();
}
