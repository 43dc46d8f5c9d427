using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class MatrixMultiply
{
    // By cuBLAS where the device has it. Our own kernel: one group of Tile × Tile threads per tile of C; the tiles of A and B pass
    // through shared memory, k by k.
    internal sealed class Gpu(GpuDevice device) : MatrixMultiply
    {
        // The emulator runs one OS thread per lane, and at most 16 of them in a group by default.
        internal const int Tile = 16, EmulatedTile = 4;

        readonly int _tile = device.Kind == DeviceKind.Emulated ? EmulatedTile : Tile;

        readonly Action<KernelConfig, MultiplyArgs> _multiply =
            device.Accelerator.LoadStreamKernel<MultiplyArgs>(MultiplyKernel);

        internal readonly record struct MultiplyArgs(
            ArrayView<float> A, ArrayView<float> B, ArrayView<float> C,
            int M, int N, int K, int RowStrideA, int ColumnStrideA, int RowStrideB, int ColumnStrideB, int Accumulate);

        internal static void MultiplyKernel(MultiplyArgs args)
        {
            var tileA = SharedMemory.Allocate<float>(Tile * Tile);
            var tileB = SharedMemory.Allocate<float>(Tile * Tile);
            int tile = Group.DimX;
            int x = Group.IdxX, y = Group.IdxY;
            int row = Grid.IdxY * tile + y, column = Grid.IdxX * tile + x;

            float sum = 0;
            for (int start = 0; start < args.K; start += tile)
            {
                int ka = start + x, kb = start + y;
                tileA[y * tile + x] = row < args.M && ka < args.K ? args.A[row * args.RowStrideA + ka * args.ColumnStrideA] : 0;
                tileB[y * tile + x] = kb < args.K && column < args.N ? args.B[kb * args.RowStrideB + column * args.ColumnStrideB] : 0;
                Group.Barrier();
                for (int k = 0; k < tile; k++)
                {
                    sum += tileA[y * tile + k] * tileB[k * tile + x];
                }

                Group.Barrier();
            }

            if (row < args.M && column < args.N)
            {
                int at = row * args.N + column;
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

            var (rowA, columnA) = transposeA ? (1, a.Width) : (a.Width, 1);
            var (rowB, columnB) = transposeB ? (1, b.Width) : (b.Width, 1);
            _multiply(
                new KernelConfig(new Index2D((n + _tile - 1) / _tile, (m + _tile - 1) / _tile), new Index2D(_tile, _tile)),
                new(a.View, b.View, c.View, m, n, k, rowA, columnA, rowB, columnB, accumulate ? 1 : 0));
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
