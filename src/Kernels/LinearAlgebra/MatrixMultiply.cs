using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>The product of two matrices: <c>C = op(A) · op(B) + β · C</c>, where op may transpose.</summary>
/// <remarks>
/// Shapes: op(A) is (m, k), op(B) is (k, n), C is (m, n), all row-major. β is 0 (C is assigned, whatever it held) or
/// 1 (C accumulates). Each element's sum runs over k in one fixed order, so the number of threads never changes a bit.
/// </remarks>
public abstract partial class MatrixMultiply
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static MatrixMultiply On(ComputeDevice device) =>
        device.Choose<MatrixMultiply>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes C = op(A) · op(B), or adds it to C.</summary>
    public abstract void Multiply(
        Tensor a, Tensor b, Tensor c, bool transposeA = false, bool transposeB = false, bool accumulate = false);

    /// <summary>(m, n, k) of the product, after checking that the shapes fit.</summary>
    static (int M, int N, int K) Shape(Tensor a, Tensor b, Tensor c, bool transposeA, bool transposeB)
    {
        var (m, k) = transposeA ? (a.Width, a.Rows) : (a.Rows, a.Width);
        var (kb, n) = transposeB ? (b.Width, b.Rows) : (b.Rows, b.Width);
        if (k != kb || c.Rows != m || c.Width != n)
        {
            throw new ArgumentException($"Cannot write ({m}, {k}) · ({kb}, {n}) into ({c.Rows}, {c.Width}).");
        }

        return (m, n, k);
    }
}
