using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// Normalises every column over the rows of a batch: <c>y = w n + b</c> with <c>n = (x − μ) ρ</c> and <c>ρ = 1 / √(σ² + ε)</c>.
/// </summary>
/// <remarks>
/// Ioffe and Szegedy (2015), ε = 1e-5 as in PyTorch. Shapes: x, y, n and gradients are (rows, width); w, b, ρ, and the running mean
/// and variance, are (1, width). Forward moves the running statistics by a share towards those of the batch (the variance with
/// rows − 1, as PyTorch does); Infer reads them in place of the batch's, so that a row's result is its own.
/// Backward: <c>dx = ρ (dn − mean(dn) − n · mean(dn · n))</c>, dn = w dy; <c>dw += Σ dy n; db += Σ dy</c> over rows.
/// </remarks>
public abstract class BatchNorm
{
    const float Epsilon = 1e-5f;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static BatchNorm On(ComputeDevice device) => device.Choose<BatchNorm>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y, n and ρ, and moves the running statistics by <paramref name="share"/>.</summary>
    public abstract void Forward(
        Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float share, Tensor y, Tensor normalized,
        Tensor rstd);

    /// <summary>Writes y from the running statistics; y may be x.</summary>
    public abstract void Infer(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, Tensor y);

    /// <summary>Writes dx, which may be dy, and adds to dWeight and dBias.</summary>
    public abstract void Backward(
        Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dx, Tensor dWeight, Tensor dBias);

    // ---- GPU: one group per column; its threads stride over the rows and meet in group reductions ----

    internal sealed class Gpu(GpuDevice device) : BatchNorm
    {
        const int GroupSize = 128;

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _backward = device.Accelerator.LoadStreamKernel<BackwardArgs>(BackwardKernel);

        readonly Action<Index1D, InferArgs> _infer =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, InferArgs>(InferKernel);

        internal readonly record struct ForwardArgs(
            ArrayView<float> X, ArrayView<float> Weight, ArrayView<float> Bias, ArrayView<float> RunningMean,
            ArrayView<float> RunningVariance, ArrayView<float> Y, ArrayView<float> Normalized, ArrayView<float> Rstd, int Rows,
            int Width, float Share);

        internal static void ForwardKernel(ForwardArgs args)
        {
            int column = Grid.IdxX, width = args.Width;
            float sum = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                sum += args.X[row * width + column];
            }

            float mean = GroupSum.Of(sum) / args.Rows, squares = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                float centred = args.X[row * width + column] - mean;
                squares += centred * centred;
            }

