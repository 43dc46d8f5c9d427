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
        // Threads of a side of a group. The emulator runs one OS thread each, and at most 16 of them in a group by default.
        const int Side = 16, EmulatedSide = 4;

        // Elements of a side of a patch, and of a strip's depth. A spare element a line of the strip keeps writes off each other's banks.
        const int Patch = 4, Depth = 16, MostPitch = Side * Patch + 1;

        readonly int _side = device.Kind == DeviceKind.Emulated ? EmulatedSide : Side;

        readonly Action<KernelConfig, MultiplyArgs> _multiply =
            device.Accelerator.LoadStreamKernel<MultiplyArgs>(MultiplyKernel);

        // A factor as the kernel reads it: lines are rows of A or columns of B; depth is what is summed over.
        internal readonly record struct Factor(ArrayView<float> Values, int Lines, int LineStride, int DepthStride);

        internal readonly record struct MultiplyArgs(Factor A, Factor B, ArrayView<float> C, int Depth, int Accumulate);

        // Four neighbours of a row of C, a group's side apart.
        internal readonly record struct Quad(float First, float Second, float Third, float Fourth)
        {
            internal Quad Add(float a, Quad b) =>
                new(First + a * b.First, Second + a * b.Second, Third + a * b.Third, Fourth + a * b.Fourth);
        }

        internal static void MultiplyKernel(MultiplyArgs args)
        {
            var stripA = SharedMemory.Allocate<float>(Depth * MostPitch);
            var stripB = SharedMemory.Allocate<float>(Depth * MostPitch);
            int side = Group.DimX, block = side * Patch, pitch = block + 1;
            int x = Group.IdxX, y = Group.IdxY, firstRow = Grid.IdxY * block, firstColumn = Grid.IdxX * block;

            Quad row0 = default, row1 = default, row2 = default, row3 = default;
            for (int start = 0; start < args.Depth; start += Depth)
            {
                Load(args.A, firstRow, start, args.Depth, stripA);
                Load(args.B, firstColumn, start, args.Depth, stripB);
                Group.Barrier();
                for (int k = 0; k < Depth; k++)
                {
                    int a = k * pitch + y, b = k * pitch + x;
                    var columns = new Quad(stripB[b], stripB[b + side], stripB[b + 2 * side], stripB[b + 3 * side]);
                    row0 = row0.Add(stripA[a], columns);
                    row1 = row1.Add(stripA[a + side], columns);
                    row2 = row2.Add(stripA[a + 2 * side], columns);
                    row3 = row3.Add(stripA[a + 3 * side], columns);
                }

                Group.Barrier();
            }

            Store(args, firstRow + y, firstColumn + x, side, row0);
            Store(args, firstRow + y + side, firstColumn + x, side, row1);
            Store(args, firstRow + y + 2 * side, firstColumn + x, side, row2);
            Store(args, firstRow + y + 3 * side, firstColumn + x, side, row3);
        }

        // Neighbouring threads read neighbours in memory, whichever way the factor lies.
        static void Load(Factor factor, int firstLine, int firstDepth, int depth, ArrayView<float> strip)
        {
            int lines = Group.DimX * Patch, threads = Group.DimX * Group.DimY;
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
            Store(args, row, column, sums.First);
            Store(args, row, column + side, sums.Second);
            Store(args, row, column + 2 * side, sums.Third);
            Store(args, row, column + 3 * side, sums.Fourth);
        }

        static void Store(MultiplyArgs args, int row, int column, float sum)
        {
            if (row < args.A.Lines && column < args.B.Lines)
            {
                int at = row * args.B.Lines + column;
                args.C[at] = args.Accumulate != 0 ? args.C[at] + sum : sum;
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
            int block = _side * Patch;
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
