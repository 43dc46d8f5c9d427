using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Layer normalisation of a residual sum, over the last axis: <c>z = x + residual; n = (z − μ) ρ; y = n · weight + bias</c>,
/// with <c>ρ = 1 / √(σ² + ε)</c>.
/// </summary>
/// <remarks>
/// Shapes: x, residual, y, normalized, dy, dz are (rows, width); weight, bias, dWeight, dBias are (1, width);
/// rstd is (rows, 1). <see cref="Forward"/> saves n in normalized and ρ in rstd for <see cref="Backward"/>.
/// The gradient dz is that of x and of the residual alike. x may be normalized itself, and dz may be dy.
/// </remarks>
public abstract class LayerNorm
{
    /// <summary>Keeps ρ finite when a row is constant.</summary>
    public const float Epsilon = 1e-5f;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static LayerNorm On(ComputeDevice device) =>
        device.Choose<LayerNorm>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes y, normalized and rstd.</summary>
    public abstract void Forward(
        Tensor x, Tensor residual, Tensor weight, Tensor bias, Tensor y, Tensor normalized, Tensor rstd);

    /// <summary>Writes dz and adds to dWeight and dBias.</summary>
    public abstract void Backward(
        Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dz, Tensor dWeight, Tensor dBias);

    // ---- GPU: one group per row; its threads stride over the width and meet in group reductions ----

    internal sealed class Gpu(GpuDevice device) : LayerNorm
    {
        const int GroupSize = 64;

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _backward = device.Accelerator.LoadStreamKernel<BackwardArgs>(BackwardKernel);
        readonly Action<KernelConfig, WeightArgs> _weights = device.Accelerator.LoadStreamKernel<WeightArgs>(WeightKernel);

        internal readonly record struct ForwardArgs(
            ArrayView<float> X, ArrayView<float> Residual, ArrayView<float> Weight, ArrayView<float> Bias,
            ArrayView<float> Y, ArrayView<float> Normalized, ArrayView<float> Rstd, int Width);

        internal static void ForwardKernel(ForwardArgs args)
        {
            int row = Grid.IdxX, width = args.Width;
            var n = args.Normalized.SubView(row * width, width);

            // Each thread reads back only what it wrote itself, so n may be x and needs no barrier.
            float sum = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                n[i] = args.X[row * width + i] + args.Residual[row * width + i];
                sum += n[i];
            }

            float mean = GroupExtensions.AllReduce<float, AddFloat>(sum) / width;

            // Two passes over the row: E[z²] − E[z]² cancels badly in float when |μ| ≫ σ.
            float squares = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                squares += (n[i] - mean) * (n[i] - mean);
            }

