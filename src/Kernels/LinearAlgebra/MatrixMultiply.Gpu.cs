using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class MatrixMultiply
{
    // By cuBLAS where the device has it. Our own kernel: one group of threads per block of C, a thread for a patch of it, which it
    // keeps in registers while strips of A and B pass through shared memory.
    internal sealed class Gpu(GpuDevice device) : MatrixMultiply
    {
        // Threads of a side of a group; the emulator has fewer.
        const int Side = 16;

        // Elements of a side of a patch, and of a strip's depth. A spare element a line of the strip keeps writes off each other's banks.
        const int PatchSide = 4, Depth = 16, MostPitch = Side * PatchSide + 1;

        readonly int _side = device.GroupSide(Side);

        readonly Action<KernelConfig, MultiplyArgs> _multiply =
            device.Accelerator.LoadStreamKernel<MultiplyArgs>(MultiplyKernel);

        // A factor as the kernel reads it: lines are rows of A or columns of B; depth is what is summed over.
        internal readonly record struct Factor(ArrayView<float> Values, int Lines, int LineStride, int DepthStride);

        internal readonly record struct MultiplyArgs(Factor A, Factor B, ArrayView<float> C, int Depth, int Accumulate);

        internal static void MultiplyKernel(MultiplyArgs args)
        {
            var stripA = SharedMemory.Allocate<float>(Depth * MostPitch);
            var stripB = SharedMemory.Allocate<float>(Depth * MostPitch);
            int side = Group.DimX, block = side * PatchSide, pitch = block + 1;
            int x = Group.IdxX, y = Group.IdxY, firstRow = Grid.IdxY * block, firstColumn = Grid.IdxX * block;

            Patch<Quad> sums = default;
            for (int start = 0; start < args.Depth; start += Depth)
            {
                Load(args.A, firstRow, start, args.Depth, stripA);
                Load(args.B, firstColumn, start, args.Depth, stripB);
                Group.Barrier();
                for (int k = 0; k < Depth; k++)
                {
                    sums = sums.Add(Quad.Read(stripA, k * pitch + y, side), Quad.Read(stripB, k * pitch + x, side));
                }

                Group.Barrier();
            }

            // A thread's rows and columns are a group's side apart, so that neighbours read and write neighbours.
            Store(args, firstRow + y, firstColumn + x, side, sums.First);
            Store(args, firstRow + y + side, firstColumn + x, side, sums.Second);
            Store(args, firstRow + y + 2 * side, firstColumn + x, side, sums.Third);
            Store(args, firstRow + y + 3 * side, firstColumn + x, side, sums.Fourth);
        }

        // Neighbouring threads read neighbours in memory, whichever way the factor lies.
        static void Load(Factor factor, int firstLine, int firstDepth, int depth, ArrayView<float> strip)
        {
            int lines = Group.DimX * PatchSide, threads = Group.DimX * Group.DimY;
            bool depthFirst = factor.DepthStride == 1;
            for (int element = Group.IdxY * Group.DimX + Group.IdxX; element < lines * Depth; element += threads)
            {
                int i = depthFirst ? element / Depth : element % lines, k = depthFirst ? element % Depth : element / lines;
                int line = firstLine + i, at = firstDepth + k;
                strip[k * (lines + 1) + i] =
                    line < factor.Lines && at < depth ? factor.Values[line * factor.LineStride + at * factor.DepthStride] : 0;
            }
        }

        static void Store(MultiplyArgs args, int row, int column, int side, Quad sums)
        {
            if (row < args.A.Lines)
            {
                int first = row * args.B.Lines;
                sums.Write(args.C, first + column, side, first + args.B.Lines, args.Accumulate);
            }
        }

        public override void Multiply(Tensor a, Tensor b, Tensor c, bool transposeA, bool transposeB, bool accumulate)
        {
            var (m, n, k) = Shape(a, b, c, transposeA, transposeB);
            if (m == 0 || n == 0)
            {
                return;
            }

            if (device.CuBlas is { } library)
            {
                Multiply(device, library, a, b, c, m, n, k, transposeA, transposeB, accumulate);
                return;
            }

            var (rowA, depthA) = transposeA ? (1, a.Width) : (a.Width, 1);
            var (columnB, depthB) = transposeB ? (b.Width, 1) : (1, b.Width);
            int block = _side * PatchSide;
            _multiply(
                new KernelConfig(new Index2D((n + block - 1) / block, (m + block - 1) / block), new Index2D(_side, _side)),
                new(new(a.View, m, rowA, depthA), new(b.View, n, columnB, depthB), c.View, k, accumulate ? 1 : 0));
        }

        internal static void Multiply(
            GpuDevice device, CuBlas library, Tensor a, Tensor b, Tensor c, int m, int n, int k, bool transposeA, bool transposeB,
            bool accumulate)
        {
            // A sum of nothing reads neither factor, and cuBLAS wants leading dimensions of one at least.
            device.Accelerator.Bind();
            library.Multiply(
                m, n, k, Address(a), Math.Max(1, a.Width), transposeA, Address(b), Math.Max(1, b.Width), transposeB, accumulate,
                Address(c));
        }

        static nint Address(Tensor tensor) => tensor.Length == 0 ? 0 : tensor.View.LoadEffectiveAddressAsPtr();
    }
}