            squares = GroupSum.Of(squares);
            float rstd = 1 / XMath.Sqrt(squares / args.Rows + Epsilon);
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                float n = (args.X[row * width + column] - mean) * rstd;
                args.Normalized[row * width + column] = n;
                args.Y[row * width + column] = n * args.Weight[column] + args.Bias[column];
            }

            if (Group.IsFirstThread)
            {
                args.Rstd[column] = rstd;
                args.RunningMean[column] += args.Share * (mean - args.RunningMean[column]);
                float variance = args.Rows > 1 ? squares / (args.Rows - 1) : args.RunningVariance[column];
                args.RunningVariance[column] += args.Share * (variance - args.RunningVariance[column]);
            }
        }

        internal readonly record struct InferArgs(
            ArrayView<float> X, ArrayView<float> Weight, ArrayView<float> Bias, ArrayView<float> RunningMean,
            ArrayView<float> RunningVariance, ArrayView<float> Y, int Width);

        // one thread per element
        internal static void InferKernel(Index1D i, InferArgs args)
        {
            int column = i % args.Width;
            float scale = args.Weight[column] / XMath.Sqrt(args.RunningVariance[column] + Epsilon);
            args.Y[i] = (args.X[i] - args.RunningMean[column]) * scale + args.Bias[column];
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> Dy, ArrayView<float> Normalized, ArrayView<float> Rstd, ArrayView<float> Weight, ArrayView<float> Dx,
            ArrayView<float> DWeight, ArrayView<float> DBias, int Rows, int Width);

        internal static void BackwardKernel(BackwardArgs args)
        {
            int column = Grid.IdxX, width = args.Width;
            float sum = 0, product = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                float dy = args.Dy[row * width + column];
                sum += dy;
                product += dy * args.Normalized[row * width + column];
            }

            sum = GroupSum.Of(sum);
            product = GroupSum.Of(product);
            float scale = args.Rstd[column] * args.Weight[column];
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                int at = row * width + column;
                args.Dx[at] = scale * (args.Dy[at] - (sum + args.Normalized[at] * product) / args.Rows);
            }

            if (Group.IsFirstThread)
            {
                args.DWeight[column] += product;
                args.DBias[column] += sum;
            }
        }

        public override void Forward(
            Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float share, Tensor y,
            Tensor normalized, Tensor rstd)
        {
            if (x.Rows > 0)
            {
                _forward(
                    (x.Width, device.GroupSize(GroupSize)),
                    new(
                        x.View, weight.View, bias.View, runningMean.View, runningVariance.View, y.View, normalized.View, rstd.View,
                        x.Rows, x.Width, share));
            }
        }

        public override void Infer(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, Tensor y)
        {
            if (x.Rows > 0)
            {
                _infer(
                    x.Length, new(x.View, weight.View, bias.View, runningMean.View, runningVariance.View, y.View, x.Width));
            }
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dx, Tensor dWeight, Tensor dBias)
        {
            if (dy.Rows > 0)
            {
                _backward(
                    (dy.Width, device.GroupSize(GroupSize)),
                    new(
                        dy.View, normalized.View, rstd.View, weight.View, dx.View, dWeight.View, dBias.View, dy.Rows, dy.Width));
            }
        }
    }

    // ---- CPU: strips of columns in parallel, eight at a time; the last ones a column at a time ----

    internal sealed unsafe class Cpu(CpuDevice device) : BatchNorm
    {
        const int ColumnsPerStrip = 32;

        public override void Forward(
            Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, float share, Tensor y,
            Tensor normalized, Tensor rstd)
        {
            int rows = x.Rows, width = x.Width;
            if (rows == 0)
            {
                return;
            }

            Strips(width, (column, lanes) =>
            {
                float* means = stackalloc float[8];
                float* squares = stackalloc float[8];
                Sums(x.Start + column, null, rows, width, lanes, means);
                for (int lane = 0; lane < lanes; lane++)
                {
                    means[lane] /= rows;
                }

                Sums(x.Start + column, means, rows, width, lanes, squares);
                for (int lane = 0; lane < lanes; lane++)
                {
                    float mean = means[lane], variance = squares[lane] / rows;
                    rstd.Start[column + lane] = 1 / MathF.Sqrt(variance + Epsilon);
                    ref float oldMean = ref runningMean.Start[column + lane], old = ref runningVariance.Start[column + lane];
                    oldMean += share * (mean - oldMean);
                    old += share * ((rows > 1 ? squares[lane] / (rows - 1) : old) - old);
                }

                float* at = x.Start + column, n = normalized.Start + column, to = y.Start + column;
                float* scale = rstd.Start + column, w = weight.Start + column, b = bias.Start + column;
                for (int row = 0; row < rows; row++, at += width, n += width, to += width)
                {
                    if (lanes == 8)
                    {
                        var value = (Vector256.Load(at) - Vector256.Load(means)) * Vector256.Load(scale);
                        value.Store(n);
                        Vector256.FusedMultiplyAdd(value, Vector256.Load(w), Vector256.Load(b)).Store(to);
                        continue;
                    }

                    for (int lane = 0; lane < lanes; lane++)
                    {
                        n[lane] = (at[lane] - means[lane]) * scale[lane];
                        to[lane] = n[lane] * w[lane] + b[lane];
                    }
                }
            });
        }

        // Σ x, or Σ (x − mean)², of each of up to eight columns.
        static void Sums(float* x, float* means, int rows, int width, int lanes, float* sums)
        {
            if (lanes == 8)
            {
                var mean = means is null ? default : Vector256.Load(means);
                Vector256<float> even = default, odd = default;
                for (int row = 0; row < rows; row++, x += width)
                {
                    var value = Vector256.Load(x) - mean;
                    value = means is null ? value : value * value;
                    (even, odd) = (odd, even + value);
                }

                (even + odd).Store(sums);
                return;
            }

            for (int lane = 0; lane < lanes; lane++)
            {
                float sum = 0;
                for (int row = 0; row < rows; row++)
                {
                    float value = x[(long)row * width + lane] - (means is null ? 0 : means[lane]);
                    sum += means is null ? value : value * value;
                }

                sums[lane] = sum;
            }
        }

        public override void Infer(Tensor x, Tensor weight, Tensor bias, Tensor runningMean, Tensor runningVariance, Tensor y)
        {
            int rows = x.Rows, width = x.Width;
            Strips(width, (column, lanes) =>
            {
                float* scale = stackalloc float[8];
                float* shift = stackalloc float[8];
                for (int lane = 0; lane < lanes; lane++)
                {
                    scale[lane] = weight.Start[column + lane] / MathF.Sqrt(runningVariance.Start[column + lane] + Epsilon);
                    shift[lane] = bias.Start[column + lane] - runningMean.Start[column + lane] * scale[lane];
                }

                float* at = x.Start + column, to = y.Start + column;
                for (int row = 0; row < rows; row++, at += width, to += width)
                {
                    if (lanes == 8)
                    {
                        Vector256.FusedMultiplyAdd(Vector256.Load(at), Vector256.Load(scale), Vector256.Load(shift)).Store(to);
                        continue;
                    }

                    for (int lane = 0; lane < lanes; lane++)
                    {
                        to[lane] = at[lane] * scale[lane] + shift[lane];
                    }
                }
            });
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dx, Tensor dWeight, Tensor dBias)
        {
            int rows = dy.Rows, width = dy.Width;
            if (rows == 0)
            {
                return;
            }

            Strips(width, (column, lanes) =>
            {
                float* sums = stackalloc float[8];
                float* products = stackalloc float[8];
                float* scale = stackalloc float[8];
                GradientSums(dy.Start + column, normalized.Start + column, rows, width, lanes, sums, products);
                for (int lane = 0; lane < lanes; lane++)
                {
                    dWeight.Start[column + lane] += products[lane];
                    dBias.Start[column + lane] += sums[lane];
                    scale[lane] = rstd.Start[column + lane] * weight.Start[column + lane];
                    sums[lane] /= rows;
                    products[lane] /= rows;
                }

                float* at = dy.Start + column, n = normalized.Start + column, to = dx.Start + column;
                for (int row = 0; row < rows; row++, at += width, n += width, to += width)
                {
                    if (lanes == 8)
                    {
                        var pull = Vector256.FusedMultiplyAdd(Vector256.Load(n), Vector256.Load(products), Vector256.Load(sums));
                        ((Vector256.Load(at) - pull) * Vector256.Load(scale)).Store(to);
                        continue;
                    }

                    for (int lane = 0; lane < lanes; lane++)
                    {
                        to[lane] = (at[lane] - (n[lane] * products[lane] + sums[lane])) * scale[lane];
                    }
                }
            });
        }

        // Σ dy and Σ dy n of each of up to eight columns.
        static void GradientSums(float* dy, float* n, int rows, int width, int lanes, float* sums, float* products)
        {
            if (lanes == 8)
            {
                Vector256<float> sum = default, product = default;
                for (int row = 0; row < rows; row++, dy += width, n += width)
                {
                    var gradient = Vector256.Load(dy);
                    sum += gradient;
                    product = Vector256.FusedMultiplyAdd(gradient, Vector256.Load(n), product);
                }

                sum.Store(sums);
                product.Store(products);
                return;
            }

            for (int lane = 0; lane < lanes; lane++)
            {
                sums[lane] = products[lane] = 0;
                for (int row = 0; row < rows; row++)
                {
                    sums[lane] += dy[(long)row * width + lane];
                    products[lane] += dy[(long)row * width + lane] * n[(long)row * width + lane];
                }
            }
        }

        void Strips(int width, Action<int, int> body) => device.For((width + ColumnsPerStrip - 1) / ColumnsPerStrip, strip =>
        {
            int end = Math.Min(width, (strip + 1) * ColumnsPerStrip);
            for (int column = strip * ColumnsPerStrip; column < end; column += 8)
            {
                body(column, Math.Min(8, end - column));
            }
        });
    }
}
