using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>A linear layer: <c>y = x · Wᵀ + bias</c>, with or without a bias.</summary>
/// <remarks>
/// Shapes: x, dx are (rows, in); weight, dWeight are (out, in), as PyTorch stores them; bias, dBias are (1, out);
/// y, dy are (rows, out). Backward: <c>dx = dy · W</c>, assigned or added to the residual stream;
/// <c>dWeight += dyᵀ · x</c>; <c>dBias += Σ dy</c> over rows.
/// </remarks>
public abstract partial class Linear
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Linear On(ComputeDevice device) => device.Choose<Linear>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y, or adds to it.</summary>
    public abstract void Forward(Tensor x, Tensor weight, Tensor? bias, Tensor y, bool accumulate = false);

    /// <summary>A weight as <see cref="ForwardPacked"/> reads it: laid out once for many calls, or as it is.</summary>
    /// <param name="weight">The weight (out, in).</param>
    /// <param name="workspace">Where a weight that is laid out anew gets its place.</param>
    internal abstract Tensor Pack(Tensor weight, Workspace workspace);

    /// <summary>As <see cref="Forward"/>, of a weight that <see cref="Pack"/> gave; several threads may call it at once.</summary>
    internal abstract void ForwardPacked(Tensor x, Tensor packed, Tensor? bias, Tensor y, bool accumulate = false);

    /// <summary>Writes dx, or adds to it, and adds to dWeight and dBias.</summary>
    public abstract void Backward(
        Tensor dy, Tensor x, Tensor weight, Tensor dx, Tensor dWeight, Tensor? dBias, bool accumulate = false);

    /// <summary>Adds to dWeight and dBias only: for the first layer, whose input needs no gradient.</summary>
    public abstract void BackwardWeights(Tensor dy, Tensor x, Tensor dWeight, Tensor? dBias);
}
