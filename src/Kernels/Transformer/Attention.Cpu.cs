using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    // One problem and head at a time on a thread: its keys and values are gathered once into dense panels, then tiles of
    // queries pass over them with the same register tiles as a matrix product.
    internal sealed unsafe partial class Cpu(CpuDevice device) : Attention
    {
        // A tile of scores is 24 × 256 floats forward and 2 × 48 × 128 backward (24 and 48 KiB): it stays near L1. Both
        // row counts are multiples of 6 and 4, the rows of a register tile, so padding rows never leave the tile.
        const int ForwardRows = 24, ForwardKeys = 256, BackwardRows = 48, BackwardKeys = 128;

        // Problems over the columns of a row are tiny (a hundred scores); this many scores make a task worth waking a thread.
        const int ScoresPerTask = 16384;

        // Scores are kept in units of log 2: queries are scaled by log₂e / √headWidth when gathered, softmax is base 2.
        const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

        [ThreadStatic]
        static float[]? _scratch;

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            var s = shape;
            if (Small.Suits(s, q.Width))
            {
                Run(s, 1, problem => Small.Forward(s, problem, q, keyValue, o, logSumExp));
            }
            else
            {
                Run(s, s.Heads, unit => ForwardUnit(s, unit, q, keyValue, o, logSumExp));
            }
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            var s = shape;
            if (Small.Suits(s, q.Width) && !accumulate)
            {
                Run(s, 1, problem => Small.Backward(s, problem, dAttended, q, keyValue, logSumExp, dq, dKeyValue));
                return;
            }

            Run(s, s.Heads, unit => BackwardUnit(s, unit, dAttended, q, keyValue, o, logSumExp, dq, dKeyValue, accumulate));
        }

        void Run(AttentionShape shape, int unitsPerProblem, Action<int> unit)
        {
            int units = shape.Outer * shape.Inner * unitsPerProblem;
            long scores = (long)shape.Queries * shape.Keys * shape.Heads / unitsPerProblem;
            int perTask = (int)Math.Clamp(ScoresPerTask / Math.Max(1, scores), 1, 1024);
            device.For((units + perTask - 1) / perTask, task =>
            {
                for (int u = task * perTask; u < Math.Min(units, (task + 1) * perTask); u++)
                {
                    unit(u);
                }
            });
        }

        // The sizes of one head's panels, rounded up to register tiles: Keys columns of keys, Width columns of a head.
        readonly struct Layout
        {
            public readonly int HeadWidth, Width, Keys;
            public readonly bool Wide;

            public Layout(AttentionShape shape, int width)
            {
                HeadWidth = width / shape.Heads;
                Wide = HeadWidth % 24 == 0;
                Width = Wide ? HeadWidth : (HeadWidth + 15) / 16 * 16;
                Keys = (shape.Keys + 15) / 16 * 16;
            }
        }

        static float* Scratch(int length)
        {
            if (_scratch is null || _scratch.Length < length)
            {
                // Zeroed: padding that is never written must hold numbers, not what memory held before.
                _scratch = GC.AllocateArray<float>(length, pinned: true);
            }

            return (float*)System.Runtime.CompilerServices.Unsafe.AsPointer(
                ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_scratch));
        }

        static void ForwardUnit(AttentionShape shape, int unit, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            int width = q.Width, heads = shape.Heads, head = unit % heads, problem = unit / heads;
            int outer = problem / shape.Inner, inner = problem % shape.Inner;
            var layout = new Layout(shape, width);
            int headWidth = layout.HeadWidth, padded = layout.Width;

            float* keys = Scratch((headWidth + padded) * layout.Keys + ForwardRows * (ForwardKeys + 2 * padded + 2));
            float* values = keys + headWidth * layout.Keys;
            float* scores = values + padded * layout.Keys;
            float* query = scores + ForwardRows * ForwardKeys, result = query + ForwardRows * padded;
            float* maximum = result + ForwardRows * padded, sum = maximum + ForwardRows;

            nint keyStride = (nint)shape.Inner * 2 * width, queryStride = (nint)shape.Inner * width;
            float* firstKey = keyValue.Start + ((long)outer * shape.Keys * shape.Inner + inner) * 2 * width + head * headWidth;
            TileProduct.PackPanels(firstKey, keyStride, headWidth, shape.Keys, transposed: true, keys);
            Gather(firstKey + width, keyStride, shape.Keys, headWidth, padded, values, 1);

            long firstToken = (long)outer * shape.Queries * shape.Inner + inner;
            float scale = Log2E / MathF.Sqrt(headWidth);
            for (int q0 = 0; q0 < shape.Queries; q0 += ForwardRows)
            {
                int rows = Math.Min(ForwardRows, shape.Queries - q0);
                long token = firstToken + (long)q0 * shape.Inner;
                Gather(q.Start + token * width + head * headWidth, queryStride, rows, headWidth, padded, query, scale);
                new Span<float>(maximum, ForwardRows).Fill(float.NegativeInfinity);
                new Span<float>(sum, ForwardRows).Clear();

                for (int k0 = 0; k0 < shape.Keys; k0 += ForwardKeys)
                {
                    int count = Math.Min(ForwardKeys, shape.Keys - k0);
                    Scores(query, padded, rows, keys + (nint)k0 * headWidth, headWidth, count, scores, ForwardKeys);
                    for (int r = 0; r < rows; r++)
                    {
                        float correction = SoftmaxRow(scores + r * ForwardKeys, count, ref maximum[r], ref sum[r]);
                        if (k0 > 0 && correction != 1)
                        {
                            Scale(result + r * padded, padded, correction);
                        }
                    }

                    Product(
                        layout.Wide, rows, padded, count, scores, ForwardKeys, 1, values + (nint)k0 * padded, padded,
                        k0 == 0 ? null : result, result);
                }

                for (int r = 0; r < rows; r++, token += shape.Inner)
                {
                    Scale(result + r * padded, padded, 1 / sum[r]);
                    new ReadOnlySpan<float>(result + r * padded, headWidth).CopyTo(
                        new Span<float>(o.Start + token * width + head * headWidth, headWidth));
                    logSumExp.Start[token * heads + head] = maximum[r] * Ln2 + MathF.Log(sum[r]);
                }
            }
        }

        static void BackwardUnit(
            AttentionShape shape, int unit, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            int width = q.Width, heads = shape.Heads, head = unit % heads, problem = unit / heads;
            int outer = problem / shape.Inner, inner = problem % shape.Inner;
            var layout = new Layout(shape, width);
            int headWidth = layout.HeadWidth, padded = layout.Width;

            float* keyPanels = Scratch(
                (2 * headWidth + 3 * padded) * layout.Keys + BackwardRows * (2 * BackwardKeys + 3 * padded));
            float* valuePanels = keyPanels + headWidth * layout.Keys, keys = valuePanels + headWidth * layout.Keys;
            float* dKeys = keys + padded * layout.Keys, dValues = dKeys + padded * layout.Keys;
            float* p = dValues + padded * layout.Keys, ds = p + BackwardRows * BackwardKeys;
            float* query = ds + BackwardRows * BackwardKeys, gradient = query + BackwardRows * padded;
            float* dQuery = gradient + BackwardRows * padded;

            nint keyStride = (nint)shape.Inner * 2 * width, queryStride = (nint)shape.Inner * width;
            long keyOffset = ((long)outer * shape.Keys * shape.Inner + inner) * 2 * width + head * headWidth;
            float* firstKey = keyValue.Start + keyOffset;
            TileProduct.PackPanels(firstKey, keyStride, headWidth, shape.Keys, transposed: true, keyPanels);
            TileProduct.PackPanels(firstKey + width, keyStride, headWidth, shape.Keys, transposed: true, valuePanels);
            Gather(firstKey, keyStride, shape.Keys, headWidth, padded, keys, 1);
            new Span<float>(dKeys, 2 * padded * layout.Keys).Clear();

            long firstToken = (long)outer * shape.Queries * shape.Inner + inner;
            float scale = 1 / MathF.Sqrt(headWidth);
            float* delta = stackalloc float[BackwardRows];
            for (int q0 = 0; q0 < shape.Queries; q0 += BackwardRows)
            {
                int rows = Math.Min(BackwardRows, shape.Queries - q0);
                long token = firstToken + (long)q0 * shape.Inner, at = token * width + head * headWidth;
                Gather(q.Start + at, queryStride, rows, headWidth, padded, query, scale * Log2E);
                Gather(dAttended.Start + at, queryStride, rows, headWidth, padded, gradient, 1);
                for (int r = 0; r < rows; r++)
                {
                    delta[r] = Dot(gradient + r * padded, o.Start + at + r * queryStride, headWidth);
                }

                for (int k0 = 0; k0 < shape.Keys; k0 += BackwardKeys)
                {
                    int count = Math.Min(BackwardKeys, shape.Keys - k0);
                    Scores(query, padded, rows, keyPanels + (nint)k0 * headWidth, headWidth, count, p, BackwardKeys);
                    Scores(gradient, padded, rows, valuePanels + (nint)k0 * headWidth, headWidth, count, ds, BackwardKeys);
                    for (int r = 0; r < rows; r++)
                    {
                        float saved = logSumExp.Start[(token + (long)r * shape.Inner) * heads + head];
                        SoftmaxGradientRow(p + r * BackwardKeys, ds + r * BackwardKeys, count, saved * Log2E, delta[r]);
                    }

                    // Keys past the last are zero in p and ds, so the padding rows of dKeys and dValues stay zero.
                    float* dv = dValues + (nint)k0 * padded, dk = dKeys + (nint)k0 * padded;
                    Product(layout.Wide, count, padded, rows, p, 1, BackwardKeys, gradient, padded, dv, dv);
                    Product(layout.Wide, count, padded, rows, ds, 1, BackwardKeys, query, padded, dk, dk);
                    Product(
                        layout.Wide, rows, padded, count, ds, BackwardKeys, 1, keys + (nint)k0 * padded, padded,
                        k0 == 0 ? null : dQuery, dQuery);
                }

                for (int r = 0; r < rows; r++)
                {
                    Scale(dQuery + r * padded, padded, scale);
                    new ReadOnlySpan<float>(dQuery + r * padded, headWidth).CopyTo(
                        new Span<float>(dq.Start + at + r * queryStride, headWidth));
                }
            }

            // The queries were scaled when gathered: dk holds its 1 / √headWidth already, and log₂e to be taken out.
            for (int j = 0; j < shape.Keys; j++)
            {
                float* dk = dKeyValue.Start + keyOffset + j * keyStride;
                Scatter(dKeys + (nint)j * padded, dk, headWidth, Ln2, accumulate);
                Scatter(dValues + (nint)j * padded, dk + width, headWidth, 1, accumulate);
            }
        }

        // scores (rows, count) = query · keysᵀ; columns up to the next sixteen and rows up to the next six are padding.
        static void Scores(
            float* query, int queryStride, int rows, float* panels, int headWidth, int count, float* scores, int stride)
        {
            for (int j = 0; j < count; j += 16, panels += 16 * headWidth)
            {
                for (int r = 0; r < rows; r += 6)
                {
                    TileProduct.Tile6x16(
                        headWidth, query + r * queryStride, queryStride, 1, panels, 16, null, 0, scores + r * stride + j, stride);
                }
            }
        }

        // c (rows, width) = start + a · b, with the tile that divides the head's width; rows up to the tile's are padding.
        static void Product(
            bool wide, int rows, int width, int depth, float* a, nint aRow, nint aStep, float* b, int bStride,
            float* start, float* c)
        {
            if (wide)
            {
                for (int j = 0; j < width; j += 24)
                {
                    for (int r = 0; r < rows; r += 4)
                    {
                        TileProduct.Tile4x24(
                            depth, a + r * aRow, aRow, aStep, b + j, bStride, start is null ? null : start + r * width + j, width,
                            c + r * width + j, width);
                    }
                }

                return;
            }

            // Rows past the last multiple of six would run over the end of a sixteen-row padding: one at a time.
            int even = rows / 6 * 6;
            for (int j = 0; j < width; j += 16)
            {
                for (int r = 0; r < even; r += 6)
                {
                    TileProduct.Tile6x16(
                        depth, a + r * aRow, aRow, aStep, b + j, bStride, start is null ? null : start + r * width + j, width,
                        c + r * width + j, width);
                }

                for (int r = even; r < rows; r++)
                {
                    TileProduct.TileRow(
                        2, depth, a + r * aRow, aStep, b + j, bStride, start is null ? null : start + r * width + j,
                        c + r * width + j);
                }
            }
        }

        // Turns a row of scores into 2^(s − maximum), zero past count, and returns what earlier sums must be scaled by.
        static float SoftmaxRow(float* s, int count, ref float maximum, ref float sum)
        {
            int end = (count + 15) / 16 * 16;
            for (int i = count; i < end; i++)
            {
                s[i] = float.NegativeInfinity;
            }

            var most = Vector256.Load(s);
            for (int i = 8; i < end; i += 8)
            {
                most = Vector256.MaxNative(most, Vector256.Load(s + i));
            }

            float before = maximum, peak = Math.Max(before, Largest(most));
            Vector256<float> shift = Vector256.Create(peak), sums = default;
            for (int i = 0; i < end; i += 8)
            {
                var e = VectorMath.Exp2Negative(Vector256.Load(s + i) - shift);
                e.Store(s + i);
                sums += e;
            }

            // The clamp of the exponential leaves 1e-38 where −∞ stood: nothing beside a sum of at least 1.
            for (int i = count; i < end; i++)
            {
                s[i] = 0;
            }

            float correction = before == peak ? 1 : MathF.Exp((before - peak) * Ln2);
            maximum = peak;
            sum = sum * correction + Vector256.Sum(sums);
            return correction;
        }

        // p = 2^(s − logSumExp) in place of s, and ds = p (dp − δ) in place of dp; both zero past count.
        static void SoftmaxGradientRow(float* s, float* dp, int count, float logSumExp, float delta)
        {
            Vector256<float> shift = Vector256.Create(logSumExp), d = Vector256.Create(delta);
            int end = (count + 15) / 16 * 16;
            for (int i = 0; i < end; i += 8)
            {
                var p = VectorMath.Exp2Negative(Vector256.Load(s + i) - shift);
                p.Store(s + i);
                (p * (Vector256.Load(dp + i) - d)).Store(dp + i);
            }

            for (int i = count; i < end; i++)
            {
                s[i] = 0;
                dp[i] = 0;
            }
        }

        static float Largest(Vector256<float> v)
        {
            var half = Vector128.MaxNative(v.GetLower(), v.GetUpper());
            return Math.Max(Math.Max(half[0], half[1]), Math.Max(half[2], half[3]));
        }

        // target (rows, padded) = source · scale, zeros past width.
        static void Gather(float* source, nint stride, int rows, int width, int padded, float* target, float scale)
        {
            for (int r = 0; r < rows; r++, source += stride, target += padded)
            {
                int i = 0;
                for (; i + 8 <= width; i += 8)
                {
                    (Vector256.Load(source + i) * scale).Store(target + i);
                }

                for (; i < padded; i++)
                {
                    target[i] = i < width ? source[i] * scale : 0;
                }
            }
        }

        static void Scatter(float* source, float* target, int width, float scale, bool accumulate)
        {
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                var value = Vector256.Load(source + i) * scale;
                (accumulate ? value + Vector256.Load(target + i) : value).Store(target + i);
            }

            for (; i < width; i++)
            {
                target[i] = source[i] * scale + (accumulate ? target[i] : 0);
            }
        }

        static void Scale(float* values, int count, float factor)
        {
            for (int i = 0; i < count; i += 8)
            {
                (Vector256.Load(values + i) * factor).Store(values + i);
            }
        }

        static float Dot(float* a, float* b, int count)
        {
            Vector256<float> sums = default;
            float sum = 0;
            int i = 0;
            for (; i + 8 <= count; i += 8)
            {
                sums = Vector256.FusedMultiplyAdd(Vector256.Load(a + i), Vector256.Load(b + i), sums);
            }

            for (; i < count; i++)
            {
                sum += a[i] * b[i];
            }

            return sum + Vector256.Sum(sums);
        }
    }
}
