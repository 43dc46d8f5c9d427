using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Neighbours;

public abstract partial class NearestNeighbours
{
    internal sealed class Gpu(GpuDevice device) : NearestNeighbours
    {
        readonly Action<Index1D, FindArgs> _find = device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, FindArgs>(FindKernel);

        internal readonly record struct FindArgs(
            ArrayView<float> Cells, ArrayView<int> Queries, ArrayView<int> Nearest, ArrayView<float> Squares,
            int Rows, int Stride, int Numbers, int Codes, float Mismatch, int Count);

        // One thread per query: a warp's threads look at the same point at once, and each keeps its nearest in order.
        internal static void FindKernel(Index1D thread, FindArgs args)
        {
            int query = args.Queries[thread], start = thread * args.Count, last = start + args.Count - 1;
            for (int k = start; k <= last; k++)
            {
                args.Squares[k] = float.PositiveInfinity;
            }

            float worst = float.PositiveInfinity;
            for (int row = 0; row < args.Rows; row++)
            {
                int differing = 0;
                for (int c = args.Numbers; c < args.Numbers + args.Codes; c++)
                {
                    differing += args.Cells[c * args.Stride + row] == args.Cells[c * args.Stride + query] ? 0 : 1;
                }

                float square = args.Mismatch * differing;
                for (int c = 0; c < args.Numbers; c++)
                {
                    float difference = args.Cells[c * args.Stride + row] - args.Cells[c * args.Stride + query];
                    square += difference * difference;
                }

                if (square < worst && row != query)
                {
                    int place = last;
                    while (place > start && args.Squares[place - 1] > square)
                    {
                        args.Squares[place] = args.Squares[place - 1];
                        args.Nearest[place] = args.Nearest[place - 1];
                        place--;
                    }

                    args.Squares[place] = square;
                    args.Nearest[place] = row;
                    worst = args.Squares[last];
                }
            }
        }

        private protected override int[] FindAmong(PointSet points, int[] queries, int count, CancellationToken cancellation)
        {
            using var cells = device.Allocate<float>(points.Cells);
            using var asking = device.Allocate<int>(queries);
            using var nearest = device.Allocate<int>(checked(queries.Length * count));
            using var squares = device.Allocate<float>(nearest.Length);
            _find(queries.Length, new(
                cells.View, asking.View, nearest.View, squares.View,
                points.Rows, points.Stride, points.Numbers, points.Codes, points.Mismatch, count));
            var found = new int[nearest.Length];
            nearest.CopyTo(found);
            return found;
        }
    }
}
