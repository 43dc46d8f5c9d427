using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    internal sealed unsafe partial class Cpu
    {
        // What becomes of eight or sixteen products, in registers, before they are stored.
        interface IFinish
        {
            static abstract Vector256<float> Apply(
                Vector256<float> product, Vector256<float> lane, float* other, ref Vector256<float> sum, ref Vector256<float> most);

            static abstract Vector512<float> Apply(
                Vector512<float> product, Vector512<float> lane, float* other, ref Vector512<float> sum, ref Vector512<float> most);
        }

        // p = 2^(s − shift); the sums of p, and the largest s − shift.
        readonly struct Probability : IFinish
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector256<float> Apply(
                Vector256<float> product, Vector256<float> lane, float* other, ref Vector256<float> sum, ref Vector256<float> most)
            {
                var x = product - lane;
                most = Vector256.MaxNative(most, x);
                var p = VectorMath.Exp2(x);
                sum += p;
                return p;
            }

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector512<float> Apply(
                Vector512<float> product, Vector512<float> lane, float* other, ref Vector512<float> sum, ref Vector512<float> most)
            {
                var x = product - lane;
                most = Vector512.MaxNative(most, x);
                var p = VectorMath.Exp2(x);
                sum += p;
                return p;
            }
        }

        // p = 2^(s − logSumExp)
        readonly struct SavedProbability : IFinish
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector256<float> Apply(
                Vector256<float> product, Vector256<float> lane, float* other, ref Vector256<float> sum, ref Vector256<float> most) =>
                VectorMath.Exp2(product - lane);

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector512<float> Apply(
                Vector512<float> product, Vector512<float> lane, float* other, ref Vector512<float> sum, ref Vector512<float> most) =>
                VectorMath.Exp2(product - lane);
        }

        // ds = p (dp − δ)
        readonly struct ScoreGradient : IFinish
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector256<float> Apply(
                Vector256<float> product, Vector256<float> lane, float* other, ref Vector256<float> sum, ref Vector256<float> most) =>
                (product - lane) * Vector256.Load(other);

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Vector512<float> Apply(
                Vector512<float> product, Vector512<float> lane, float* other, ref Vector512<float> sum, ref Vector512<float> most) =>
                (product - lane) * Vector512.Load(other);
        }

        // c[j][lane] = finish(rows[j] · columns[·][lane]) for a tile of lanes, finished in registers, which lets one tile's
        // exponentials overlap with the next one's products. other is finish's second operand, laid out as c. State takes a
        // sum and a maximum for each lane, unless it is null.
        static void LaneTile<TFinish>(
            int rows, int depth, float* row, nint rowStride, float* columns, nint stride, float* lane,
            float* other, float* c, float* state)
            where TFinish : struct, IFinish
        {
            if (Vector512.IsHardwareAccelerated)
            {
                WideLaneTile<TFinish>(rows, depth, row, rowStride, columns, stride, lane, other, c, state);
            }
            else
            {
                NarrowLaneTile<TFinish>(rows, depth, row, rowStride, columns, stride, lane, other, c, state);
            }
        }

        // Eight rows and two vectors of lanes are sixteen accumulators of the 32 registers.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void WideLaneTile<TFinish>(
            int rows, int depth, float* row, nint rowStride, float* columns, nint stride, float* lane,
            float* other, float* c, float* state)
            where TFinish : struct, IFinish
        {
            Vector512<float> lane0 = Vector512.Load(lane), lane1 = Vector512.Load(lane + 16);
            Vector512<float> sum0 = default, sum1 = default;
            Vector512<float> most0 = Vector512.Create(float.NegativeInfinity), most1 = most0;
            nint row2 = 2 * rowStride, row3 = 3 * rowStride;
            for (; rows >= 8; rows -= 8, row += 8 * rowStride, c += 8 * stride, other += 8 * stride)
            {
                Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
                Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
                Vector512<float> c60 = default, c61 = default, c70 = default, c71 = default;
                float* a = row, low = row + 4 * rowStride, b = columns;
                for (int p = depth; p > 0; p--, a++, low++, b += stride)
                {
                    var b0 = Vector512.Load(b);
                    var b1 = Vector512.Load(b + 16);
                    var x = Vector512.Create(*a);
                    c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
                    x = Vector512.Create(a[rowStride]);
                    c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
                    x = Vector512.Create(a[row2]);
                    c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
                    x = Vector512.Create(a[row3]);
                    c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
                    x = Vector512.Create(*low);
                    c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
                    c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
                    x = Vector512.Create(low[rowStride]);
                    c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
                    c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
                    x = Vector512.Create(low[row2]);
                    c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
                    c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
                    x = Vector512.Create(low[row3]);
                    c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
                    c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
                }

                nint at = 0;
                TFinish.Apply(c00, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c01, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c10, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c11, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c20, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c21, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c30, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c31, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c40, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c41, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c50, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c51, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c60, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c61, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c70, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c71, lane1, other + at + 16, ref sum1, ref most1).Store(c + at + 16);
            }

            for (; rows > 0; rows--, row += rowStride, c += stride, other += stride)
            {
                Vector512<float> c0 = default, c1 = default;
                float* a = row, b = columns;
                for (int p = depth; p > 0; p--, a++, b += stride)
                {
                    var x = Vector512.Create(*a);
                    c0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b), c0);
                    c1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + 16), c1);
                }

                TFinish.Apply(c0, lane0, other, ref sum0, ref most0).Store(c);
                TFinish.Apply(c1, lane1, other + 16, ref sum1, ref most1).Store(c + 16);
            }

            if (state is not null)
            {
                sum0.Store(state);
                sum1.Store(state + 16);
                most0.Store(state + 32);
                most1.Store(state + 48);
            }
        }

        // Four rows and three vectors of lanes are twelve accumulators. The sum goes four at a time, so that the processor
        // predicts its end.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void NarrowLaneTile<TFinish>(
            int rows, int depth, float* row, nint rowStride, float* columns, nint stride, float* lane,
            float* other, float* c, float* state)
            where TFinish : struct, IFinish
        {
            Vector256<float> lane0 = Vector256.Load(lane), lane1 = Vector256.Load(lane + 8), lane2 = Vector256.Load(lane + 16);
            Vector256<float> sum0 = default, sum1 = default, sum2 = default;
            Vector256<float> most0 = Vector256.Create(float.NegativeInfinity), most1 = most0, most2 = most0;
            nint stride2 = 2 * rowStride, stride3 = 3 * rowStride;
            for (; rows >= 4; rows -= 4, row += 4 * rowStride, c += 4 * stride, other += 4 * stride)
            {
                Vector256<float> c00 = default, c01 = default, c02 = default, c10 = default, c11 = default, c12 = default;
                Vector256<float> c20 = default, c21 = default, c22 = default, c30 = default, c31 = default, c32 = default;
                float* a = row, b = columns;
                int p = depth;
                for (; p >= 4; p -= 4, a += 4, b += 4 * stride)
                {
                    var b0 = Vector256.Load(b);
                    var b1 = Vector256.Load(b + 8);
                    var b2 = Vector256.Load(b + 16);
                    var x = Vector256.Create(*a);
                    c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                    c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
                    x = Vector256.Create(a[rowStride]);
                    c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                    c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
                    x = Vector256.Create(a[stride2]);
                    c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                    c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
                    x = Vector256.Create(a[stride3]);
                    c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                    c32 = Vector256.FusedMultiplyAdd(x, b2, c32);

                    b0 = Vector256.Load(b + stride);
                    b1 = Vector256.Load(b + stride + 8);
                    b2 = Vector256.Load(b + stride + 16);
                    x = Vector256.Create(a[1]);
                    c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                    c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
                    x = Vector256.Create(a[rowStride + 1]);
                    c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                    c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
                    x = Vector256.Create(a[stride2 + 1]);
                    c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                    c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
                    x = Vector256.Create(a[stride3 + 1]);
                    c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                    c32 = Vector256.FusedMultiplyAdd(x, b2, c32);

                    b0 = Vector256.Load(b + 2 * stride);
                    b1 = Vector256.Load(b + 2 * stride + 8);
                    b2 = Vector256.Load(b + 2 * stride + 16);
                    x = Vector256.Create(a[2]);
                    c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                    c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
                    x = Vector256.Create(a[rowStride + 2]);
                    c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                    c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
                    x = Vector256.Create(a[stride2 + 2]);
                    c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                    c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
                    x = Vector256.Create(a[stride3 + 2]);
                    c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                    c32 = Vector256.FusedMultiplyAdd(x, b2, c32);

                    b0 = Vector256.Load(b + 3 * stride);
                    b1 = Vector256.Load(b + 3 * stride + 8);
                    b2 = Vector256.Load(b + 3 * stride + 16);
                    x = Vector256.Create(a[3]);
                    c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                    c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
                    x = Vector256.Create(a[rowStride + 3]);
                    c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                    c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
                    x = Vector256.Create(a[stride2 + 3]);
                    c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                    c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
                    x = Vector256.Create(a[stride3 + 3]);
                    c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                    c32 = Vector256.FusedMultiplyAdd(x, b2, c32);
                }

                for (; p > 0; p--, a++, b += stride)
                {
                    var b0 = Vector256.Load(b);
                    var b1 = Vector256.Load(b + 8);
                    var b2 = Vector256.Load(b + 16);
                    var x = Vector256.Create(*a);
                    c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                    c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                    c02 = Vector256.FusedMultiplyAdd(x, b2, c02);
                    x = Vector256.Create(a[rowStride]);
                    c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                    c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                    c12 = Vector256.FusedMultiplyAdd(x, b2, c12);
                    x = Vector256.Create(a[stride2]);
                    c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                    c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                    c22 = Vector256.FusedMultiplyAdd(x, b2, c22);
                    x = Vector256.Create(a[stride3]);
                    c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                    c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                    c32 = Vector256.FusedMultiplyAdd(x, b2, c32);
                }

                nint at = 0;
                TFinish.Apply(c00, lane0, other, ref sum0, ref most0).Store(c);
                TFinish.Apply(c01, lane1, other + 8, ref sum1, ref most1).Store(c + 8);
                TFinish.Apply(c02, lane2, other + 16, ref sum2, ref most2).Store(c + 16);
                at += stride;
                TFinish.Apply(c10, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c11, lane1, other + at + 8, ref sum1, ref most1).Store(c + at + 8);
                TFinish.Apply(c12, lane2, other + at + 16, ref sum2, ref most2).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c20, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c21, lane1, other + at + 8, ref sum1, ref most1).Store(c + at + 8);
                TFinish.Apply(c22, lane2, other + at + 16, ref sum2, ref most2).Store(c + at + 16);
                at += stride;
                TFinish.Apply(c30, lane0, other + at, ref sum0, ref most0).Store(c + at);
                TFinish.Apply(c31, lane1, other + at + 8, ref sum1, ref most1).Store(c + at + 8);
                TFinish.Apply(c32, lane2, other + at + 16, ref sum2, ref most2).Store(c + at + 16);
            }

            for (; rows > 0; rows--, row += rowStride, c += stride, other += stride)
            {
                Vector256<float> c0 = default, c1 = default, c2 = default;
                float* a = row, b = columns;
                for (int p = depth; p > 0; p--, a++, b += stride)
                {
                    var x = Vector256.Create(*a);
                    c0 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b), c0);
                    c1 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + 8), c1);
                    c2 = Vector256.FusedMultiplyAdd(x, Vector256.Load(b + 16), c2);
                }

                TFinish.Apply(c0, lane0, other, ref sum0, ref most0).Store(c);
                TFinish.Apply(c1, lane1, other + 8, ref sum1, ref most1).Store(c + 8);
                TFinish.Apply(c2, lane2, other + 16, ref sum2, ref most2).Store(c + 16);
            }

            if (state is not null)
            {
                sum0.Store(state);
                sum1.Store(state + 8);
                sum2.Store(state + 16);
                most0.Store(state + 24);
                most1.Store(state + 32);
                most2.Store(state + 40);
            }
        }

        // c[d][lane] = start + Σⱼ rows[j][d] p[j][lane] for a tile of lanes; elements up to the next eight of width are padding.
        static void WeightedSum(int rows, int width, float* row, nint rowStride, float* p, nint stride, bool start, float* c)
        {
            for (int d = 0; d < width; d += Vector512.IsHardwareAccelerated ? 8 : 4)
            {
                float* tile = c + d * stride;
                if (Vector512.IsHardwareAccelerated)
                {
                    TileProduct.Tile8x32(rows, row + d, 1, rowStride, p, stride, start ? tile : null, stride, tile, stride);
                }
                else
                {
                    TileProduct.Tile4x24(rows, row + d, 1, rowStride, p, stride, start ? tile : null, stride, tile, stride);
                }
            }
        }
    }
}
