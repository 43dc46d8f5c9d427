using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The null moments of a kernel statistic: of A = F Fᵀ and B = G Gᵀ, Σₜ Aₜₜ Bₜₜ and ‖A ∘ B‖² = Σₛₜ (Aₛₜ Bₛₜ)².</summary>
/// <remarks>
/// Zhang et al. (2011) need the trace of U Uᵀ and of its square, where the columns of U are all products of an eigenvector
/// of A with one of B. U Uᵀ is the elementwise product A ∘ B, so neither eigenvectors nor U are needed. Shapes: F is (rows,
/// ranks of x), G is (rows, ranks of y), column by column. The sums run in one fixed order, whatever the threads.
/// </remarks>
abstract class KernelMoments
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static KernelMoments On(ComputeDevice device) =>
        device.Choose<KernelMoments>(gpu => new Gpu(gpu), cpu => new Cpu(cpu, Vector512.IsHardwareAccelerated));

    /// <summary>Writes (Σₜ Aₜₜ Bₜₜ, ‖A ∘ B‖²) of each pair of factors.</summary>
    public abstract void Compute(
        IReadOnlyList<(KernelFactor X, KernelFactor Y)> pairs, Span<(double Trace, double Square)> moments);

    internal sealed class Gpu(GpuDevice device) : KernelMoments
    {
        readonly Action<Index1D, MomentArgs> _moments =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MomentArgs>(MomentKernel);

        internal readonly record struct MomentArgs(
            ArrayView<double> X, ArrayView<double> Y, ArrayView<double> Trace, ArrayView<double> Square, int Rows, int RankX, int RankY);

        // One thread per row of A ∘ B.
        internal static void MomentKernel(Index1D row, MomentArgs args)
        {
            double square = 0;
            for (int other = 0; other < args.Rows; other++)
            {
                double a = 0, b = 0;
                for (int k = 0; k < args.RankX; k++)
                {
                    a += args.X[k * args.Rows + row] * args.X[k * args.Rows + other];
                }

                for (int k = 0; k < args.RankY; k++)
                {
                    b += args.Y[k * args.Rows + row] * args.Y[k * args.Rows + other];
                }

                double product = a * b;
                square += product * product;
                if (other == row)
                {
                    args.Trace[row] = product;
                }
            }

            args.Square[row] = square;
        }

        public override void Compute(
            IReadOnlyList<(KernelFactor X, KernelFactor Y)> pairs, Span<(double Trace, double Square)> moments)
        {
            for (int pair = 0; pair < pairs.Count; pair++)
            {
                var (x, y) = pairs[pair];
                using var left = device.Allocate<double>(x.Columns);
                using var right = device.Allocate<double>(y.Columns);
                using var trace = device.Allocate<double>(x.Rows);
                using var square = device.Allocate<double>(x.Rows);
                _moments(x.Rows, new(left.View, right.View, trace.View, square.View, x.Rows, x.Rank, y.Rank));
                moments[pair] = (trace.ToArray().Sum(), square.ToArray().Sum());
            }
        }
    }

    internal sealed unsafe class Cpu(CpuDevice device, bool is512) : KernelMoments
    {
        // Rows of a panel.
        const int Panel = 8;

        // 64 rows of A to a task: at 500 rows and rank 100 some 0.2 ms, long against handing it to a thread.
        const int Block = 8;

        public override void Compute(
            IReadOnlyList<(KernelFactor X, KernelFactor Y)> pairs, Span<(double Trace, double Square)> moments)
        {
            if (pairs.Count == 0)
            {
                return;
            }

            KernelFactor[] factors = [.. pairs.SelectMany(pair => new[] { pair.X, pair.Y }).Distinct()];
            var packed = new double[factors.Length][];
            device.For(factors.Length, factor => packed[factor] = Pack(factors[factor]));
            var panelsOf = Enumerable.Range(0, factors.Length).ToDictionary(i => factors[i], i => packed[i]);

            int panels = (pairs[0].X.Rows + Panel - 1) / Panel, blocks = (panels + Block - 1) / Block;
            var sums = new (double Trace, double Square)[pairs.Count * blocks];
            device.For(sums.Length, task =>
            {
                var (x, y) = pairs[task / blocks];
                int first = task % blocks * Block;
                fixed (double* left = panelsOf[x], right = panelsOf[y])
                {
                    sums[task] = Sum(left, x.Rank, right, y.Rank, first, Math.Min(first + Block, panels), panels);
                }
            });

            for (int pair = 0; pair < pairs.Count; pair++)
            {
                moments[pair] = default;
                foreach (var (trace, square) in sums.AsSpan(pair * blocks, blocks))
                {
                    moments[pair] = (moments[pair].Trace + trace, moments[pair].Square + square);
                }
            }
        }

        // Eight rows to a panel, one of its columns behind the other; the last panel's spare rows are zero.
        static double[] Pack(KernelFactor factor)
        {
            int rows = factor.Rows, rank = factor.Rank, panels = (rows + Panel - 1) / Panel;
            var packed = new double[panels * Math.Max(rank, 1) * Panel];
            for (int panel = 0; panel < panels; panel++)
            {
                int first = panel * Panel, count = Math.Min(Panel, rows - first);
                for (int k = 0; k < rank; k++)
                {
                    factor.Columns.AsSpan(k * rows + first, count).CopyTo(packed.AsSpan((panel * rank + k) * Panel));
                }
            }

            return packed;
        }

        (double Trace, double Square) Sum(double* x, int rankX, double* y, int rankY, int first, int end, int panels)
        {
            double trace = 0, within = 0, beyond = 0;
            double* a = stackalloc double[Panel * Panel];
            double* b = stackalloc double[Panel * Panel];
            for (int panel = first; panel < end; panel++)
            {
                // A ∘ B is symmetric: what lies right of the diagonal's panel counts twice.
                var square = Vector256<double>.Zero;
                for (int other = panel; other < panels; other++)
                {
                    Multiply(x + (long)panel * rankX * Panel, x + (long)other * rankX * Panel, rankX, a);
                    Multiply(y + (long)panel * rankY * Panel, y + (long)other * rankY * Panel, rankY, b);
                    var own = Vector256<double>.Zero;
                    for (int i = 0; i < Panel * Panel; i += 4)
                    {
                        var product = Vector256.Load(a + i) * Vector256.Load(b + i);
                        own = Vector256.FusedMultiplyAdd(product, product, own);
                    }

                    if (other > panel)
                    {
                        square += own;
                        continue;
                    }

                    within += Vector256.Sum(own);
                    for (int i = 0; i < Panel; i++)
                    {
                        trace += a[i * Panel + i] * b[i * Panel + i];
                    }
                }

                beyond += Vector256.Sum(square);
            }

            return (trace, within + 2 * beyond);
        }

        /// <summary>Products of the rows of one panel with those of another.</summary>
        void Multiply(double* panel, double* other, int rank, double* products)
        {
            if (is512)
            {
                Multiply<Doubles8>(panel, other, rank, products);
                return;
            }

            Multiply<Doubles4>(panel, other, rank, products);
            Multiply<Doubles4>(panel, other + 4, rank, products + 4);
        }

        static void Multiply<T>(double* panel, double* other, int rank, double* products)
            where T : struct, IDoubles<T>
        {
            T s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
            for (int k = 0; k < rank; k++, panel += Panel, other += Panel)
            {
                var own = T.Load(other);
                s0 = T.MultiplyAdd(T.Fill(panel[0]), own, s0);
                s1 = T.MultiplyAdd(T.Fill(panel[1]), own, s1);
                s2 = T.MultiplyAdd(T.Fill(panel[2]), own, s2);
                s3 = T.MultiplyAdd(T.Fill(panel[3]), own, s3);
                s4 = T.MultiplyAdd(T.Fill(panel[4]), own, s4);
                s5 = T.MultiplyAdd(T.Fill(panel[5]), own, s5);
                s6 = T.MultiplyAdd(T.Fill(panel[6]), own, s6);
                s7 = T.MultiplyAdd(T.Fill(panel[7]), own, s7);
            }

            s0.Store(products);
            s1.Store(products + Panel);
            s2.Store(products + 2 * Panel);
            s3.Store(products + 3 * Panel);
            s4.Store(products + 4 * Panel);
            s5.Store(products + 5 * Panel);
            s6.Store(products + 6 * Panel);
            s7.Store(products + 7 * Panel);
        }
    }
}
