using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
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
        device.Choose<KernelMoments>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

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

    internal sealed unsafe class Cpu(CpuDevice device) : KernelMoments
    {
        // Rows of a panel: 4 rows against 8 are eight vector sums, fed by two loads and four broadcasts.
        const int Panel = 8, Tall = 4;

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

        static (double Trace, double Square) Sum(double* x, int rankX, double* y, int rankY, int first, int end, int panels)
        {
            double trace = 0, within = 0, beyond = 0;
            double* a = stackalloc double[Tall * Panel];
            double* b = stackalloc double[Tall * Panel];
            for (int panel = first; panel < end; panel++)
            {
                for (int half = 0; half < Panel; half += Tall)
                {
                    // A ∘ B is symmetric: what lies right of the diagonal's panel counts twice.
                    var square = Vector256<double>.Zero;
                    for (int other = panel; other < panels; other++)
                    {
                        Tile(x + (long)panel * rankX * Panel + half, x + (long)other * rankX * Panel, rankX, a);
                        Tile(y + (long)panel * rankY * Panel + half, y + (long)other * rankY * Panel, rankY, b);
                        var own = Vector256<double>.Zero;
                        for (int i = 0; i < Tall * Panel; i += 4)
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
                        for (int i = 0; i < Tall; i++)
                        {
                            trace += a[i * Panel + half + i] * b[i * Panel + half + i];
                        }
                    }

                    beyond += Vector256.Sum(square);
                }
            }

            return (trace, within + 2 * beyond);
        }

        /// <summary>Products of four rows of one panel with the eight of another.</summary>
        static void Tile(double* four, double* eight, int rank, double* products)
        {
            Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default;
            Vector256<double> s20 = default, s21 = default, s30 = default, s31 = default;
            for (int k = 0; k < rank; k++, four += Panel, eight += Panel)
            {
                var low = Vector256.Load(eight);
                var high = Vector256.Load(eight + 4);
                var own = Vector256.Create(four[0]);
                s00 = Vector256.FusedMultiplyAdd(own, low, s00);
                s01 = Vector256.FusedMultiplyAdd(own, high, s01);
                own = Vector256.Create(four[1]);
                s10 = Vector256.FusedMultiplyAdd(own, low, s10);
                s11 = Vector256.FusedMultiplyAdd(own, high, s11);
                own = Vector256.Create(four[2]);
                s20 = Vector256.FusedMultiplyAdd(own, low, s20);
                s21 = Vector256.FusedMultiplyAdd(own, high, s21);
                own = Vector256.Create(four[3]);
                s30 = Vector256.FusedMultiplyAdd(own, low, s30);
                s31 = Vector256.FusedMultiplyAdd(own, high, s31);
            }

            s00.Store(products);
            s01.Store(products + 4);
            s10.Store(products + 8);
            s11.Store(products + 12);
            s20.Store(products + 16);
            s21.Store(products + 20);
            s30.Store(products + 24);
            s31.Store(products + 28);
        }
    }
}
