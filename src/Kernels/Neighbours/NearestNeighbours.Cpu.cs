using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Neighbours;

public abstract partial class NearestNeighbours
{
    internal sealed class Cpu(CpuDevice device) : NearestNeighbours
    {
        // A dozen columns of this many points are 48 KiB: they stay near while a task's queries pass, four abreast.
        const int BlockRows = 1024;
        const int QueriesPerTask = 64, Abreast = 4;

        private protected override int[] FindAmong(PointSet points, int[] queries, int count, CancellationToken cancellation)
        {
            var nearest = new int[checked(queries.Length * count)];
            var squares = new float[nearest.Length];
            Array.Fill(squares, float.PositiveInfinity);
            device.For((queries.Length + QueriesPerTask - 1) / QueriesPerTask, task =>
            {
                int first = task * QueriesPerTask, last = Math.Min(queries.Length, first + QueriesPerTask);
                var asked = new float[Abreast * (points.Numbers + points.Codes)];
                for (int start = 0; start < points.Stride && !cancellation.IsCancellationRequested; start += BlockRows)
                {
                    int end = Math.Min(points.Stride, start + BlockRows);
                    for (int four = first; four < last; four += Abreast)
                    {
                        var kept = new Kept(points.Rows, queries, four, count, nearest, squares);
                        Pass(points, queries, four, Math.Min(Abreast, last - four), start, end, asked, kept);
                    }
                }
            });
            return nearest;
        }

        // Four queries, of which the last may be the same ones and count once, pass a block of points.
        static void Pass(PointSet points, int[] queries, int first, int asking, int start, int end, float[] asked, Kept kept)
        {
            for (int at = 0; at < asked.Length; at++)
            {
                int query = queries[first + Math.Min(at % Abreast, asking - 1)];
                asked[at] = points.Cells[at / Abreast * points.Stride + query];
            }

            ref float cells = ref MemoryMarshal.GetArrayDataReference(points.Cells);
            ref float ask = ref MemoryMarshal.GetArrayDataReference(asked);
            int lanes = Vector<float>.Count;
            for (int row = start; row < end; row += 2 * lanes)
            {
                Squares(
                    ref Unsafe.Add(ref cells, row), ref ask, points, out var a, out var b, out var c, out var d, out var e, out var f, out var g,
                    out var h);
                kept.Take(0, row, a, e, lanes);
                if (asking > 1)
                {
                    kept.Take(1, row, b, f, lanes);
                }

                if (asking > 2)
                {
                    kept.Take(2, row, c, g, lanes);
                }

                if (asking > 3)
                {
                    kept.Take(3, row, d, h, lanes);
                }
            }
        }

        // Two vectors of points against four queries: eight sums in registers. First the codes, counted as whole numbers, then the numbers.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Squares(
            ref float cells, ref float ask, PointSet points,
            out Vector<float> a, out Vector<float> b, out Vector<float> c, out Vector<float> d,
            out Vector<float> e, out Vector<float> f, out Vector<float> g, out Vector<float> h)
        {
            int numbers = points.Numbers, codes = points.Codes, stride = points.Stride, lanes = Vector<float>.Count;

            // A comparison is −1 where it holds, so these count agreements downwards.
            Vector<int> i = new(codes), j = i, k = i, l = i, m = i, n = i, o = i, p = i;
            for (int column = numbers; column < numbers + codes; column++)
            {
                ref float at = ref Unsafe.Add(ref cells, column * stride);
                var x = Vector.LoadUnsafe(ref at);
                var y = Vector.LoadUnsafe(ref at, (nuint)lanes);
                ref float query = ref Unsafe.Add(ref ask, Abreast * column);
                var first = new Vector<float>(query);
                i += Vector.Equals(x, first);
                m += Vector.Equals(y, first);
                var second = new Vector<float>(Unsafe.Add(ref query, 1));
                j += Vector.Equals(x, second);
                n += Vector.Equals(y, second);
                var third = new Vector<float>(Unsafe.Add(ref query, 2));
                k += Vector.Equals(x, third);
                o += Vector.Equals(y, third);
                var fourth = new Vector<float>(Unsafe.Add(ref query, 3));
                l += Vector.Equals(x, fourth);
                p += Vector.Equals(y, fourth);
            }

            var mismatch = new Vector<float>(points.Mismatch);
            a = mismatch * Vector.ConvertToSingle(i);
            b = mismatch * Vector.ConvertToSingle(j);
            c = mismatch * Vector.ConvertToSingle(k);
            d = mismatch * Vector.ConvertToSingle(l);
            e = mismatch * Vector.ConvertToSingle(m);
            f = mismatch * Vector.ConvertToSingle(n);
            g = mismatch * Vector.ConvertToSingle(o);
            h = mismatch * Vector.ConvertToSingle(p);
            for (int column = 0; column < numbers; column++)
            {
                ref float at = ref Unsafe.Add(ref cells, column * stride);
                var x = Vector.LoadUnsafe(ref at);
                var y = Vector.LoadUnsafe(ref at, (nuint)lanes);
                ref float query = ref Unsafe.Add(ref ask, Abreast * column);
                var first = new Vector<float>(query);
                a = Add(a, x - first);
                e = Add(e, y - first);
                var second = new Vector<float>(Unsafe.Add(ref query, 1));
                b = Add(b, x - second);
                f = Add(f, y - second);
                var third = new Vector<float>(Unsafe.Add(ref query, 2));
                c = Add(c, x - third);
                g = Add(g, y - third);
                var fourth = new Vector<float>(Unsafe.Add(ref query, 3));
                d = Add(d, x - fourth);
                h = Add(h, y - fourth);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<float> Add(Vector<float> sum, Vector<float> difference) => Vector.FusedMultiplyAdd(difference, difference, sum);

        // The nearest so far of the queries from the first one on.
        readonly ref struct Kept(int rows, int[] queries, int first, int count, int[] nearest, float[] squares)
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public void Take(int query, int row, Vector<float> near, Vector<float> far, int lanes)
            {
                var worst = new Vector<float>(squares[(first + query + 1) * count - 1]);
                if (Vector.LessThanAny(Vector.Min(near, far), worst))
                {
                    Insert(query, row, near);
                    Insert(query, row + lanes, far);
                }
            }

            [MethodImpl(MethodImplOptions.NoInlining)]
            void Insert(int query, int row, Vector<float> found)
            {
                var best = squares.AsSpan((first + query) * count, count);
                var numbers = nearest.AsSpan((first + query) * count, count);
                for (int lane = 0; lane < Vector<float>.Count; lane++)
                {
                    float square = found[lane];
                    int point = row + lane;
                    if (!(square < best[^1]) || point >= rows || point == queries[first + query])
                    {
                        continue;
                    }

                    int place = count - 1;
                    for (; place > 0 && best[place - 1] > square; place--)
                    {
                        best[place] = best[place - 1];
                        numbers[place] = numbers[place - 1];
                    }

                    best[place] = square;
                    numbers[place] = point;
                }
            }
        }
    }
}
