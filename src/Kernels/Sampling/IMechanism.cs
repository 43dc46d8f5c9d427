using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// A structural equation x := f(predictor, noise), where the predictor is linear in a basis of the parents.
/// </summary>
/// <remarks>
/// A type, not an object: the sampler is compiled once for each, with the equation inlined in its loop.
/// </remarks>
public interface IMechanism
{
    /// <summary>The child's value in one row: the body that becomes the GPU kernel.</summary>
    static abstract float Evaluate(float predictor, float noise);

    /// <summary>The child's value in eight rows: the body of the CPU's loop.</summary>
    static abstract Vector256<float> Evaluate(Vector256<float> predictor, Vector256<float> noise);
}
