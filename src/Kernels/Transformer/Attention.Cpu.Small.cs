using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    internal sealed unsafe partial class Cpu
    {
        // Attention over the columns of a row: a handful of queries and keys, so gathering panels would cost more than the
        // products. Here scores are transposed, a vector of queries for each key, which turns softmax into vertical
        // arithmetic; keys, values, outputs and gradients are read and written where they lie. Queries of the first key head
        // come from other rows than the keys' (Inner above 1), so they need no such path.
        static class Small
        {
            const int MostKeys = 64, MostQueries = 64, MostWidth = 64;

            internal static bool Suits(AttentionShape shape, int width)
            {
                int headWidth = width / shape.Heads;
                return shape.Inner == 1 && !shape.FirstKeyHead && shape.Keys <= MostKeys && shape.Queries <= MostQueries
                    && headWidth % 8 == 0 && headWidth <= MostWidth;
            }

            [System.Runtime.CompilerServices.SkipLocalsInit]
            internal static void Forward(
                AttentionShape shape, int problem, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
            {
                int width = q.Width, heads = shape.Heads, headWidth = width / heads;
                int queries = shape.Queries, keys = shape.Keys;
                int lanes = (queries + 7) & ~7;
                float* transposed = stackalloc float[MostQueries * MostWidth], p = stackalloc float[MostQueries * MostKeys];
                float* saved = stackalloc float[8];
                float scale = Log2E / MathF.Sqrt(headWidth);
                for (int head = 0; head < heads; head++)
                {
                    FetchNext(shape, problem, head, queries * width, q);
                    FetchNext(shape, problem, head, keys * 2 * width, keyValue);
                    long at = (long)problem * queries * width + head * headWidth;
                    float* key = keyValue.Start + (long)problem * keys * 2 * width + head * headWidth;
                    TileProduct.TransposeRepeating(q.Start + at, width, queries, headWidth, transposed, lanes);
                    Scores(key, 2 * width, keys, headWidth, transposed, lanes, p);
                    for (int i = 0; i < lanes; i += 8)
                    {
                        var sum = Softmax(p + i, lanes, keys, scale, out var maximum);
                        (maximum * Ln2 + Vector256.Log(sum)).Store(saved);
                        for (int r = i; r < Math.Min(queries, i + 8); r++)
                        {
                            logSumExp.Start[((long)problem * queries + r) * heads + head] = saved[r - i];
                        }
                    }

                    Product(queries, keys, headWidth, p, 1, lanes, key + width, 2 * width, o.Start + at, width);
                }
            }

            [System.Runtime.CompilerServices.SkipLocalsInit]
            internal static void Backward(
                AttentionShape shape, int problem, Tensor dAttended, Tensor q, Tensor keyValue, Tensor logSumExp,
                Tensor dq, Tensor dKeyValue)
            {
                int width = q.Width, heads = shape.Heads, headWidth = width / heads;
                int queries = shape.Queries, keys = shape.Keys;
                int lanes = (queries + 7) & ~7;
                float* transposed = stackalloc float[MostQueries * MostWidth], saved = stackalloc float[MostQueries];
                float* p = stackalloc float[MostQueries * MostKeys], ds = stackalloc float[MostQueries * MostKeys];
                float scale = 1 / MathF.Sqrt(headWidth);
                for (int head = 0; head < heads; head++)
                {
                    FetchNext(shape, problem, head, queries * width, q);
                    FetchNext(shape, problem, head, queries * width, dAttended);
                    FetchNext(shape, problem, head, keys * 2 * width, keyValue);
                    FetchNext(shape, problem, head, queries * width, dq);
                    FetchNext(shape, problem, head, keys * 2 * width, dKeyValue);
                    long at = (long)problem * queries * width + head * headWidth;
                    long keyAt = (long)problem * keys * 2 * width + head * headWidth;
                    float* key = keyValue.Start + keyAt, dKey = dKeyValue.Start + keyAt, gradient = dAttended.Start + at;
                    TileProduct.TransposeRepeating(q.Start + at, width, queries, headWidth, transposed, lanes);
                    Scores(key, 2 * width, keys, headWidth, transposed, lanes, p);
                    TileProduct.TransposeRepeating(gradient, width, queries, headWidth, transposed, lanes);
                    Scores(key + width, 2 * width, keys, headWidth, transposed, lanes, ds);
                    for (int i = 0; i < lanes; i++)
                    {
                        // Lanes past the last query repeat it.
                        long query = (long)problem * queries + Math.Min(i, queries - 1);
                        saved[i] = logSumExp.Start[query * heads + head] * Log2E;
                    }

                    for (int i = 0; i < lanes; i += 8)
                    {
                        SoftmaxGradient(p + i, ds + i, lanes, keys, scale, Vector256.Load(saved + i));
                    }

                    Product(keys, queries, headWidth, p, lanes, 1, gradient, width, dKey + width, 2 * width);
                    Product(keys, queries, headWidth, ds, lanes, 1, q.Start + at, width, dKey, 2 * width);
                    Product(queries, keys, headWidth, ds, 1, lanes, key, 2 * width, dq.Start + at, width);
                }
            }

            // A head is a few lines of each row, which no processor foresees: while it computes, a share of the next problem's
            // rows, length elements in all, is brought to the second cache; backward also what will be written, which halves
            // the time of 6 and 11 columns.
            static void FetchNext(AttentionShape shape, int problem, int head, int length, Tensor tensor)
            {
                if (Sse.IsSupported && problem + 1 < shape.Outer)
                {
                    float* next = tensor.Start + (problem + 1L) * length;
                    int share = (length + shape.Heads - 1) / shape.Heads;
                    for (int i = head * share; i < Math.Min(length, (head + 1) * share); i += 16)
                    {
                        Sse.Prefetch1(next + i);
                    }
                }
            }

            // scores[j][lane] = keys[j] · queries[lane]; the last tile overlaps the one before it.
            static void Scores(float* keys, nint stride, int count, int headWidth, float* transposed, int lanes, float* scores)
            {
                int step;
                for (int i = 0; i < lanes; i += step)
                {
                    // Lanes are whole vectors of eight: four where they make two of sixteen, else three, or two where three
                    // would leave one over.
                    step = Vector512.IsHardwareAccelerated && lanes - i >= 32 ? 32
                        : (lanes - i) is 8 or 16 ? lanes - i : lanes - i == 32 ? 16 : 24;
                    int rows = step == 24 ? 4 : 6;
                    float* b = transposed + i, c = scores + i;
                    if (count < rows)
                    {
                        for (int j = 0; j < count; j++)
                        {
                            TileProduct.TileRow(step / 8, headWidth, keys + j * stride, 1, b, lanes, null, c + j * lanes);
                        }

                        continue;
                    }

                    for (int j = 0; j < count; j += rows)
                    {
                        int r = Math.Min(j, count - rows);
                        float* a = keys + r * stride, tile = c + r * lanes;
                        switch (step)
                        {
                            case 32:
                                TileProduct.Tile6x32(headWidth, a, stride, 1, b, 16, lanes, null, 0, tile, lanes);
                                break;
                            case 24:
                                TileProduct.Tile4x24(headWidth, a, stride, 1, b, lanes, null, 0, tile, lanes);
                                break;
                            case 16:
                                TileProduct.Tile6x16(headWidth, a, stride, 1, b, lanes, null, 0, tile, lanes);
                                break;
                            default:
                                TileProduct.Tile6x8(headWidth, a, stride, 1, b, lanes, tile, lanes);
                                break;
                        }
                    }
                }
            }

            // Turns eight queries' scores into probabilities; returns the sums, and the maxima in units of log 2.
            static Vector256<float> Softmax(float* s, int lanes, int keys, float scale, out Vector256<float> maximum)
            {
                maximum = Vector256.Load(s);
                for (int j = 1; j < keys; j++)
                {
                    maximum = Vector256.MaxNative(maximum, Vector256.Load(s + j * lanes));
                }

                maximum *= scale;
                Vector256<float> sum = default;
                for (int j = 0; j < keys; j++)
                {
                    var e = VectorMath.Exp2(
                        Vector256.FusedMultiplyAdd(Vector256.Load(s + j * lanes), Vector256.Create(scale), -maximum));
                    e.Store(s + j * lanes);
                    sum += e;
                }

                var share = Vector256<float>.One / sum;
                for (int j = 0; j < keys; j++)
                {
                    (Vector256.Load(s + j * lanes) * share).Store(s + j * lanes);
                }

                return sum;
            }

            // p in place of s, and ds / √headWidth in place of dp; here δ is summed as Σ p dp, which equals Σ dO · o. Of scores in
            // the thousands the saved logarithm is rounded by 1e-4, and so are all p together; dp − δ must not be, so δ is divided by Σ p.
            static void SoftmaxGradient(float* s, float* dp, int lanes, int keys, float scale, Vector256<float> saved)
            {
                Vector256<float> delta = default, sum = default;
                for (int j = 0; j < keys; j++)
                {
                    var p = VectorMath.Exp2(
                        Vector256.FusedMultiplyAdd(Vector256.Load(s + j * lanes), Vector256.Create(scale * Log2E), -saved));
                    p.Store(s + j * lanes);
                    sum += p;
                    delta = Vector256.FusedMultiplyAdd(p, Vector256.Load(dp + j * lanes), delta);
                }

                delta /= sum;

                for (int j = 0; j < keys; j++)
                {
                    (Vector256.Load(s + j * lanes) * (Vector256.Load(dp + j * lanes) - delta) * scale).Store(dp + j * lanes);
                }
            }

            // c (rows, width) = a · b in place; the last tile overlaps the one before it rather than leave the tensor.
            static void Product(
                int rows, int depth, int width, float* a, nint aRow, nint aStep, float* b, nint bStep, float* c, nint cRow)
            {
                int step = Vector512.IsHardwareAccelerated && width % 32 == 0 ? 32 : width % 24 == 0 ? 24 : width % 16 == 0 ? 16 : 8;
                int tileRows = step switch { 8 => 1, 24 => 4, _ => 6 };
                for (int j = 0; j < width; j += step)
                {
                    if (rows < tileRows || tileRows == 1)
                    {
                        for (int r = 0; r < rows; r++)
                        {
                            TileProduct.TileRow(step / 8, depth, a + r * aRow, aStep, b + j, bStep, null, c + r * cRow + j);
                        }

                        continue;
                    }

                    for (int i = 0; i < rows; i += tileRows)
                    {
                        int r = Math.Min(i, rows - tileRows);
                        float* from = a + r * aRow, tile = c + r * cRow + j;
                        switch (step)
                        {
                            case 32:
                                TileProduct.Tile6x32(depth, from, aRow, aStep, b + j, 16, bStep, null, 0, tile, cRow);
                                break;
                            case 24:
                                TileProduct.Tile4x24(depth, from, aRow, aStep, b + j, bStep, null, 0, tile, cRow);
                                break;
                            default:
                                TileProduct.Tile6x16(depth, from, aRow, aStep, b + j, bStep, null, 0, tile, cRow);
                                break;
                        }
                    }
                }
            }
        }
    }
}
