using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Brings all singular values of a matrix near 1 and keeps its singular vectors: <c>X ← X / ‖X‖; X ← (a I + b A + c A²) X</c>
/// with <c>A = X Xᵀ</c>, some times over.
/// </summary>
/// <remarks>
/// Jordan et al. (2024), "Muon": a, b, c = 3.4445, −4.7750, 2.0315, so that a singular value σ becomes
/// <c>a σ + b σ³ + c σ⁵</c>. Small ones grow by a each time, and what has reached 0.3 stays between 0.68 and 1.21: five
/// times bring all above 0.0015 of the norm there. ‖X‖ is Frobenius's. A is the smaller of X Xᵀ and Xᵀ X, with which X is
/// multiplied from the right.
/// </remarks>
public abstract class NewtonSchulz
{
    internal const float A = 3.4445f, B = -4.7750f, C = 2.0315f, Epsilon = 1e-7f;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static NewtonSchulz On(ComputeDevice device) =>
        device.Choose<NewtonSchulz>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Replaces <paramref name="matrix"/>, of any shape; a GPU takes scratch from <paramref name="workspace"/>.</summary>
    public abstract void Orthogonalize(Tensor matrix, int iterations, Workspace workspace);

    // ---- GPU: the products, and one thread per element between them ----

    internal sealed class Gpu(GpuDevice device) : NewtonSchulz
    {
        readonly MatrixMultiply _product = MatrixMultiply.On(device);
        readonly GradientNorm _norm = GradientNorm.On(device);

        readonly Action<Index1D, ScaleArgs> _scale =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ScaleArgs>(ScaleKernel);

        readonly Action<Index1D, PolynomialArgs> _polynomial =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, PolynomialArgs>(PolynomialKernel);

        internal readonly record struct ScaleArgs(ArrayView<float> X, ArrayView<float> Norm, ArrayView<float> Y);

        internal static void ScaleKernel(Index1D i, ScaleArgs args) => args.Y[i] = args.X[i] / (args.Norm[0] + Epsilon);

        internal readonly record struct PolynomialArgs(ArrayView<float> Gram, ArrayView<float> Square, int Side);

        internal static void PolynomialKernel(Index1D i, PolynomialArgs args) =>
            args.Square[i] = B * args.Gram[i] + C * args.Square[i] + (i / args.Side == i % args.Side ? A : 0);

        public override void Orthogonalize(Tensor matrix, int iterations, Workspace workspace)
        {
            int side = Math.Min(matrix.Rows, matrix.Width);
            bool tall = matrix.Rows > matrix.Width;
            Tensor norm = workspace.Take(1, 1), other = workspace.Take(matrix.Rows, matrix.Width);
            Tensor gram = workspace.Take(side, side), square = workspace.Take(side, side);
            _norm.Measure(matrix, norm);

            // The last product is to write the matrix itself.
            Tensor x = iterations % 2 == 0 ? matrix : other, y = iterations % 2 == 0 ? other : matrix;
            _scale(matrix.Length, new(matrix.View, norm.View, x.View));
            for (int i = 0; i < iterations; i++, (x, y) = (y, x))
            {
                _product.Multiply(x, x, gram, transposeA: tall, transposeB: !tall);
                _product.Multiply(gram, gram, square);
                _polynomial(square.Length, new(gram.View, square.View, side));
                _product.Multiply(tall ? x : square, tall ? square : x, y);
            }
        }
    }

    // ---- CPU: one matrix on one thread, for there are as many as a model has; they stay in its cache ----

    internal sealed unsafe class Cpu(CpuDevice device) : NewtonSchulz
    {
        [ThreadStatic]
        static float[]? _scratch;

        public override void Orthogonalize(Tensor matrix, int iterations, Workspace workspace) =>
            Orthogonalize(matrix.Start, matrix.Rows, matrix.Width, iterations);

        internal void Orthogonalize(float* matrix, int rows, int width, int iterations)
        {
            int side = Math.Min(rows, width), length = rows * width;
            bool tall = rows > width;
            if (_scratch is null || _scratch.Length < length + 2 * side * side)
            {
                _scratch = GC.AllocateUninitializedArray<float>(length + 2 * side * side, pinned: true);
            }

            fixed (float* scratch = _scratch)
            {
                // The last product is to write the matrix itself.
                float* gram = scratch, square = gram + side * side, other = square + side * side;
                float* x = iterations % 2 == 0 ? matrix : other, y = iterations % 2 == 0 ? other : matrix;
                var values = new ReadOnlySpan<float>(matrix, length);
                float norm = MathF.Sqrt(FixedOrder.SumOfSquares(values));
                System.Numerics.Tensors.TensorPrimitives.Divide(values, norm + Epsilon, new Span<float>(x, length));
                for (int i = 0; i < iterations; i++)
                {
                    Multiply(side, side, tall ? rows : width, x, width, tall, x, width, !tall, gram);
                    Multiply(side, side, side, gram, side, false, gram, side, false, square);
                    Polynomial(gram, square, side);
                    if (tall)
                    {
                        Multiply(rows, width, side, x, width, false, square, side, false, y);
                    }
                    else
                    {
                        Multiply(rows, width, side, square, side, false, x, width, false, y);
                    }

                    float* written = y;
                    y = x;
                    x = written;
                }
            }
        }

        static void Polynomial(float* gram, float* square, int side)
        {
            int i = 0;
            for (; i + 8 <= side * side; i += 8)
            {
                (Vector256.Load(gram + i) * B + Vector256.Load(square + i) * C).Store(square + i);
            }

            for (; i < side * side; i++)
            {
                square[i] = gram[i] * B + square[i] * C;
            }

            for (i = 0; i < side; i++)
            {
                square[i * side + i] += A;
            }
        }

        // C (m, n) = op(A) · op(B) on this thread.
        void Multiply(
            int m, int n, int k, float* a, int strideA, bool transposeA, float* b, int strideB, bool transposeB, float* c)
        {
            if (device.Blas is { } blas)
            {
                blas.Multiply(m, n, k, a, strideA, transposeA, b, strideB, transposeB, 0, c, n);
            }
            else
            {
                MatrixMultiply.Cpu.MultiplyBlock(m, n, k, a, strideA, transposeA, b, strideB, transposeB, c, n, accumulate: false);
            }
        }
    }
}
