using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Attention without softmax, a head at a time: <c>o = φ(q) (φ(k)ᵀ v) / (φ(q) · Σ φ(k) + 1e-8)</c>, with
/// <c>φ(z) = max(0, z / √headWidth) + 1e-6</c>. Its cost is linear in queries and keys.
/// </summary>
/// <remarks>
/// Shapes are those of <see cref="Attention"/>, without logSumExp: q, o, dq, dAttended are (query tokens, width); keyValue,
/// dKeyValue are (key tokens, 2 · width), or (key tokens, 2 · headWidth) of head 0 alone; Forward may write o over q.
/// Katharopoulos et al. (2020), "Transformers are RNNs", with TinyPFN's φ.
/// Forward saves nothing but o. Backward sums <c>S = φ(k)ᵀ v</c> and <c>z = Σ φ(k)</c> anew, which costs a pass over the keys,
/// and with <c>D = φ(q) · z + 1e-8</c>, <c>n = dAttended / D</c> and <c>e = −(n · o)</c>:
/// <c>dφ(q) = n Sᵀ + e z; dS = φ(q)ᵀ n; dz = φ(q)ᵀ e; dφ(k) = v dSᵀ + dz; dv = φ(k) dS</c>.
/// The gradient of φ is 1 / √headWidth above 0 and nothing at or below it.
/// </remarks>
public abstract partial class LinearAttention
{
    // Keeps φ positive, and D away from 0.
    internal const float Floor = 1e-6f, Epsilon = 1e-8f;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static LinearAttention On(ComputeDevice device) =>
        device.Choose<LinearAttention>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes o.</summary>
    public abstract void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o);

    /// <summary>Writes dq; writes dKeyValue, or adds to it when these keys have been attended to by other queries too.</summary>
    public abstract void Backward(
        in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor dq, Tensor dKeyValue,
        bool accumulate = false);
}
