using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using Tensor = CausalMixFT.Kernels.Devices.Tensor;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>
/// What a denoiser is trained on: for numbers the squared error of the noise, for categories the variational bound of the step.
/// </summary>
/// <remarks>
/// Kotelnikov et al. (2023), TabDDPM. The denoiser's output holds ε̂ of each number and the logits of each column's first level,
/// x̂₀ = softmax(z). Losses of a row: <c>Σ (ε − ε̂)² / numeric</c>, and for each categorical column <c>T / categorical</c> times the
/// divergence of the <see cref="LevelPosterior"/> of the true x₀ from that of x̂₀, which at t = 0 is −log p(x₀). Since B
/// cancels, <c>KL = Σ q (log A° − log A) − log Z° + log Z</c>, and with
/// <c>w(k) = −q(k) ᾱ_{t−1} x̂₀(k) / A(k) + [k = x_t] ᾱ_{t−1} α x̂₀(k) / Z</c> its gradient is <c>dz(k) = w(k) − x̂₀(k) Σw</c>.
/// Shapes: output, dOutput are (rows, width of a row); draws is (rows, numeric + categorical), whose first cells are ε; levels,
/// noisyLevels are (rows · categorical); times is (rows); losses is (rows, 1 + categorical), numbers first. dOutput is the
/// gradient of the mean over rows of their sum.
/// </remarks>
public abstract class DiffusionLoss
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static DiffusionLoss On(ComputeDevice device) => device.Choose<DiffusionLoss>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes losses and dOutput.</summary>
    public abstract void Measure(
        DiffusionTables tables, Tensor output, Tensor draws, DeviceArray<int> levels, DeviceArray<int> noisyLevels,
        DeviceArray<int> times, Tensor losses, Tensor dOutput);

    /// <summary>
    /// What the bound of the last step adds to the loss, whatever the denoiser does: the mean over categorical columns of the
    /// divergence of q(x_T | x₀) from the uniform.
    /// </summary>
    public static double Prior(DiffusionTables tables)
    {
        double alphaBar = tables.Schedule.AlphaBar(tables.Schedule.Steps - 1);
        return tables.Columns.Levels.Select(count =>
        {
            double other = (1 - alphaBar) / count, same = alphaBar + other;
            return same * Math.Log(same * count) + (count == 1 ? 0 : (count - 1) * other * Math.Log(other * count));
        }).DefaultIfEmpty().Average();
    }

    // ---- GPU: one thread per row and categorical column, and one for the numbers of a row ----

    internal sealed class Gpu(GpuDevice device) : DiffusionLoss
    {
        readonly Action<Index1D, MeasureArgs> _measure =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(MeasureKernel);

        internal readonly record struct MeasureArgs(
            ArrayView<DiffusionStep> Steps, ArrayView<int> Starts, ArrayView<float> Output, ArrayView<float> Draws,
            ArrayView<int> Levels, ArrayView<int> NoisyLevels, ArrayView<int> Times, ArrayView<float> Losses,
            ArrayView<float> DOutput, int Rows, int Numeric, int Categorical, int Width);

        internal static void MeasureKernel(Index1D index, MeasureArgs args)
        {
            int row = index / (1 + args.Categorical), column = index % (1 + args.Categorical);
            if (column == 0)
            {
                args.Losses[index] = OfNumbers(row, args);
            }
            else
            {
                args.Losses[index] = OfLevels(row, column - 1, args);
            }
        }

        static float OfNumbers(int row, MeasureArgs args)
        {
            float sum = 0;
            for (int j = 0; j < args.Numeric; j++)
            {
                int at = row * args.Width + j;
                float error = args.Output[at] - args.Draws[row * (args.Numeric + args.Categorical) + j];
                sum += error * error;
                args.DOutput[at] = 2 * error / args.Numeric / args.Rows;
            }

            return args.Numeric == 0 ? 0 : sum / args.Numeric;
        }

        static float OfLevels(int row, int category, MeasureArgs args)
        {
            int start = args.Starts[category], count = args.Starts[category + 1] - start, first = row * args.Width + start;
            int x0 = args.Levels[row * args.Categorical + category], now = args.NoisyLevels[row * args.Categorical + category];
            int time = args.Times[row];
            var posterior = LevelPosterior.Of(args.Steps[time], count);
            float most = float.NegativeInfinity, sum = 0;
            for (int k = 0; k < count; k++)
            {
                most = XMath.Max(most, args.Output[first + k]);
            }

            for (int k = 0; k < count; k++)
            {
                sum += XMath.Exp(args.Output[first + k] - most);
            }

            float modelSum = posterior.Sum(XMath.Exp(args.Output[first + now] - most) / sum), trueSum = posterior.Sum(now == x0 ? 1 : 0);
            float loss = XMath.Log(modelSum) - XMath.Log(trueSum), all = 0;
            for (int k = 0; k < count; k++)
            {
                float p = XMath.Exp(args.Output[first + k] - most) / sum;
                float before = posterior.Before(p), trueBefore = posterior.Before(k == x0 ? 1 : 0);
                float q = trueBefore * posterior.Now(k == now) / trueSum;
                float w = k == now ? posterior.Previous * posterior.Alpha * p / modelSum : 0;
                if (q > 0)
                {
                    // At t = 0 before is p, whose logarithm is known even where p is 0.
                    loss += q * (XMath.Log(trueBefore) - (time == 0 ? args.Output[first + k] - most - XMath.Log(sum) : XMath.Log(before)));
                    w -= time == 0 ? q : q * posterior.Previous * p / before;
                }

                args.DOutput[first + k] = w;
                all += w;
            }

            float weight = (float)args.Steps.Length / args.Categorical;
            for (int k = 0; k < count; k++)
            {
                float p = XMath.Exp(args.Output[first + k] - most) / sum;
                args.DOutput[first + k] = (args.DOutput[first + k] - p * all) * weight / args.Rows;
            }

            return weight * loss;
        }

        public override void Measure(
            DiffusionTables tables, Tensor output, Tensor draws, DeviceArray<int> levels, DeviceArray<int> noisyLevels,
            DeviceArray<int> times, Tensor losses, Tensor dOutput)
        {
            if (output.Length > 0)
            {
                var columns = tables.Columns;
                _measure(
                    losses.Length,
                    new(
                        tables.Steps.View, tables.Starts.View, output.View, draws.View, levels.View, noisyLevels.View, times.View,
                        losses.View, dOutput.View, output.Rows, columns.Numeric, columns.Categorical, columns.Width));
            }
        }
    }

    // ---- CPU: blocks of rows in parallel; exponentials and logarithms of all of a row's cells at once ----

    internal sealed class Cpu(CpuDevice device) : DiffusionLoss
    {
        const int RowsPerBlock = 64;

        public override void Measure(
            DiffusionTables tables, Tensor output, Tensor draws, DeviceArray<int> levels, DeviceArray<int> noisyLevels,
            DeviceArray<int> times, Tensor losses, Tensor dOutput) =>
            device.For((output.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                var columns = tables.Columns;
                var scratch = new float[2 * (columns.Width - columns.Numeric)];
                for (int row = block * RowsPerBlock; row < Math.Min(output.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    ReadOnlySpan<float> cells = output.Span.Slice(row * output.Width, output.Width);
                    var gradient = dOutput.Span.Slice(row * output.Width, output.Width);
                    var loss = losses.Span.Slice(row * losses.Width, losses.Width);
                    loss[0] = OfNumbers(cells, draws.Span.Slice(row * draws.Width, columns.Numeric), gradient, output.Rows);
                    int first = row * columns.Categorical;
                    OfLevels(
                        tables, cells, times.Span[row], levels.Span.Slice(first, columns.Categorical),
                        noisyLevels.Span.Slice(first, columns.Categorical), gradient, loss[1..], output.Rows, scratch);
                }
            });

        static float OfNumbers(ReadOnlySpan<float> output, ReadOnlySpan<float> noise, Span<float> gradient, int rows)
        {
            float sum = 0;
            for (int j = 0; j < noise.Length; j++)
            {
                float error = output[j] - noise[j];
                sum += error * error;
                gradient[j] = 2 * error / noise.Length / rows;
            }

            return noise.Length == 0 ? 0 : sum / noise.Length;
        }

        static void OfLevels(
            DiffusionTables tables, ReadOnlySpan<float> output, int time, ReadOnlySpan<int> levels, ReadOnlySpan<int> noisy,
            Span<float> gradient, Span<float> losses, int rows, float[] scratch)
        {
            ReadOnlySpan<int> starts = tables.Starts.Span;
            var step = tables.Steps.Span[time];
            int numeric = tables.Columns.Numeric, cells = output.Length - numeric;
            var p = scratch.AsSpan(0, cells);
            var log = scratch.AsSpan(cells, cells);
            Softmax(output[numeric..], starts, numeric, p);
            TensorPrimitives.Multiply(p, step.Previous, log);
            for (int category = 0; category < losses.Length; category++)
            {
                int start = starts[category] - numeric, count = starts[category + 1] - starts[category];
                var before = log.Slice(start, count);
                TensorPrimitives.Add(before, step.PreviousChange / count, before);
            }

            // Where p has vanished at t = 0 its logarithm is read off the logits below.
            TensorPrimitives.Log(log, log);
            float weight = (float)tables.Schedule.Steps / losses.Length;
            for (int category = 0; category < losses.Length; category++)
            {
                int start = starts[category] - numeric, count = starts[category + 1] - starts[category];
                losses[category] = weight * OfColumn(
                    LevelPosterior.Of(step, count), time, output.Slice(starts[category], count), p.Slice(start, count),
                    log.Slice(start, count), levels[category], noisy[category], gradient.Slice(starts[category], count), weight / rows);
            }
        }

        static float OfColumn(
            LevelPosterior posterior, int time, ReadOnlySpan<float> logits, ReadOnlySpan<float> p, ReadOnlySpan<float> logBefore,
            int x0, int now, Span<float> gradient, float weight)
        {
            float modelSum = posterior.Sum(p[now]);
            if (time == 0)
            {
                // A is x̂₀, q certain of x₀, and Z° is B(x₀): the loss is −log p(x₀).
                float chance = posterior.Alpha * p[now] / modelSum;
                for (int k = 0; k < p.Length; k++)
                {
                    gradient[k] = weight * ((k == now ? chance : 0) - (k == x0 ? 1 : 0) - p[k] * (chance - 1));
                }

                float most = TensorPrimitives.Max(logits), sum = 0;
                foreach (float logit in logits)
                {
                    sum += MathF.Exp(logit - most);
                }

                return MathF.Log(modelSum) - (logits[x0] - most - MathF.Log(sum)) - MathF.Log(posterior.Now(x0 == now));
            }

            // q has one value for all levels but x₀ and x_t.
            float trueSum = posterior.Sum(now == x0 ? 1 : 0), logSpread = MathF.Log(posterior.Spread);
            float usual = posterior.Probability(0, same: false, trueSum);
            float loss = MathF.Log(modelSum) - MathF.Log(trueSum), all = 0;
            for (int k = 0; k < p.Length; k++)
            {
                float q = k == x0 || k == now ? posterior.Probability(k == x0 ? 1 : 0, k == now, trueSum) : usual;
                float logTrue = k == x0 ? MathF.Log(posterior.Before(1)) : logSpread;
                loss += q * (logTrue - logBefore[k]);
                float w = -q * posterior.Previous * p[k] / posterior.Before(p[k]);
                w += k == now ? posterior.Previous * posterior.Alpha * p[k] / modelSum : 0;
                gradient[k] = w;
                all += w;
            }

            for (int k = 0; k < p.Length; k++)
            {
                gradient[k] = weight * (gradient[k] - p[k] * all);
            }

            return loss;
        }

        // A softmax of each column's cells.
        internal static void Softmax(ReadOnlySpan<float> logits, ReadOnlySpan<int> starts, int numeric, Span<float> p)
        {
            for (int category = 0; category + 1 < starts.Length; category++)
            {
                int start = starts[category] - numeric, count = starts[category + 1] - starts[category];
                var part = logits.Slice(start, count);
                TensorPrimitives.Subtract(part, TensorPrimitives.Max(part), p.Slice(start, count));
            }

            TensorPrimitives.Exp(p, p);
            for (int category = 0; category + 1 < starts.Length; category++)
            {
                var part = p.Slice(starts[category] - numeric, starts[category + 1] - starts[category]);
                TensorPrimitives.Multiply(part, 1 / FixedOrder.Sum(part), part);
            }
        }
    }
}
