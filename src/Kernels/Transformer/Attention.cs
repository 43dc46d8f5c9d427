using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Softmax attention, a head at a time: <c>o = softmax(q · kᵀ / √headWidth) · v</c>.</summary>
/// <remarks>
/// Shapes: q, o, dq, dAttended are (query tokens, width); keyValue, dKeyValue are (key tokens, 2 · width), keys in the first
/// half of a row and values in the second (of head 0 alone, (key tokens, 2 · headWidth), if the shape lets all queries attend to that);
/// logSumExp is (query tokens, heads). Forward may write o over q.
/// Dao et al. (2022), "FlashAttention": scores exist a tile at a time, shifted by a running bound. Forward saves the log of
/// each softmax's denominator; Backward recomputes <c>p = exp(s − logSumExp)</c>, and with <c>δ = Σ dAttended · o</c>:
/// <c>dv = pᵀ dAttended; ds = p (dAttended vᵀ − δ); dq = ds k / √headWidth; dk = dsᵀ q / √headWidth</c>.
/// </remarks>
public abstract partial class Attention
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Attention On(ComputeDevice device) =>
        device.Choose<Attention>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes o and logSumExp.</summary>
    public abstract void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp);

    /// <summary>Writes dq; writes dKeyValue, or adds to it when these keys have been attended to by other queries too.</summary>
    public abstract void Backward(
        in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
        Tensor dq, Tensor dKeyValue, bool accumulate = false);
}
