using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>Takes rows one step back, from x_t to x_{t−1}, given what the denoiser makes of them.</summary>
/// <remarks>
/// Numbers: <c>x̂₀ = √(1 / ᾱ) x_t − √(1 / ᾱ − 1) ε̂</c>, held within the column's range where the caller wants that; the mean of
/// x_{t−1} given x_t and x̂₀; plus <c>√(1 − α) z</c>, and nothing at t = 0. Levels: drawn from their
/// <see cref="LevelPosterior"/> by one uniform. Shapes: output and input are (rows, width of a row); draws is (rows,
/// numeric + categorical), z and then uniforms; levels is (rows · categorical), low and high are (1, numeric). Input and levels
/// hold x_t before and x_{t−1} after.
/// </remarks>
public abstract class ReverseStep
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static ReverseStep On(ComputeDevice device) => device.Choose<ReverseStep>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Replaces input and levels; <paramref name="low"/> and <paramref name="high"/> bound x̂₀.</summary>
    public abstract void Apply(
        DiffusionTables tables, int time, Tensor output, Tensor draws, Tensor low, Tensor high, Tensor input, DeviceArray<int> levels);

    static float Earlier(DiffusionStep step, float now, float noise, float low, float high, float draw)
    {
        float start = XMath.Min(XMath.Max(step.StartOfRow * now - step.StartOfNoise * noise, low), high);
        return step.MeanOfStart * start + step.MeanOfRow * now + step.Deviation * draw;
    }

    // ---- GPU: one thread per column of a row ----

    internal sealed class Gpu(GpuDevice device) : ReverseStep
    {
        readonly Action<Index1D, ApplyArgs> _apply =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ApplyArgs>(ApplyKernel);

        internal readonly record struct ApplyArgs(
            DiffusionStep Step, ArrayView<int> Starts, ArrayView<float> Output, ArrayView<float> Draws, ArrayView<float> Low,
            ArrayView<float> High, ArrayView<float> Input, ArrayView<int> Levels, int Numeric, int Categorical, int Width,
            float Hot, float Cold);

        internal static void ApplyKernel(Index1D index, ApplyArgs args)
        {
            int columns = args.Numeric + args.Categorical, row = index / columns, column = index % columns;
            float draw = args.Draws[index];
            if (column < args.Numeric)
            {
                int cell = row * args.Width + column;
                args.Input[cell] = Earlier(
                    args.Step, args.Input[cell], args.Output[cell], args.Low[column], args.High[column], draw);
                return;
            }

            int category = column - args.Numeric, at = row * args.Categorical + category, now = args.Levels[at];
            int start = args.Starts[category], count = args.Starts[category + 1] - start, first = row * args.Width + start;
            var posterior = LevelPosterior.Of(args.Step, count);
            float most = float.NegativeInfinity, sum = 0;
            for (int k = 0; k < count; k++)
            {
                most = XMath.Max(most, args.Output[first + k]);
            }

            for (int k = 0; k < count; k++)
            {
                sum += XMath.Exp(args.Output[first + k] - most);
            }

            // Weights before they are divided by Z; the first level whose cumulated weight is above the draw.
            float rest = draw * posterior.Sum(XMath.Exp(args.Output[first + now] - most) / sum);
            int level = count - 1;
            for (int k = count - 1, open = 1; k >= 0 && open == 1; k--)
            {
                float weight = posterior.Probability(XMath.Exp(args.Output[first + k] - most) / sum, k == now, 1);
                rest -= weight;
                level = weight > 0 ? k : level;
                open = rest < 0 ? 0 : 1;
            }

            args.Levels[at] = level;
            for (int k = 0; k < count; k++)
            {
                args.Input[first + k] = k == level ? args.Hot : args.Cold;
            }
        }

        public override void Apply(
            DiffusionTables tables, int time, Tensor output, Tensor draws, Tensor low, Tensor high, Tensor input,
            DeviceArray<int> levels)
        {
            if (draws.Length > 0)
            {
                var columns = tables.Columns;
                _apply(
                    draws.Length,
                    new(
                        tables.Schedule.Step(time), tables.Starts.View, output.View, draws.View, low.View, high.View, input.View,
                        levels.View, columns.Numeric, columns.Categorical, columns.Width, tables.Hot, tables.Cold));
            }
        }
    }

    // ---- CPU: blocks of rows in parallel; exponentials of all of a row's cells at once ----

    internal sealed class Cpu(CpuDevice device) : ReverseStep
    {
        const int RowsPerBlock = 64;

        public override void Apply(
            DiffusionTables tables, int time, Tensor output, Tensor draws, Tensor low, Tensor high, Tensor input,
            DeviceArray<int> levels) =>
            device.For((output.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                var columns = tables.Columns;
                int numeric = columns.Numeric;
                var step = tables.Schedule.Step(time);
                ReadOnlySpan<int> starts = tables.Starts.Span;
                var p = new float[columns.Width - numeric];
                for (int row = block * RowsPerBlock; row < Math.Min(output.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    ReadOnlySpan<float> cells = output.Span.Slice(row * output.Width, output.Width);
                    ReadOnlySpan<float> draw = draws.Span.Slice(row * draws.Width, draws.Width);
                    var target = input.Span.Slice(row * input.Width, input.Width);
                    for (int j = 0; j < numeric; j++)
                    {
                        target[j] = Earlier(step, target[j], cells[j], low.Span[j], high.Span[j], draw[j]);
                    }

                    DiffusionLoss.Cpu.Softmax(cells[numeric..], starts, numeric, p);
                    target[numeric..].Fill(tables.Cold);
                    for (int category = 0; category < columns.Categorical; category++)
                    {
                        ref int level = ref levels.Span[row * columns.Categorical + category];
                        int count = starts[category + 1] - starts[category];
                        level = Draw(
                            LevelPosterior.Of(step, count), p.AsSpan(starts[category] - numeric, count), level, draw[numeric + category]);
                        target[starts[category] + level] = tables.Hot;
                    }
                }
            });

        // From the last level down, as the kernel does: the first whose cumulated weight is above the draw.
        static int Draw(LevelPosterior posterior, ReadOnlySpan<float> p, int now, float uniform)
        {
            float rest = uniform * posterior.Sum(p[now]);
            int level = p.Length - 1;
            for (int k = p.Length - 1; k >= 0; k--)
            {
                float weight = posterior.Probability(p[k], k == now, 1);
                rest -= weight;
                if (weight > 0)
                {
                    level = k;
                }

                if (rest < 0)
                {
                    break;
                }
            }

            return level;
        }
    }
}
