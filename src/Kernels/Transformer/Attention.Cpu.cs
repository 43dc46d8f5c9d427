using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    // Scores stand transposed, 24 queries beside each other for each key: softmax is vertical arithmetic, keys and values
    // are read as they lie, and both products fill the registers whatever the width of a head. A unit of work is a set of
    // keys and a block of its queries; blocks of keys pass over the tiles of queries, so that no buffer grows with the keys.
    internal sealed unsafe partial class Cpu(CpuDevice device) : Attention
    {
        // Queries beside each other: three vectors of eight, or two of sixteen.
        static readonly int Lanes = Vector512.IsHardwareAccelerated ? 32 : 24;

        // Probabilities are a tile of 128 × 24 floats forward (12 KiB) and 2 × 96 × 48 backward (36 KiB): near L1, beside
        // as many rows of keys and values. Blocks of keys backward are whole tiles of 4, 6 and 8 rows.
        const int ForwardKeys = 128, BackwardKeys = 96, KeyTile = 24;

        static readonly int BackwardRows = 2 * Lanes;

        // A unit's queries, by whatever vectors: the bits of a gradient depend on where a set is split. A forward unit gathers
        // its keys anew, which costs as much as half a dozen queries; its own tiles stay in L2.
        const int RowStep = 24, MostRows = 32 * RowStep, FewestRows = 4 * RowStep;

        // Units wanted of a call, so that any number of threads shares it evenly. Backward a split costs a copy of dk and dv.
        const int ForwardUnits = 64, BackwardUnits = 24;

        // Problems over the columns of a row are tiny (a hundred scores); this many scores make a task worth waking a thread.
        const int ScoresPerTask = 16384;

        // Scores are kept in units of log 2: queries are scaled by log₂e / √headWidth when gathered, softmax is base 2.
        const float Log2E = 1.44269504f, Ln2 = 0.69314718f;

        // Softmax may be shifted by any number that keeps 2^(s − shift) and its sums in range: a tile's shift changes only
        // when a score leaves it by 2³², so most tiles are never rescaled, and what underflows is 2⁻⁹⁴ of the largest.
        const float MostAboveShift = 32;

        [ThreadStatic]
        static float[]? _scratch;

        float[] _partials = [];

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            var s = shape;
            if (Small.Suits(s, q.Width))
            {
                Run(
                    s.Outer * s.Inner, ScoresOfSet(s) * s.Heads, (s, q, keyValue, o, logSumExp),
                    static (on, problem) => Small.Forward(on.s, problem, on.q, on.keyValue, on.o, on.logSumExp));
                return;
            }

            int block = RowsOfBlock(s, ForwardUnits, FewestRows, MostRows);
            int blocks = Math.Max(1, (s.QueriesOfSet + block - 1) / block);
            Run(s.KeySets * blocks, ScoresOfSet(s) / blocks, (s, q, keyValue, o, logSumExp, block, blocks), static (on, unit) =>
            {
                var (s, q, keyValue, o, logSumExp, block, blocks) = on;
                int first = unit % blocks * block;
                ForwardUnit(
                    s, new(s, q, keyValue, unit / blocks), first, Math.Min(block, s.QueriesOfSet - first), q, keyValue, o, logSumExp);
            });
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            var s = shape;
            if (Small.Suits(s, q.Width) && !accumulate)
            {
                Run(
                    s.Outer * s.Inner, ScoresOfSet(s) * s.Heads, (s, dAttended, q, keyValue, logSumExp, dq, dKeyValue),
                    static (on, problem) => Small.Backward(
                        on.s, problem, on.dAttended, on.q, on.keyValue, on.logSumExp, on.dq, on.dKeyValue));
                return;
            }

            BackwardSets(s, dAttended, q, keyValue, o, logSumExp, dq, dKeyValue, accumulate);
        }

        void BackwardSets(
            AttentionShape s, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp, Tensor dq, Tensor dKeyValue,
            bool accumulate)
        {
            int block = RowsOfBlock(s, BackwardUnits, FewestRows, int.MaxValue);
            int blocks = Math.Max(1, (s.QueriesOfSet + block - 1) / block), length = new Layout(s, q.Width / s.Heads).GradientLength;
            bool split = blocks > 1;
            if (split && _partials.Length < (long)s.KeySets * blocks * length)
            {
                _partials = GC.AllocateUninitializedArray<float>(checked(s.KeySets * blocks * length), pinned: true);
            }

            fixed (float* partials = _partials)
            {
                // What this captures is one object a call, which a whole set's gradient can bear.
                float* gradients = partials;
                Run(s.KeySets * blocks, ScoresOfSet(s) / blocks, 0, (_, unit) =>
                {
                    int first = unit % blocks * block;
                    BackwardUnit(
                        s, new(s, q, keyValue, unit / blocks), first, Math.Min(block, s.QueriesOfSet - first), dAttended, q, keyValue,
                        o, logSumExp, dq, dKeyValue, accumulate, split ? gradients + (long)unit * length : null);
                });

                // A set's blocks of queries left a gradient of its keys each: added in their order, whoever computed them.
                if (split)
                {
                    device.For(s.KeySets, set =>
                    {
                        float* sum = gradients + (long)set * blocks * length;
                        for (int b = 1; b < blocks; b++)
                        {
                            Add(sum + (long)b * length, sum, length);
                        }

                        WriteKeyGradient(s, new(s, q, keyValue, set), sum, dKeyValue, accumulate);
                    });
                }
            }
        }

        static long ScoresOfSet(AttentionShape shape) => (long)shape.QueriesOfSet * shape.Keys;

        // Queries of a block: as few as give the call that many units, within bounds, and blocks of a set even.
        static int RowsOfBlock(AttentionShape shape, int units, int fewest, int most)
        {
            int rows = shape.QueriesOfSet, wanted = (units + shape.KeySets - 1) / Math.Max(1, shape.KeySets);
            int blocks = Math.Max(Math.Min(wanted, rows / fewest), (int)(((long)rows + most - 1) / most));
            int each = (rows + Math.Max(1, blocks) - 1) / Math.Max(1, blocks);
            return Math.Max(RowStep, (each + RowStep - 1) / RowStep * RowStep);
        }

        void Run<TState>(int units, long scores, TState state, Action<TState, int> unit)
        {
            int perTask = (int)Math.Clamp(ScoresPerTask / Math.Max(1, scores), 1, 1024);
            device.For((units + perTask - 1) / perTask, (units, perTask, state, unit), static (on, task) =>
            {
                for (int u = task * on.perTask; u < Math.Min(on.units, (task + 1) * on.perTask); u++)
                {
                    on.unit(on.state, u);
                }
            });
        }

        // The padded sizes of a head backward: Width is whole tiles of 32, 24 or 16, Keys whole tiles of rows.
        readonly struct Layout(AttentionShape shape, int headWidth)
        {
            public readonly int Width = Padded(headWidth), Keys = (shape.Keys + KeyTile - 1) / KeyTile * KeyTile;

            public int GradientLength => 2 * Width * Keys;

            static int Padded(int headWidth) =>
                Vector512.IsHardwareAccelerated ? (headWidth + 31) / 32 * 32 : headWidth % 24 == 0 ? headWidth : (headWidth + 15) / 16 * 16;
        }

        internal static float* Scratch(int length)
        {
            if (_scratch is null || _scratch.Length < length + 16)
            {
                // Zeroed: padding that is never written must hold numbers, not what memory held before.
                _scratch = GC.AllocateArray<float>(length + 16, pinned: true);
            }

            // Aligned, so that no vector crosses a cache line.
            return (float*)(((nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_scratch)) + 63) & ~63);
        }

        static void ForwardUnit(
            AttentionShape shape, AttentionKeySet set, int first, int rows, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            int headWidth = set.HeadWidth, padded = (headWidth + 7) & ~7, tiles = (rows + Lanes - 1) / Lanes;
            float* queries = Scratch(Lanes * (tiles * (headWidth + padded + 2) + padded + ForwardKeys + 2) + 2 * ForwardKeys * padded);
            float* results = queries + tiles * Lanes * headWidth, row = results + tiles * Lanes * padded;
            float* shifts = row + Lanes * padded, sums = shifts + tiles * Lanes, state = sums + tiles * Lanes;
            float* p = state + 2 * Lanes, keys = p + Lanes * ForwardKeys, values = keys + ForwardKeys * padded;

            float scale = Log2E / MathF.Sqrt(headWidth);
            for (int r = 0; r < rows; r += Lanes)
            {
                int count = Math.Min(Lanes, rows - r);
                GatherQueries(set, first + r, count, q.Start, padded, row, scale);
                TransposeLanes(row, padded, count, headWidth, queries + r * headWidth, Lanes);
            }

            new Span<float>(shifts, 2 * tiles * Lanes).Clear();
            float* firstKey = keyValue.Start + set.FirstKey;
            for (int k0 = 0; k0 < shape.Keys; k0 += ForwardKeys)
            {
                int count = Math.Min(ForwardKeys, shape.Keys - k0);
                Gather(firstKey + k0 * set.KeyStride, set.KeyStride, count, headWidth, padded, keys);
                Gather(firstKey + k0 * set.KeyStride + set.KeyWidth, set.KeyStride, count, headWidth, padded, values);
                for (int t = 0; t < tiles; t++)
                {
                    float* query = queries + t * Lanes * headWidth, result = results + t * Lanes * padded;
                    float* shift = shifts + t * Lanes, sum = sums + t * Lanes;
                    LaneTile<Probability>(count, headWidth, keys, padded, query, Lanes, shift, p, p, state);
                    if (Shift(state + Lanes, shift, sum, result, headWidth, k0 == 0))
                    {
                        LaneTile<Probability>(count, headWidth, keys, padded, query, Lanes, shift, p, p, state);
                    }

                    Add(state, sum, Lanes);
                    WeightedSum(count, headWidth, values, padded, p, Lanes, k0 > 0, result);
                }
            }

            float* saved = state;
            for (int r = 0; r < rows; r += Lanes)
            {
                float* result = results + r * padded;
                for (int lane = 0; lane < Lanes; lane += 8)
                {
                    var sum = Vector256.Load(sums + r + lane);
                    (Vector256.Load(shifts + r + lane) * Ln2 + Vector256.Log(sum)).Store(saved + lane);
                    ScaleLanes(result + lane, headWidth, Lanes, Vector256<float>.One / sum);
                }

                TileProduct.Transpose(result, Lanes, headWidth, Lanes, row, padded);
                for (int i = 0; i < Math.Min(Lanes, rows - r); i++)
                {
                    long slot = set.Slot(first + r + i);
                    Copy(row + i * padded, o.Start + slot * headWidth, headWidth);
                    logSumExp.Start[slot] = saved[i];
                }
            }
        }

        // Whether a tile's scores left the range of their shift; then the shift follows, and what was summed is scaled down.
        static bool Shift(float* most, float* shift, float* sum, float* result, int headWidth, bool first)
        {
            Vector256<float> largest = Vector256.Load(most), least = largest;
            for (int lane = 8; lane < Lanes; lane += 8)
            {
                largest = Vector256.Max(largest, Vector256.Load(most + lane));
                least = Vector256.Min(least, Vector256.Load(most + lane));
            }

            if (Vector256.LessThanOrEqualAll(largest, Vector256.Create(MostAboveShift))
                && (!first || Vector256.GreaterThanOrEqualAll(least, Vector256.Create(-MostAboveShift))))
            {
                return false;
            }

            for (int lane = 0; lane < Lanes; lane++)
            {
                if (first ? Math.Abs(most[lane]) > MostAboveShift : most[lane] > MostAboveShift)
                {
                    shift[lane] += most[lane];
                    float factor = MathF.Exp(-most[lane] * Ln2);
                    for (int i = 0; i < headWidth && !first; i++)
                    {
                        result[i * Lanes + lane] *= factor;
                    }

                    sum[lane] *= first ? 1 : factor;
                }
            }

            return true;
        }

        // Writes dq of a block of queries, and the gradient that they give the keys: into gradients for a later sum, or if
        // that is null straight to dKeyValue.
        static void BackwardUnit(
            AttentionShape shape, AttentionKeySet set, int first, int rows, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o,
            Tensor logSumExp, Tensor dq, Tensor dKeyValue, bool accumulate, float* gradients)
        {
            var layout = new Layout(shape, set.HeadWidth);
            int headWidth = set.HeadWidth, padded = layout.Width;
            float* keys = Scratch(
                4 * padded * layout.Keys + BackwardRows * (2 * BackwardKeys + 3 * padded + 2 * headWidth + 2));
            float* values = keys + padded * layout.Keys;
            float* dKeys = gradients is null ? values + padded * layout.Keys : gradients, dValues = dKeys + padded * layout.Keys;
            float* p = values + 3 * padded * layout.Keys, ds = p + BackwardRows * BackwardKeys;
            float* query = ds + BackwardRows * BackwardKeys, gradient = query + BackwardRows * padded;
            float* dQuery = gradient + BackwardRows * padded, queryLanes = dQuery + BackwardRows * padded;
            float* gradientLanes = queryLanes + BackwardRows * headWidth, saved = gradientLanes + BackwardRows * headWidth;
            float* delta = saved + BackwardRows;

            float* firstKey = keyValue.Start + set.FirstKey;
            Gather(firstKey, set.KeyStride, shape.Keys, headWidth, padded, keys);
            Gather(firstKey + set.KeyWidth, set.KeyStride, shape.Keys, headWidth, padded, values);
            new Span<float>(dKeys, layout.GradientLength).Clear();

            float scale = 1 / MathF.Sqrt(headWidth);
            for (int r0 = 0; r0 < rows; r0 += BackwardRows)
            {
                int count = Math.Min(BackwardRows, rows - r0), lanes = (count + Lanes - 1) / Lanes * Lanes;
                GatherQueries(set, first + r0, count, q.Start, padded, query, scale * Log2E);
                GatherQueries(set, first + r0, count, dAttended.Start, padded, gradient, 1);
                TransposeLanes(query, padded, count, headWidth, queryLanes, BackwardRows);
                TransposeLanes(gradient, padded, count, headWidth, gradientLanes, BackwardRows);
                for (int r = 0; r < lanes; r++)
                {
                    long slot = r < count ? set.Slot(first + r0 + r) : 0;
                    delta[r] = r < count ? Dot(gradient + r * padded, o.Start + slot * headWidth, headWidth) : 0;
                    saved[r] = r < count ? logSumExp.Start[slot] * Log2E : 0;
                }

                for (int k0 = 0; k0 < shape.Keys; k0 += BackwardKeys)
                {
                    int block = Math.Min(BackwardKeys, shape.Keys - k0), tiled = (block + KeyTile - 1) / KeyTile * KeyTile;
                    float* k = keys + (nint)k0 * padded, v = values + (nint)k0 * padded;
                    for (int l = 0; l < lanes; l += Lanes)
                    {
                        float* pl = p + l, dsl = ds + l;
                        LaneTile<SavedProbability>(
                            block, headWidth, k, padded, queryLanes + l, BackwardRows, saved + l, pl, pl, null);
                        LaneTile<ScoreGradient>(
                            block, headWidth, v, padded, gradientLanes + l, BackwardRows, delta + l, pl, dsl, null);
                        WeightedSum(block, headWidth, k, padded, dsl, BackwardRows, k0 > 0, dQuery + l);
                    }

                    // Keys past the last are zero, so the padding rows of dKeys and dValues stay zero.
                    new Span<float>(p + block * BackwardRows, (tiled - block) * BackwardRows).Clear();
                    new Span<float>(ds + block * BackwardRows, (tiled - block) * BackwardRows).Clear();
                    AddProduct(tiled, padded, count, p, gradient, dValues + (nint)k0 * padded);
                    AddProduct(tiled, padded, count, ds, query, dKeys + (nint)k0 * padded);
                }

                for (int l = 0; l < lanes; l += 8)
                {
                    ScaleLanes(dQuery + l, headWidth, BackwardRows, Vector256.Create(scale));
                }

                // The rows of queries have served: dq takes their place.
                TileProduct.Transpose(dQuery, BackwardRows, headWidth, lanes, query, padded);
                for (int r = 0; r < count; r++)
                {
                    Copy(query + r * padded, dq.Start + set.Slot(first + r0 + r) * headWidth, headWidth);
                }
            }

            if (gradients is null)
            {
                WriteKeyGradient(shape, set, dKeys, dKeyValue, accumulate);
            }
        }

        // The queries were scaled when gathered: dk holds its 1 / √headWidth already, and log₂e to be taken out.
        static void WriteKeyGradient(AttentionShape shape, AttentionKeySet set, float* gradient, Tensor dKeyValue, bool accumulate)
        {
            var layout = new Layout(shape, set.HeadWidth);
            float* dValues = gradient + layout.Width * layout.Keys, target = dKeyValue.Start + set.FirstKey;
            for (int j = 0; j < shape.Keys; j++, target += set.KeyStride)
            {
                if (shape.FirstKeyHead && !accumulate)
                {
                    new Span<float>(target, 2 * set.KeyWidth).Clear(); // the other heads' keys were not read
                }

                Scatter(gradient + j * layout.Width, target, set.HeadWidth, Ln2, accumulate);
                Scatter(dValues + j * layout.Width, target + set.KeyWidth, set.HeadWidth, 1, accumulate);
            }
        }

        // c (rows, width) += a · b, where a is (rows, BackwardRows) and depth of its columns count; whole tiles of rows.
        static void AddProduct(int rows, int width, int depth, float* a, float* b, float* c)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                for (int j = 0; j < width; j += 32)
                {
                    for (int r = 0; r < rows; r += 8)
                    {
                        float* tile = c + r * width + j;
                        TileProduct.Tile8x32(depth, a + r * BackwardRows, BackwardRows, 1, b + j, width, tile, width, tile, width);
                    }
                }

                return;
            }

            if (width % 24 == 0)
            {
                for (int j = 0; j < width; j += 24)
                {
                    for (int r = 0; r < rows; r += 4)
                    {
                        float* tile = c + r * width + j;
                        TileProduct.Tile4x24(depth, a + r * BackwardRows, BackwardRows, 1, b + j, width, tile, width, tile, width);
                    }
                }

                return;
            }

            for (int j = 0; j < width; j += 16)
            {
                for (int r = 0; r < rows; r += 6)
                {
                    float* tile = c + r * width + j;
                    TileProduct.Tile6x16(depth, a + r * BackwardRows, BackwardRows, 1, b + j, width, tile, width, tile, width);
                }
            }
        }

        // target (count, padded) = scale · the rows of a set's queries, zeros past the head's width.
        static void GatherQueries(AttentionKeySet set, int first, int count, float* source, int padded, float* target, float scale)
        {
            int headWidth = set.HeadWidth;
            for (int r = 0; r < count; r++, target += padded)
            {
                float* row = source + set.Slot(first + r) * headWidth;
                int i = 0;
                for (; i + 8 <= headWidth; i += 8)
                {
                    (Vector256.Load(row + i) * scale).Store(target + i);
                }

                for (; i < padded; i++)
                {
                    target[i] = i < headWidth ? row[i] * scale : 0;
                }
            }
        }

        // target[i][lane] = source[lane][i], zeros in the lanes past the last row up to the tile's end.
        static void TransposeLanes(float* source, int padded, int rows, int headWidth, float* target, int stride)
        {
            if (rows < stride)
            {
                new Span<float>(target, stride * headWidth).Clear();
            }

            TileProduct.Transpose(source, padded, rows, headWidth, target, stride);
        }

        // target (rows, padded) = source, zeros past width.
        static void Gather(float* source, nint stride, int rows, int width, int padded, float* target)
        {
            for (int r = 0; r < rows; r++, source += stride, target += padded)
            {
                Copy(source, target, width);
                for (int i = width; i < padded; i++)
                {
                    target[i] = 0;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Copy(float* source, float* target, int width)
        {
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                Vector256.Load(source + i).Store(target + i);
            }

            for (; i < width; i++)
            {
                target[i] = source[i];
            }
        }

        // target = scale · source, or that added to it.
        internal static void Scatter(float* source, float* target, int width, float scale, bool accumulate)
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

        // target += source, of whole vectors.
        static void Add(float* source, float* target, int count)
        {
            for (int i = 0; i < count; i += 8)
            {
                (Vector256.Load(target + i) + Vector256.Load(source + i)).Store(target + i);
            }
        }

        static void ScaleLanes(float* values, int rows, int stride, Vector256<float> factor)
        {
            for (int i = 0; i < rows; i++, values += stride)
            {
                (Vector256.Load(values) * factor).Store(values);
            }
        }

        internal static float Dot(float* a, float* b, int count)
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
