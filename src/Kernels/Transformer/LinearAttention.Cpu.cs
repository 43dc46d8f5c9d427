using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class LinearAttention
{
    // A set of keys and its queries at a time on a thread. Rows are gathered in blocks and padded to whole tiles; all that
    // is kept between blocks is two matrices of headWidth², so memory does not grow with queries or keys.
    internal sealed unsafe class Cpu(CpuDevice device) : LinearAttention
    {
        // Whole tiles of 6 and of 4 rows; four blocks of 96 × 32 floats are 48 KiB.
        const int Block = 96, RowTile = 12;

        // Sets over the columns of a row are tiny: this many rows of queries and keys make a task worth waking a thread.
        const int RowsPerTask = 512;

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o)
        {
            var s = shape;
            Run(s, set => ForwardSet(s, new(s, q, keyValue, set), q, keyValue, o));
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor dq, Tensor dKeyValue,
            bool accumulate)
        {
            var s = shape;
            Run(s, set => BackwardSet(s, new(s, q, keyValue, set), dAttended, q, keyValue, o, dq, dKeyValue, accumulate));
        }

        void Run(AttentionShape shape, Action<int> body)
        {
            int perTask = Math.Clamp(RowsPerTask / Math.Max(1, shape.QueriesOfSet + shape.Keys), 1, 1024);
            device.For((shape.KeySets + perTask - 1) / perTask, task =>
            {
                for (int set = task * perTask; set < Math.Min(shape.KeySets, (task + 1) * perTask); set++)
                {
                    body(set);
                }
            });
        }

        // The panels of one thread: blocks of rows, and square matrices of whole tiles each way.
        readonly ref struct Panels
        {
            public readonly int Width, Rows;
            public readonly float* A, B, C, D, State, StateT, Sum, DState, DStateT, DSum, Share;

            public Panels(int headWidth)
            {
                Width = (headWidth + 15) / 16 * 16;
                Rows = (Width + RowTile - 1) / RowTile * RowTile;
                int block = Block * Width, square = Rows * Width;
                A = Attention.Cpu.Scratch(4 * block + 4 * square + 2 * Width + Block);
                B = A + block;
                C = B + block;
                D = C + block;
                State = D + block;
                StateT = State + square;
                DState = StateT + square;
                DStateT = DState + square;
                Sum = DStateT + square;
                DSum = Sum + Width;
                Share = DSum + Width;
                new Span<float>(State, 4 * square + 2 * Width).Clear();
            }
        }

        static void ForwardSet(AttentionShape shape, AttentionKeySet set, Tensor q, Tensor keyValue, Tensor o)
        {
            int headWidth = set.HeadWidth;
            var at = new Panels(headWidth);
            SumKeys(shape, set, keyValue, at);
            for (int r0 = 0; r0 < shape.QueriesOfSet; r0 += Block)
            {
                int count = Math.Min(Block, shape.QueriesOfSet - r0);
                for (int r = 0; r < count; r++)
                {
                    Feature(q.Start + set.Slot(r0 + r) * headWidth, headWidth, at.Width, at.A + r * at.Width);
                }

                Product(count, at.Width, headWidth, at.A, at.Width, 1, at.State, false, at.B);
                for (int r = 0; r < count; r++)
                {
                    float share = 1 / (Attention.Cpu.Dot(at.A + r * at.Width, at.Sum, at.Width) + Epsilon);
                    Attention.Cpu.Scatter(at.B + r * at.Width, o.Start + set.Slot(r0 + r) * headWidth, headWidth, share, false);
                }
            }
        }

        static void BackwardSet(
            AttentionShape shape, AttentionKeySet set, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor dq,
            Tensor dKeyValue, bool accumulate)
        {
            int headWidth = set.HeadWidth;
            var at = new Panels(headWidth);
            SumKeys(shape, set, keyValue, at);
            TileProduct.Transpose(at.State, at.Width, headWidth, headWidth, at.StateT, at.Width);
            for (int r0 = 0; r0 < shape.QueriesOfSet; r0 += Block)
            {
                BackwardQueries(set, r0, Math.Min(Block, shape.QueriesOfSet - r0), dAttended, q, o, dq, at);
            }

            TileProduct.Transpose(at.DState, at.Width, headWidth, headWidth, at.DStateT, at.Width);
            for (int k0 = 0; k0 < shape.Keys; k0 += Block)
            {
                int count = Math.Min(Block, shape.Keys - k0);
                float* key = keyValue.Start + set.FirstKey + k0 * set.KeyStride;
                float* dKey = dKeyValue.Start + set.FirstKey + k0 * set.KeyStride;
                GatherKeys(set, key, count, at);
                Product(count, at.Width, headWidth, at.B, at.Width, 1, at.DStateT, false, at.C);
                Product(count, at.Width, headWidth, at.A, at.Width, 1, at.DState, false, at.D);
                for (int j = 0; j < count; j++, key += set.KeyStride, dKey += set.KeyStride)
                {
                    if (shape.FirstKeyHead && !accumulate)
                    {
                        new Span<float>(dKey, 2 * set.KeyWidth).Clear(); // the other heads' keys were not read
                    }

                    FeatureGradient(at.C + j * at.Width, at.DSum, 1, key, headWidth, dKey, accumulate);
                    Attention.Cpu.Scatter(at.D + j * at.Width, dKey + set.KeyWidth, headWidth, 1, accumulate);
                }
            }
        }

        // dq of a block of queries, and what the block adds to dS and dz.
        static void BackwardQueries(
            AttentionKeySet set, int first, int count, Tensor dAttended, Tensor q, Tensor o, Tensor dq, in Panels at)
        {
            int headWidth = set.HeadWidth, width = at.Width;
            for (int r = 0; r < count; r++)
            {
                long slot = set.Slot(first + r) * headWidth;
                float* feature = at.A + r * width, n = at.B + r * width;
                Feature(q.Start + slot, headWidth, width, feature);
                float share = 1 / (Attention.Cpu.Dot(feature, at.Sum, width) + Epsilon);
                new Span<float>(n, width).Clear();
                Attention.Cpu.Scatter(dAttended.Start + slot, n, headWidth, share, false);
                float e = -Attention.Cpu.Dot(n, o.Start + slot, headWidth);
                at.Share[r] = e;
                Add(feature, e, width, at.DSum);
            }

            Product(count, width, headWidth, at.B, width, 1, at.StateT, false, at.C);
            Product(headWidth, width, count, at.A, 1, width, at.B, true, at.DState);
            for (int r = 0; r < count; r++)
            {
                long slot = set.Slot(first + r) * headWidth;
                FeatureGradient(at.C + r * width, at.Sum, at.Share[r], q.Start + slot, headWidth, dq.Start + slot, false);
            }
        }

        // S and z of a set of keys.
        static void SumKeys(AttentionShape shape, AttentionKeySet set, Tensor keyValue, in Panels at)
        {
            for (int k0 = 0; k0 < shape.Keys; k0 += Block)
            {
                int count = Math.Min(Block, shape.Keys - k0);
                GatherKeys(set, keyValue.Start + set.FirstKey + k0 * set.KeyStride, count, at);
                for (int j = 0; j < count; j++)
                {
                    Add(at.A + j * at.Width, 1, at.Width, at.Sum);
                }

                Product(set.HeadWidth, at.Width, count, at.A, 1, at.Width, at.B, true, at.State);
            }
        }

        // φ(k) to A and v to B, zeros past the head's width.
        static void GatherKeys(AttentionKeySet set, float* key, int count, in Panels at)
        {
            for (int j = 0; j < count; j++, key += set.KeyStride)
            {
                Feature(key, set.HeadWidth, at.Width, at.A + j * at.Width);
                new ReadOnlySpan<float>(key + set.KeyWidth, set.HeadWidth).CopyTo(new Span<float>(at.B + j * at.Width, set.HeadWidth));
                new Span<float>(at.B + j * at.Width + set.HeadWidth, at.Width - set.HeadWidth).Clear();
            }
        }

        // c (rows, width) = start + a · b; rows up to the next tile's are padding, in a and in c.
        static void Product(
            int rows, int width, int depth, float* a, nint aRow, nint aStep, float* b, bool start, float* c)
        {
            for (int j = 0; j < width; j += 16)
            {
                for (int r = 0; r < rows; r += 6)
                {
                    float* tile = c + r * width + j;
                    TileProduct.Tile6x16(
                        depth, a + r * aRow, aRow, aStep, b + j, width, start ? tile : null, width, tile, width);
                }
            }
        }

        // φ, zeros past the head's width.
        static void Feature(float* source, int headWidth, int width, float* target)
        {
            float scale = 1 / MathF.Sqrt(headWidth);
            int i = 0;
            for (; i + 8 <= headWidth; i += 8)
            {
                (Vector256.Max(Vector256.Load(source + i) * scale, default) + Vector256.Create(Floor)).Store(target + i);
            }

            for (; i < width; i++)
            {
                target[i] = i < headWidth ? Math.Max(source[i] * scale, 0) + Floor : 0;
            }
        }

        // target = φ′(source) (gradient + factor · sum), or that added to it.
        static void FeatureGradient(
            float* gradient, float* sum, float factor, float* source, int headWidth, float* target, bool accumulate)
        {
            float scale = 1 / MathF.Sqrt(headWidth);
            int i = 0;
            for (; i + 8 <= headWidth; i += 8)
            {
                var d = Vector256.FusedMultiplyAdd(Vector256.Load(sum + i), Vector256.Create(factor), Vector256.Load(gradient + i));
                d = (d * scale) & Vector256.GreaterThan(Vector256.Load(source + i), default);
                (accumulate ? d + Vector256.Load(target + i) : d).Store(target + i);
            }

            for (; i < headWidth; i++)
            {
                float d = source[i] > 0 ? (gradient[i] + factor * sum[i]) * scale : 0;
                target[i] = accumulate ? target[i] + d : d;
            }
        }

        // target += factor · source, of whole vectors.
        static void Add(float* source, float factor, int width, float* target)
        {
            for (int i = 0; i < width; i += 8)
            {
                Vector256.FusedMultiplyAdd(Vector256.Load(source + i), Vector256.Create(factor), Vector256.Load(target + i))
                    .Store(target + i);
            }
        }
    }
}
