using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Second and fourth moments of two groups of columns: Σₜ xᵢ yⱼ, and Σₜ (xᵢ xₖ)(yⱼ yₗ).</summary>
/// <remarks>
/// Shapes: x and y are (rows, width) column by column. The first width² sums are Σ xᵢ yⱼ at i + j · width; then follow
/// those of the products, (pairs, pairs) with pairs = width (width + 1) / 2 and the pair i ≥ k at i (i + 1) / 2 + k, at
/// (pair of x) + (pair of y) · pairs. Rows are summed in blocks of fixed size, whatever the threads.
/// </remarks>
abstract class FeatureMoments
{
    // Rows to a task of the CPU or a thread of the GPU: short sums keep rounding low, too.
    const int RowBlock = 4096;

    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static FeatureMoments On(ComputeDevice device) =>
        device.Choose<FeatureMoments>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>How many sums there are.</summary>
    public static int Length(int width) => width * width + Pairs(width) * Pairs(width);

    /// <summary>Writes the sums over all rows.</summary>
    public void Compute(double[] x, double[] y, int rows, int width, Span<double> sums)
    {
        int length = Length(width), blocks = (rows + RowBlock - 1) / RowBlock;
        var partial = new double[blocks * length];
        Compute(x, y, rows, width, blocks, partial);
        sums[..length].Clear();
        for (int block = 0; block < blocks; block++)
        {
            TensorPrimitives.Add<double>(sums[..length], partial.AsSpan(block * length, length), sums);
        }
    }

    private protected abstract void Compute(double[] x, double[] y, int rows, int width, int blocks, double[] partial);

    static int Pairs(int width) => width * (width + 1) / 2;

    internal sealed class Gpu(GpuDevice device) : FeatureMoments
    {
        readonly Action<Index1D, MomentArgs> _moments =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MomentArgs>(MomentKernel);

        internal readonly record struct MomentArgs(
            ArrayView<double> X, ArrayView<double> Y, ArrayView<double> Sums, int Rows, int Width, int Length);

        // One thread per sum of a block of rows.
        internal static void MomentKernel(Index1D index, MomentArgs args)
        {
            int which = index % args.Length, start = index / args.Length * RowBlock;
            int end = start + RowBlock < args.Rows ? start + RowBlock : args.Rows;
            int squares = args.Width * args.Width;
            bool fourth = which >= squares;
            int pairs = args.Width * (args.Width + 1) / 2;
            int left = fourth ? (which - squares) % pairs : which % args.Width;
            int right = fourth ? (which - squares) / pairs : which / args.Width;
            int i = fourth ? RowOf(left) : left, j = fourth ? RowOf(right) : right;
            int k = left - i * (i + 1) / 2, l = right - j * (j + 1) / 2;
            double sum = 0;
            for (int row = start; row < end; row++)
            {
                double product = args.X[i * args.Rows + row] * args.Y[j * args.Rows + row];
                sum += fourth ? product * args.X[k * args.Rows + row] * args.Y[l * args.Rows + row] : product;
            }

            args.Sums[index] = sum;
        }

        // The row of a lower triangle in which this element lies.
        static int RowOf(int pair)
        {
            int row = 0;
            while ((row + 1) * (row + 2) / 2 <= pair)
            {
                row++;
            }

            return row;
        }

        private protected override void Compute(double[] x, double[] y, int rows, int width, int blocks, double[] partial)
        {
            using var left = device.Allocate<double>(x);
            using var right = device.Allocate<double>(y);
            using var sums = device.Allocate<double>(partial.Length);
            _moments(partial.Length, new(left.View, right.View, sums.View, rows, width, Length(width)));
            sums.CopyTo(partial);
        }
    }

    internal sealed unsafe class Cpu(CpuDevice device) : FeatureMoments
    {
        // 2 · 15 products of 128 rows are 30 KiB: they are read from the first-level cache.
        const int Chunk = 128;

        private protected override void Compute(double[] x, double[] y, int rows, int width, int blocks, double[] partial)
        {
            int pairs = Pairs(width), length = Length(width);
            var tiles = ColumnTiles.Widest;
            int padded = tiles.Padded(pairs), packed = padded * ColumnTiles.Stride;
            device.For(blocks, block =>
            {
                int first = block * RowBlock, end = Math.Min(first + RowBlock, rows);
                fixed (double* px = x, py = y, to = &partial[block * length])
                {
                    ColumnProducts.Inner(px + first, width, py + first, width, end - first, rows, to, tiles);
                    double* left = ColumnProducts.Room(2 * packed + padded * padded), right = left + packed, sums = right + packed;
                    new Span<double>(left, 2 * packed + padded * padded).Clear();
                    for (int start = first; start < end; start += Chunk)
                    {
                        int count = Math.Min(Chunk, end - start);
                        Multiply(px + start, rows, count, width, left);
                        Multiply(py + start, rows, count, width, right);
                        for (int strip = 0; strip < pairs; strip += tiles.Strip)
                        {
                            tiles.AddStrip(left, pairs, right, pairs, strip, count, sums, padded);
                        }
                    }

                    for (int j = 0; j < pairs; j++)
                    {
                        new Span<double>(sums + j * padded, pairs).CopyTo(new(to + width * width + j * pairs, pairs));
                    }
                }
            });
        }

        // All products of two columns, packed.
        static void Multiply(double* columns, int rows, int count, int width, double* packed)
        {
            for (int i = 0; i < width; i++)
            {
                for (int k = 0; k <= i; k++, packed += ColumnTiles.Stride)
                {
                    var products = new Span<double>(packed, Chunk);
                    ReadOnlySpan<double> one = new(columns + (long)i * rows, count), other = new(columns + (long)k * rows, count);
                    TensorPrimitives.Multiply(one, other, products);
                    products[count..].Clear();
                }
            }
        }
    }
}
