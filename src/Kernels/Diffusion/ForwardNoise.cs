using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>
/// Takes rows to step t at once, as the denoiser reads them: numbers <c>x_t = √ᾱ x₀ + √(1 − ᾱ) ε</c>; a level stays with
/// probability ᾱ and is drawn anew from all K otherwise, so that <c>q(x_t = k | x₀) = ᾱ [k = x₀] + (1 − ᾱ) / K</c>.
/// </summary>
/// <remarks>
/// Shapes: numbers is (rows, numeric), levels and noisyLevels are (rows · categorical), times is (rows); draws is
/// (rows, numeric + categorical): ε, then uniforms on [0, 1); input is (rows, width of a row).
/// </remarks>
public abstract class ForwardNoise
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static ForwardNoise On(ComputeDevice device) => device.Choose<ForwardNoise>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes input and noisyLevels.</summary>
    public abstract void Apply(
        DiffusionTables tables, Tensor numbers, DeviceArray<int> levels, DeviceArray<int> times, Tensor draws, Tensor input,
        DeviceArray<int> noisyLevels);

    // One uniform decides both whether a level stays and which follows it: what is left of it above ᾱ is uniform again.
    static int Noisy(int level, int count, float uniform, DiffusionStep step) => uniform < step.AlphaBar
        ? level
        : XMath.Min((int)((uniform - step.AlphaBar) / (1 - step.AlphaBar) * count), count - 1);

    // ---- GPU: one thread per column of a row ----

    internal sealed class Gpu(GpuDevice device) : ForwardNoise
    {
        readonly Action<Index1D, ApplyArgs> _apply =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ApplyArgs>(ApplyKernel);

        internal readonly record struct ApplyArgs(
            ArrayView<DiffusionStep> Steps, ArrayView<int> Starts, ArrayView<float> Numbers, ArrayView<int> Levels,
            ArrayView<int> Times, ArrayView<float> Draws, ArrayView<float> Input, ArrayView<int> NoisyLevels,
            int Numeric, int Categorical, int Width, float Hot, float Cold);

        internal static void ApplyKernel(Index1D index, ApplyArgs args)
        {
            int columns = args.Numeric + args.Categorical, row = index / columns, column = index % columns;
            var step = args.Steps[args.Times[row]];
            float draw = args.Draws[index];
            if (column < args.Numeric)
            {
                args.Input[row * args.Width + column] = step.Signal * args.Numbers[row * args.Numeric + column] + step.Noise * draw;
                return;
            }

            int category = column - args.Numeric, at = row * args.Categorical + category;
            int start = args.Starts[category], count = args.Starts[category + 1] - start;
            int level = Noisy(args.Levels[at], count, draw, step);
            args.NoisyLevels[at] = level;
            for (int k = 0; k < count; k++)
            {
                args.Input[row * args.Width + start + k] = k == level ? args.Hot : args.Cold;
            }
        }

        public override void Apply(
            DiffusionTables tables, Tensor numbers, DeviceArray<int> levels, DeviceArray<int> times, Tensor draws, Tensor input,
            DeviceArray<int> noisyLevels)
        {
            if (draws.Length > 0)
            {
                var columns = tables.Columns;
                _apply(
                    draws.Length,
                    new(
                        tables.Steps.View, tables.Starts.View, numbers.View, levels.View, times.View, draws.View, input.View,
                        noisyLevels.View, columns.Numeric, columns.Categorical, columns.Width, tables.Hot, tables.Cold));
            }
        }
    }

    // ---- CPU: blocks of rows in parallel ----

    internal sealed class Cpu(CpuDevice device) : ForwardNoise
    {
        const int RowsPerBlock = 128;

        public override void Apply(
            DiffusionTables tables, Tensor numbers, DeviceArray<int> levels, DeviceArray<int> times, Tensor draws, Tensor input,
            DeviceArray<int> noisyLevels) =>
            device.For((draws.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                var columns = tables.Columns;
                int numeric = columns.Numeric, categorical = columns.Categorical;
                ReadOnlySpan<int> starts = tables.Starts.Span;
                for (int row = block * RowsPerBlock; row < Math.Min(draws.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    var step = tables.Steps.Span[times.Span[row]];
                    ReadOnlySpan<float> draw = draws.Span.Slice(row * draws.Width, draws.Width);
                    var target = input.Span.Slice(row * input.Width, input.Width);
                    for (int column = 0; column < numeric; column++)
                    {
                        target[column] = step.Signal * numbers.Span[row * numeric + column] + step.Noise * draw[column];
                    }

                    target[numeric..].Fill(tables.Cold);
                    for (int category = 0; category < categorical; category++)
                    {
                        int at = row * categorical + category, count = starts[category + 1] - starts[category];
                        int level = Noisy(levels.Span[at], count, draw[numeric + category], step);
                        noisyLevels.Span[at] = level;
                        target[starts[category] + level] = tables.Hot;
                    }
                }
            });
    }
}