            float rstd = 1 / XMath.Sqrt(GroupExtensions.AllReduce<float, AddFloat>(squares) / width + Epsilon);
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                n[i] = (n[i] - mean) * rstd;
                args.Y[row * width + i] = n[i] * args.Weight[i] + args.Bias[i];
            }

            if (Group.IsFirstThread)
            {
                args.Rstd[row] = rstd;
            }
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> Dy, ArrayView<float> Normalized, ArrayView<float> Rstd, ArrayView<float> Weight,
            ArrayView<float> Dz, int Width);

        internal static void BackwardKernel(BackwardArgs args)
        {
            int row = Grid.IdxX, width = args.Width;
            var dy = args.Dy.SubView(row * width, width);
            var n = args.Normalized.SubView(row * width, width);

            // dz = ρ (dn − mean(dn) − n · mean(dn · n)), with dn = dy · weight.
            float meanDn = 0, meanDnN = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                float dn = dy[i] * args.Weight[i];
                meanDn += dn;
                meanDnN += dn * n[i];
            }

            meanDn = GroupExtensions.AllReduce<float, AddFloat>(meanDn) / width;
            meanDnN = GroupExtensions.AllReduce<float, AddFloat>(meanDnN) / width;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                args.Dz[row * width + i] = args.Rstd[row] * (dy[i] * args.Weight[i] - meanDn - n[i] * meanDnN);
            }
        }

        internal readonly record struct WeightArgs(
            ArrayView<float> Dy, ArrayView<float> Normalized, ArrayView<float> DWeight, ArrayView<float> DBias,
            int Rows, int Width);

        // one group per column; its threads stride over the rows
        internal static void WeightKernel(WeightArgs args)
        {
            int column = Grid.IdxX;
            float weight = 0, bias = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                float dy = args.Dy[row * args.Width + column];
                weight += dy * args.Normalized[row * args.Width + column];
                bias += dy;
            }

            weight = GroupExtensions.AllReduce<float, AddFloat>(weight);
            bias = GroupExtensions.AllReduce<float, AddFloat>(bias);
            if (Group.IsFirstThread)
            {
                args.DWeight[column] += weight;
                args.DBias[column] += bias;
            }
        }

        public override void Forward(
            Tensor x, Tensor residual, Tensor weight, Tensor bias, Tensor y, Tensor normalized, Tensor rstd)
        {
            if (x.Rows > 0)
            {
                _forward(
                    (x.Rows, device.GroupSize(GroupSize)),
                    new(x.View, residual.View, weight.View, bias.View, y.View, normalized.View, rstd.View, x.Width));
            }
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dz, Tensor dWeight, Tensor dBias)
        {
            if (dy.Rows > 0)
            {
                // The weights first: dz may overwrite dy.
                _weights(
                    (dy.Width, device.GroupSize(256)), new(dy.View, normalized.View, dWeight.View, dBias.View, dy.Rows, dy.Width));
                _backward(
                    (dy.Rows, device.GroupSize(GroupSize)),
                    new(dy.View, normalized.View, rstd.View, weight.View, dz.View, dy.Width));
            }
        }
    }

    // ---- CPU: the same passes, eight columns at a time; blocks of rows in parallel ----

    internal sealed unsafe class Cpu(CpuDevice device) : LayerNorm
    {
        // 64 rows of 96 floats are 24 KiB in each of four tensors: enough work to wake a thread for, and inside L2.
        const int RowsPerBlock = 64;

        float[] _partials = [];

        public override void Forward(
            Tensor x, Tensor residual, Tensor weight, Tensor bias, Tensor y, Tensor normalized, Tensor rstd)
        {
            int rows = x.Rows, width = x.Width;
            device.For((rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                float* w = weight.Start, b = bias.Start;
                for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
                {
                    long at = (long)row * width;
                    float* xRow = x.Start + at, added = residual.Start + at, n = normalized.Start + at, yRow = y.Start + at;

                    Vector256<float> sums = default;
                    float sum = 0;
                    int i = 0;
                    for (; i + 8 <= width; i += 8)
                    {
                        var z = Vector256.Load(xRow + i) + Vector256.Load(added + i);
                        z.Store(n + i);
                        sums += z;
                    }

                    for (; i < width; i++)
                    {
                        n[i] = xRow[i] + added[i];
                        sum += n[i];
                    }

                    // Two passes over the row: E[z²] − E[z]² cancels badly in float when |μ| ≫ σ.
                    float mean = (sum + Vector256.Sum(sums)) / width;
                    Vector256<float> squares = default;
                    float square = 0;
                    for (i = 0; i + 8 <= width; i += 8)
                    {
                        var centred = Vector256.Load(n + i) - Vector256.Create(mean);
                        squares = Vector256.FusedMultiplyAdd(centred, centred, squares);
                    }

                    for (; i < width; i++)
                    {
                        square += (n[i] - mean) * (n[i] - mean);
                    }

                    float scale = 1 / MathF.Sqrt((square + Vector256.Sum(squares)) / width + Epsilon);
                    rstd.Start[row] = scale;
                    for (i = 0; i + 8 <= width; i += 8)
                    {
                        var value = (Vector256.Load(n + i) - Vector256.Create(mean)) * scale;
                        value.Store(n + i);
                        Vector256.FusedMultiplyAdd(value, Vector256.Load(w + i), Vector256.Load(b + i)).Store(yRow + i);
                    }

                    for (; i < width; i++)
                    {
                        n[i] = (n[i] - mean) * scale;
                        yRow[i] = n[i] * w[i] + b[i];
                    }
                }
            });
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor weight, Tensor dz, Tensor dWeight, Tensor dBias)
        {
            int rows = dy.Rows, width = dy.Width, blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
            if (_partials.Length < blocks * 2 * width)
            {
                _partials = GC.AllocateUninitializedArray<float>(blocks * 2 * width, pinned: true);
            }

            fixed (float* partials = _partials)
            {
                float* sums = partials;
                device.For(blocks, block =>
                {
                    float* w = weight.Start, dw = sums + block * 2 * width, db = dw + width;
                    new Span<float>(dw, 2 * width).Clear();
                    for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
                    {
                        long at = (long)row * width;
                        BackwardRow(dy.Start + at, normalized.Start + at, rstd.Start[row], w, dz.Start + at, dw, db, width);
                    }
                });

                var weightSums = dWeight.Span;
                var biasSums = dBias.Span;
                for (int block = 0; block < blocks; block++)
                {
                    float* dw = sums + block * 2 * width;
                    for (int i = 0; i < width; i++)
                    {
                        weightSums[i] += dw[i];
                        biasSums[i] += dw[width + i];
                    }
                }
            }
        }

        // dz = ρ (dn − mean(dn) − n · mean(dn · n)), with dn = dy · weight.
        static void BackwardRow(float* dy, float* n, float rstd, float* w, float* dz, float* dw, float* db, int width)
        {
            Vector256<float> sumDn = default, sumDnN = default;
            float tailDn = 0, tailDnN = 0;
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                Vector256<float> gradient = Vector256.Load(dy + i), value = Vector256.Load(n + i);
                Vector256.FusedMultiplyAdd(gradient, value, Vector256.Load(dw + i)).Store(dw + i);
                (Vector256.Load(db + i) + gradient).Store(db + i);
                var dn = gradient * Vector256.Load(w + i);
                sumDn += dn;
                sumDnN = Vector256.FusedMultiplyAdd(dn, value, sumDnN);
            }

            for (; i < width; i++)
            {
                dw[i] += dy[i] * n[i];
                db[i] += dy[i];
                tailDn += dy[i] * w[i];
                tailDnN += dy[i] * w[i] * n[i];
            }

            float meanDn = (tailDn + Vector256.Sum(sumDn)) / width, meanDnN = (tailDnN + Vector256.Sum(sumDnN)) / width;
            for (i = 0; i + 8 <= width; i += 8)
            {
                var dn = Vector256.FusedMultiplyAdd(Vector256.Load(dy + i), Vector256.Load(w + i), Vector256.Create(-meanDn));
                (Vector256.FusedMultiplyAdd(Vector256.Load(n + i), Vector256.Create(-meanDnN), dn) * rstd).Store(dz + i);
            }

            for (; i < width; i++)
            {
                dz[i] = rstd * (dy[i] * w[i] - meanDn - n[i] * meanDnN);
            }
        }
    }
}
