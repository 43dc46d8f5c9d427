using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class Covariance
{
    internal sealed class Gpu(GpuDevice device) : Covariance
    {
        const int Tile = 16;

        readonly int _tile = device.GroupSide(Tile);

        readonly Action<KernelConfig, CentreArgs> _centre = device.Accelerator.LoadStreamKernel<CentreArgs>(CentreKernel);
        readonly Action<KernelConfig, TileArgs> _multiply = device.Accelerator.LoadStreamKernel<TileArgs>(TileKernel);

        internal readonly record struct CentreArgs(ArrayView<double> Data, int Rows);

        // One group per column; its threads stride over the rows and meet in a group reduction.
        internal static void CentreKernel(CentreArgs args)
        {
            var column = args.Data.SubView((long)Grid.IdxX * args.Rows, args.Rows);
            double sum = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                sum += column[row];
            }

            double mean = GroupSum.Of(sum) / args.Rows;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                column[row] -= mean;
            }
        }

        internal readonly record struct TileArgs(ArrayView<double> Data, ArrayView<double> Covariance, int Rows, int Columns);

        // One group of tile × tile threads per tile of C on or above the diagonal; rows pass through shared memory.
        internal static void TileKernel(TileArgs args)
        {
            if (Grid.IdxX < Grid.IdxY)
            {
                return;
            }

            // One spare element per row of the tile, so that threads with neighbouring j read different banks.
            var left = SharedMemory.Allocate<double>(Tile * (Tile + 1));
            var right = SharedMemory.Allocate<double>(Tile * (Tile + 1));
            int tile = Group.DimX, pitch = Group.DimX + 1, x = Group.IdxX, y = Group.IdxY;
            int i = Grid.IdxY * tile + y, j = Grid.IdxX * tile + x, loaded = Grid.IdxX * tile + y;

            double sum = 0;
            for (int start = 0; start < args.Rows; start += tile)
            {
                // x runs over rows here, so that a warp reads neighbours.
                int row = start + x;
                left[y * pitch + x] = row < args.Rows && i < args.Columns ? args.Data[(long)i * args.Rows + row] : 0;
                right[y * pitch + x] = row < args.Rows && loaded < args.Columns ? args.Data[(long)loaded * args.Rows + row] : 0;
                Group.Barrier();
                for (int k = 0; k < tile; k++)
                {
                    sum += left[y * pitch + k] * right[x * pitch + k];
                }

                Group.Barrier();
            }

            if (i <= j && j < args.Columns)
            {
                double value = sum / (args.Rows - 1);
                args.Covariance[i * args.Columns + j] = value;
                args.Covariance[j * args.Columns + i] = value;
            }
        }

        private protected override void ComputeOn(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance)
        {
            _centre(new KernelConfig(columns, device.GroupSize(256)), new(data.View, rows));
            int tiles = (columns + _tile - 1) / _tile;
            _multiply(
                new KernelConfig(new Index2D(tiles, tiles), new Index2D(_tile, _tile)), new(data.View, covariance.View, rows, columns));
        }

        private protected override void ComputeFrom(
            IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, DeviceArray<double> covariance)
        {
            using var data = device.Allocate<double>(checked(rows * columns.Count));
            for (int column = 0; column < columns.Count; column++)
            {
                data.CopyFrom(columns[column].Span, column * rows);
            }

            ComputeOn(data, rows, columns.Count, covariance);
        }
    }
}
