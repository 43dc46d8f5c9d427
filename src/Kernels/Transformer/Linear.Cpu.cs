using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Linear
{
    // Weights here are small (at most a few hundred squared) and rows many, so the weights are packed into panels once a
    // call and rows are read in place: packing both, as the general product does, costs a third of the time at in = 96.
    // A native library that the device was asked to use multiplies here too.
    internal sealed unsafe class Cpu(CpuDevice device) : Linear
    {
        // 96 rows of 96 floats are 36 KiB: they stay in L2 while the panels pass over them.
        const int RowsPerBlock = 96;

        // The sum over rows of dWeight: 128 rows of a 48-wide slice of dy and a panel of x fit in L1, and slices of
        // 2048 rows are summed apart and then added in order, so that many cores have work and every sum one order.
        const int Chunk = 128, OutPerTask = 48, RowsPerSlice = 2048;

        // Panels of a packed weight that one thread lays out: 48 KiB where a row has 192 elements.
        const int PanelsPerTask = 4;

        readonly MatrixMultiply? _native = device.Blas is null ? null : MatrixMultiply.On(device);

        float[] _panels = [];
        float[] _partials = [];

        public override void Forward(Tensor x, Tensor weight, Tensor? bias, Tensor y, bool accumulate)
        {
            if (_native is not null)
            {
                ForwardPacked(x, weight, bias, y, accumulate);
                return;
            }

            fixed (float* panels = Grow(ref _panels, PanelRows(y.Width) * x.Width))
            {
                TileProduct.PackPanels(weight.Start, x.Width, x.Width, y.Width, transposed: true, panels);
                Multiply(x.Start, x.Rows, x.Width, panels, y.Width, bias is { } b ? b.Start : null, accumulate, y.Start);
            }
        }

        internal override Tensor Pack(Tensor weight, Workspace workspace)
        {
            if (_native is not null)
            {
                return weight;
            }

            int width = weight.Width, rows = weight.Rows, tasks = (rows + PanelsPerTask * 16 - 1) / (PanelsPerTask * 16);
            var packed = workspace.Take(PanelRows(rows), width);
            device.For(tasks, (weight, packed), static (on, task) =>
            {
                int first = task * PanelsPerTask * 16, width = on.weight.Width;
                TileProduct.PackPanels(
                    on.weight.Start + (long)first * width, width, width, Math.Min(PanelsPerTask * 16, on.weight.Rows - first),
                    transposed: true, on.packed.Start + (long)first * width);
            });
            return packed;
        }

        internal override void ForwardPacked(Tensor x, Tensor packed, Tensor? bias, Tensor y, bool accumulate)
        {
            if (_native is null)
            {
                Multiply(x.Start, x.Rows, x.Width, packed.Start, y.Width, bias is { } b ? b.Start : null, accumulate, y.Start);
                return;
            }

            if (bias is { } laid)
            {
                LayBias(laid.Start, y, accumulate);
            }

            _native.Multiply(x, packed, y, transposeB: true, accumulate: accumulate || bias is not null);
        }

        // Panels have sixteen columns, the last one's filled with zeros.
        static int PanelRows(int columns) => (columns + 15) / 16 * 16;

        public override void Backward(
            Tensor dy, Tensor x, Tensor weight, Tensor dx, Tensor dWeight, Tensor? dBias, bool accumulate)
        {
            BackwardWeights(dy, x, dWeight, dBias);
            if (_native is not null)
            {
                _native.Multiply(dy, weight, dx, accumulate: accumulate);
                return;
            }

            int inWidth = x.Width, outWidth = dy.Width;
            fixed (float* panels = Grow(ref _panels, PanelRows(inWidth) * outWidth))
            {
                TileProduct.PackPanels(weight.Start, inWidth, outWidth, inWidth, transposed: false, panels);
                Multiply(dy.Start, dy.Rows, outWidth, panels, inWidth, bias: null, accumulate, dx.Start);
            }
        }

        public override void BackwardWeights(Tensor dy, Tensor x, Tensor dWeight, Tensor? dBias)
        {
            int rows = x.Rows, inWidth = x.Width, outWidth = dy.Width, size = outWidth * inWidth + outWidth;
            if (_native is not null)
            {
                _native.Multiply(dy, x, dWeight, transposeA: true, accumulate: true);
                if (dBias is { } direct)
                {
                    SumRows(dy.Start, outWidth, outWidth, rows, direct.Start);
                }

                return;
            }

            int slices = Math.Max(1, (rows + RowsPerSlice - 1) / RowsPerSlice);
            int rowsPerSlice = (rows + slices - 1) / slices;
            int outTasks = (outWidth + OutPerTask - 1) / OutPerTask;
            fixed (float* partials = Grow(ref _partials, slices * size))
            {
                float* sums = partials, dyStart = dy.Start, xStart = x.Start, dw = dWeight.Start;
                device.For(slices * outTasks, task =>
                {
                    int slice = task / outTasks, o = task % outTasks * OutPerTask;
                    int first = slice * rowsPerSlice, count = Math.Max(0, Math.Min(rowsPerSlice, rows - first));
                    float* target = sums + (long)slice * size;
                    int outs = Math.Min(OutPerTask, outWidth - o);
                    WeightGradient(
                        dyStart + (long)first * outWidth + o, outWidth, outs, xStart + (long)first * inWidth, inWidth, count,
                        target + o * inWidth, dBias is null ? null : target + outWidth * inWidth + o);
                });

                for (int slice = 0; slice < slices; slice++)
                {
                    Add(sums + (long)slice * size, dw, outWidth * inWidth);
                    if (dBias is { } biasSums)
                    {
                        Add(sums + (long)slice * size + outWidth * inWidth, biasSums.Start, outWidth);
                    }
                }
            }
        }

        static void LayBias(float* bias, Tensor y, bool accumulate)
        {
            for (int row = 0; row < y.Rows; row++)
            {
                var target = y.Span.Slice(row * y.Width, y.Width);
                var source = new ReadOnlySpan<float>(bias, y.Width);
                if (accumulate)
                {
                    System.Numerics.Tensors.TensorPrimitives.Add(target, source, target);
                }
                else
                {
                    source.CopyTo(target);
                }
            }
        }

        // y (rows, n) = x (rows, k) · panels + bias + y, or without either
        void Multiply(float* x, int rows, int k, float* panels, int n, float* bias, bool accumulate, float* y) =>
            device.For(
                (rows + RowsPerBlock - 1) / RowsPerBlock, new RowProduct(x, rows, k, panels, n, bias, accumulate, y),
                static (product, block) => product.Multiply(block));

        readonly struct RowProduct(float* x, int rows, int k, float* panels, int n, float* bias, bool accumulate, float* y)
        {
            internal void Multiply(int block)
            {
                int first = block * RowsPerBlock;
                MultiplyRows(
                    x + (long)first * k, Math.Min(RowsPerBlock, rows - first), k, panels, n, bias, accumulate,
                    y + (long)first * n);
            }
        }

        static void MultiplyRows(float* x, int rows, int k, float* panels, int n, float* bias, bool accumulate, float* y)
        {
            int columns;
            for (int j = 0; j < n; j += columns, panels += columns * k)
            {
                // Two panels at a time where the processor has vectors of sixteen.
                columns = Vector512.IsHardwareAccelerated && n - j >= 32 ? 32 : 16;
                int whole = n - j >= columns ? rows - rows % 6 : 0;
                for (int i = 0; i < whole; i += 6)
                {
                    float* a = x + (long)i * k, c = y + (long)i * n + j;
                    if (accumulate && bias is not null)
                    {
                        AddBias(c, n, bias + j, columns);
                    }

                    float* start = accumulate ? c : bias is null ? null : bias + j;
                    if (columns == 32)
                    {
                        TileProduct.Tile6x32(k, a, k, 1, panels, 16 * k, 16, start, accumulate ? n : 0, c, n);
                    }
                    else
                    {
                        TileProduct.Tile6x16(k, a, k, 1, panels, 16, start, accumulate ? n : 0, c, n);
                    }
                }

                for (int s = 0; s < Math.Min(columns, n - j) && whole < rows; s += 16)
                {
                    MultiplyEdge(
                        x + (long)whole * k, rows - whole, k, panels + s * k, Math.Min(16, n - j - s),
                        bias is null ? null : bias + j + s, accumulate, y + (long)whole * n + j + s, n);
                }
            }
        }

        // Rows that are no whole tile, or a panel whose last columns are zeros that y has no place for.
        static void MultiplyEdge(
            float* x, int rows, int k, float* panel, int columns, float* bias, bool accumulate, float* y, int stride)
        {
            float* edge = stackalloc float[6 * 16];
            for (int count; rows > 0; rows -= count, x += (long)count * k, y += (long)count * stride)
            {
                count = Math.Min(6, rows);
                for (int r = 0; r < count; r++)
                {
                    for (int s = 0; s < 16; s++)
                    {
                        edge[16 * r + s] =
                            s >= columns ? 0 : (accumulate ? y[r * stride + s] : 0) + (bias is null ? 0 : bias[s]);
                    }
                }

                if (count == 6)
                {
                    TileProduct.Tile6x16(k, x, k, 1, panel, 16, edge, 16, edge, 16);
                }
                else
                {
                    for (int r = 0; r < count; r++)
                    {
                        TileProduct.TileRow(2, k, x + r * k, 1, panel, 16, edge + 16 * r, edge + 16 * r);
                    }
                }

                for (int r = 0; r < count; r++)
                {
                    new ReadOnlySpan<float>(edge + 16 * r, columns).CopyTo(new Span<float>(y + (long)r * stride, columns));
                }
            }
        }

        static void AddBias(float* c, int stride, float* bias, int columns)
        {
            for (int r = 0; r < 6; r++, c += stride)
            {
                Add(bias, c, columns);
            }
        }

        // dw (outs, in) = dyᵀ · x and db (outs), unless null, = Σ dy over these rows; both read in place, row by row.
        static void WeightGradient(
            float* dy, int outWidth, int outs, float* x, int inWidth, int rows, float* dw, float* db)
        {
            float* packedDy = stackalloc float[Chunk * 6];
            float* packedX = stackalloc float[Chunk * 16];
            float* edge = stackalloc float[6 * 16];
            if (db is not null)
            {
                new Span<float>(db, outs).Clear();
            }

            if (rows == 0)
            {
                new Span<float>(dw, outs * inWidth).Clear();
            }

            for (int t = 0; t < rows; t += Chunk, dy += (long)Chunk * outWidth, x += (long)Chunk * inWidth)
            {
                int depth = Math.Min(Chunk, rows - t);
                if (db is not null)
                {
                    SumRows(dy, outWidth, outs, depth, db);
                }

                int next = Math.Min(Chunk, rows - t - depth);
                Prefetch(dy + (long)Chunk * outWidth, outWidth, next, outs);
                int columns;
                for (int j = 0; j < inWidth; j += columns)
                {
                    columns = Vector512.IsHardwareAccelerated && inWidth - j >= 32 ? 32 : Math.Min(16, inWidth - j);

                    // A panel of x is a cache line or two in every row, a stride that no hardware prefetcher follows: asking
                    // for the next chunk's lines here took 14,400 rows from 64 to 84 GFLOP/s.
                    Prefetch(x + (long)Chunk * inWidth + j, inWidth, next, columns);
                    for (int i = 0; i < outs; i += 6)
                    {
                        int count = Math.Min(6, outs - i);
                        float* c = dw + i * inWidth + j, start = t == 0 ? null : c;
                        if (count == 6 && columns == 32)
                        {
                            TileProduct.Tile6x32(depth, dy + i, 1, outWidth, x + j, 16, inWidth, start, inWidth, c, inWidth);
                            continue;
                        }

                        if (count == 6 && columns == 16)
                        {
                            TileProduct.Tile6x16(depth, dy + i, 1, outWidth, x + j, inWidth, start, inWidth, c, inWidth);
                            continue;
                        }

                        Pad(dy + i, outWidth, count, depth, packedDy, 6);
                        for (int s = 0; s < columns; s += 16)
                        {
                            int filled = Math.Min(16, columns - s);
                            Pad(x + j + s, inWidth, filled, depth, packedX, 16);
                            TileProduct.Tile6x16(depth, packedDy, 1, 6, packedX, 16, null, 0, edge, 16);
                            AddEdge(edge, count, filled, t == 0, c + s, inWidth);
                        }
                    }
                }
            }
        }

        static void AddEdge(float* edge, int rows, int columns, bool first, float* c, int stride)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int s = 0; s < columns; s++)
                {
                    c[r * stride + s] = edge[16 * r + s] + (first ? 0 : c[r * stride + s]);
                }
            }
        }

        // Asks for the cache lines of some columns of rows to come.
        static void Prefetch(float* start, int stride, int rows, int columns)
        {
            if (!Sse.IsSupported)
            {
                return;
            }

            for (int r = 0; r < rows; r++, start += stride)
            {
                for (int j = 0; j < columns; j += 16)
                {
                    Sse.Prefetch1(start + j);
                }
            }
        }

        static void SumRows(float* dy, int stride, int columns, int rows, float* sums)
        {
            int j = 0;
            for (; j + 8 <= columns; j += 8)
            {
                Vector256<float> even = default, odd = default;
                int r = 0;
                for (; r + 2 <= rows; r += 2)
                {
                    even += Vector256.Load(dy + (long)r * stride + j);
                    odd += Vector256.Load(dy + (long)(r + 1) * stride + j);
                }

                if (r < rows)
                {
                    even += Vector256.Load(dy + (long)r * stride + j);
                }

                (Vector256.Load(sums + j) + (even + odd)).Store(sums + j);
            }

            for (; j < columns; j++)
            {
                float sum = 0;
                for (int r = 0; r < rows; r++)
                {
                    sum += dy[(long)r * stride + j];
                }

                sums[j] += sum;
            }
        }

        static void Pad(float* source, int stride, int columns, int rows, float* target, int width)
        {
            for (int r = 0; r < rows; r++, source += stride, target += width)
            {
                for (int s = 0; s < width; s++)
                {
                    target[s] = s < columns ? source[s] : 0;
                }
            }
        }

        static void Add(float* values, float* target, int count)
        {
            int i = 0;
            for (; i + 8 <= count; i += 8)
            {
                (Vector256.Load(target + i) + Vector256.Load(values + i)).Store(target + i);
            }

            for (; i < count; i++)
            {
                target[i] += values[i];
            }
        }

        // Grows and is kept: the second step of the same shape allocates nothing.
        static float[] Grow(ref float[] buffer, int length)
        {
            if (buffer.Length < length)
            {
                buffer = GC.AllocateUninitializedArray<float>(length, pinned: true);
            }

            return buffer;
        }
    }
}
