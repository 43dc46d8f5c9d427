using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// Normalisation of a vector or a residual sum, over the last axis: <c>z = x + residual; n = (z − μ) ρ; y = n · weight + bias</c>,
/// with <c>ρ = 1 / √(mean (z − μ)² + ε)</c>; root-mean-square normalisation has μ = 0.
/// </summary>
/// <remarks>
/// Shapes: x, residual, y, normalized, dy, dz are (rows, width); weight, bias, dWeight, dBias are (1, width);
/// rstd is (rows, 1). <see cref="Forward"/> saves n in normalized and ρ in rstd for <see cref="Backward"/>.
/// Without a weight y is n: only normalized is written, and y is not looked at. The gradient dz is that of x and of the
/// residual alike. x or the residual may be normalized itself, and dz may be dy; where no backward pass follows, y may be normalized.
/// </remarks>
public abstract class Norm
{
    /// <summary>Keeps ρ finite when a row is constant: PyTorch's for <see cref="NormKind.LayerNorm"/>.</summary>
    public const float LayerNormEpsilon = 1e-5f;

    /// <summary>The same for <see cref="NormKind.RmsNorm"/>: PyTorch's default, the spacing of floats at 1.</summary>
    public const float RmsNormEpsilon = 1.1920929e-7f;

    private protected Norm(NormKind kind) => (Centred, Epsilon) =
        kind == NormKind.LayerNorm ? (true, LayerNormEpsilon) : (false, RmsNormEpsilon);

    private protected bool Centred { get; }

    private protected float Epsilon { get; }

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static Norm On(ComputeDevice device, NormKind kind) =>
        device.Choose<Norm>(gpu => new Gpu(gpu, kind), cpu => new Cpu(cpu, kind));

    /// <summary>Writes y, normalized and rstd.</summary>
    public abstract void Forward(
        Tensor x, Tensor? residual, Tensor? weight, Tensor? bias, Tensor y, Tensor normalized, Tensor rstd);

    /// <summary>Writes y = n · weight + bias again, as <see cref="Forward"/> did.</summary>
    public abstract void Scale(Tensor normalized, Tensor weight, Tensor? bias, Tensor y);

    /// <summary>Writes dz, or adds to it, and adds to dWeight and dBias.</summary>
    public abstract void Backward(
        Tensor dy, Tensor normalized, Tensor rstd, Tensor? weight, Tensor dz, Tensor? dWeight, Tensor? dBias,
        bool accumulate = false);

    // ---- GPU: one group per row; its threads stride over the width and meet in group reductions ----

    internal sealed class Gpu(GpuDevice device, NormKind kind) : Norm(kind)
    {
        const int GroupSize = 64;

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _backward = device.Accelerator.LoadStreamKernel<BackwardArgs>(BackwardKernel);
        readonly Action<KernelConfig, WeightArgs> _weights = device.Accelerator.LoadStreamKernel<WeightArgs>(WeightKernel);

        // What is absent has some other view in its place and a zero beside it.
        internal readonly record struct ForwardArgs(
            ArrayView<float> X, ArrayView<float> Residual, int HasResidual, ArrayView<float> Weight, int HasWeight,
            ArrayView<float> Bias, int HasBias, ArrayView<float> Y, ArrayView<float> Normalized, ArrayView<float> Rstd,
            int Width, int Centred, float Epsilon);

        internal static void ForwardKernel(ForwardArgs args)
        {
            int row = Grid.IdxX, width = args.Width;
            var n = args.Normalized.SubView(row * width, width);

            // Each thread reads back only what it wrote itself, so n may be x and needs no barrier.
            float sum = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                n[i] = args.X[row * width + i] + (args.HasResidual != 0 ? args.Residual[row * width + i] : 0);
                sum += n[i];
            }

            float mean = GroupSum.Of(sum) / width * args.Centred;

            // Two passes over the row: E[z²] − E[z]² cancels badly in float when |μ| ≫ σ.
            float squares = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                squares += (n[i] - mean) * (n[i] - mean);
            }

            float rstd = 1 / XMath.Sqrt(GroupSum.Of(squares) / width + args.Epsilon);
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                n[i] = (n[i] - mean) * rstd;
                if (args.HasWeight != 0)
                {
                    args.Y[row * width + i] = n[i] * args.Weight[i] + (args.HasBias != 0 ? args.Bias[i] : 0);
                }
            }

            if (Group.IsFirstThread)
            {
                args.Rstd[row] = rstd;
            }
        }

        readonly Action<Index1D, ScaleArgs> _scale =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ScaleArgs>(ScaleKernel);

        internal readonly record struct ScaleArgs(
            ArrayView<float> Normalized, ArrayView<float> Weight, ArrayView<float> Bias, int HasBias, ArrayView<float> Y, int Width);

        // one thread per element
        internal static void ScaleKernel(Index1D index, ScaleArgs args)
        {
            int i = index % args.Width;
            args.Y[index] = args.Normalized[index] * args.Weight[i] + (args.HasBias != 0 ? args.Bias[i] : 0);
        }

        public override void Scale(Tensor normalized, Tensor weight, Tensor? bias, Tensor y)
        {
            if (y.Length > 0)
            {
                _scale(
                    y.Length, new(normalized.View, weight.View, (bias ?? weight).View, bias is null ? 0 : 1, y.View, y.Width));
            }
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> Dy, ArrayView<float> Normalized, ArrayView<float> Rstd, ArrayView<float> Weight, int HasWeight,
            ArrayView<float> Dz, int Width, int Centred, int Accumulate);

        internal static void BackwardKernel(BackwardArgs args)
        {
            int row = Grid.IdxX, width = args.Width;
            var dy = args.Dy.SubView(row * width, width);
            var n = args.Normalized.SubView(row * width, width);

            // dz = ρ (dn − mean(dn) − n · mean(dn · n)), with dn = dy · weight; without the first mean where μ = 0.
            float meanDn = 0, meanDnN = 0;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                float dn = args.HasWeight != 0 ? dy[i] * args.Weight[i] : dy[i];
                meanDn += dn;
                meanDnN += dn * n[i];
            }

            meanDn = GroupSum.Of(meanDn) / width * args.Centred;
            meanDnN = GroupSum.Of(meanDnN) / width;
            for (int i = Group.IdxX; i < width; i += Group.DimX)
            {
                float dn = args.HasWeight != 0 ? dy[i] * args.Weight[i] : dy[i];
                float dz = args.Rstd[row] * (dn - meanDn - n[i] * meanDnN);
                int at = row * width + i;
                args.Dz[at] = args.Accumulate != 0 ? args.Dz[at] + dz : dz;
            }
        }

        internal readonly record struct WeightArgs(
            ArrayView<float> Dy, ArrayView<float> Normalized, ArrayView<float> DWeight, ArrayView<float> DBias, int HasBias,
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

            weight = GroupSum.Of(weight);
            bias = GroupSum.Of(bias);
            if (Group.IsFirstThread)
            {
                args.DWeight[column] += weight;
                if (args.HasBias != 0)
                {
                    args.DBias[column] += bias;
                }
            }
        }

        public override void Forward(
            Tensor x, Tensor? residual, Tensor? weight, Tensor? bias, Tensor y, Tensor normalized, Tensor rstd)
        {
            if (x.Rows > 0)
            {
                _forward(
                    (x.Rows, device.GroupSize(GroupSize)),
                    new(
                        x.View, (residual ?? x).View, residual is null ? 0 : 1, (weight ?? x).View, weight is null ? 0 : 1,
                        (bias ?? x).View, bias is null ? 0 : 1, (weight is null ? normalized : y).View, normalized.View, rstd.View,
                        x.Width, Centred ? 1 : 0, Epsilon));
            }
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor? weight, Tensor dz, Tensor? dWeight, Tensor? dBias,
            bool accumulate)
        {
            if (dy.Rows == 0)
            {
                return;
            }

            // The weights first: dz may overwrite dy.
            if (dWeight is { } dw)
            {
                _weights(
                    (dy.Width, device.GroupSize(256)),
                    new(dy.View, normalized.View, dw.View, (dBias ?? dw).View, dBias is null ? 0 : 1, dy.Rows, dy.Width));
            }

            _backward(
                (dy.Rows, device.GroupSize(GroupSize)),
                new(
                    dy.View, normalized.View, rstd.View, (weight ?? dy).View, weight is null ? 0 : 1, dz.View, dy.Width,
                    Centred ? 1 : 0, accumulate ? 1 : 0));
        }
    }

    // ---- CPU: the same passes, eight columns at a time; blocks of rows in parallel ----

    internal sealed unsafe class Cpu(CpuDevice device, NormKind kind) : Norm(kind)
    {
        // 64 rows of 96 floats are 24 KiB in each of four tensors: enough work to wake a thread for, and inside L2.
        const int RowsPerBlock = 64;

        float[] _partials = [];

        public override void Forward(
            Tensor x, Tensor? residual, Tensor? weight, Tensor? bias, Tensor y, Tensor normalized, Tensor rstd)
        {
            var on = (this, x, residual, weight, bias, y, normalized, rstd);
            device.For((x.Rows + RowsPerBlock - 1) / RowsPerBlock, on, static (on, block) =>
            {
                var (norm, x, residual, weight, bias, y, normalized, rstd) = on;
                int rows = x.Rows, width = x.Width;
                float* w = weight is { } scale ? scale.Start : null, b = bias is { } shift ? shift.Start : null;
                for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
                {
                    long at = (long)row * width;
                    float* n = normalized.Start + at;
                    rstd.Start[row] = norm.ForwardRow(x.Start + at, residual is { } added ? added.Start + at : null, n, width);
                    if (w is not null)
                    {
                        Affine(n, w, b, y.Start + at, width);
                    }
                }
            });
        }

        public override void Scale(Tensor normalized, Tensor weight, Tensor? bias, Tensor y)
        {
            device.For((y.Rows + RowsPerBlock - 1) / RowsPerBlock, (normalized, weight, bias, y), static (on, block) =>
            {
                var (normalized, weight, bias, y) = on;
                int rows = y.Rows, width = y.Width;
                for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
                {
                    long at = (long)row * width;
                    Affine(normalized.Start + at, weight.Start, bias is { } shift ? shift.Start : null, y.Start + at, width);
                }
            });
        }

        float ForwardRow(float* x, float* added, float* n, int width)
        {
            Vector256<float> sums = default;
            float sum = 0;
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                var z = Vector256.Load(x + i);
                z = added is null ? z : z + Vector256.Load(added + i);
                z.Store(n + i);
                sums += z;
            }

            for (; i < width; i++)
            {
                n[i] = x[i] + (added is null ? 0 : added[i]);
                sum += n[i];
            }

            // Two passes over the row: E[z²] − E[z]² cancels badly in float when |μ| ≫ σ.
            float mean = Centred ? (sum + Vector256.Sum(sums)) / width : 0;
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
            for (i = 0; i + 8 <= width; i += 8)
            {
                ((Vector256.Load(n + i) - Vector256.Create(mean)) * scale).Store(n + i);
            }

            for (; i < width; i++)
            {
                n[i] = (n[i] - mean) * scale;
            }

            return scale;
        }

        static void Affine(float* n, float* weight, float* bias, float* y, int width)
        {
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                var shift = bias is null ? default : Vector256.Load(bias + i);
                Vector256.FusedMultiplyAdd(Vector256.Load(n + i), Vector256.Load(weight + i), shift).Store(y + i);
            }

            for (; i < width; i++)
            {
                y[i] = n[i] * weight[i] + (bias is null ? 0 : bias[i]);
            }
        }

        public override void Backward(
            Tensor dy, Tensor normalized, Tensor rstd, Tensor? weight, Tensor dz, Tensor? dWeight, Tensor? dBias,
            bool accumulate)
        {
            int rows = dy.Rows, width = dy.Width, blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
            if (dWeight is not null && _partials.Length < blocks * 2 * width)
            {
                _partials = GC.AllocateUninitializedArray<float>(blocks * 2 * width, pinned: true);
            }

            fixed (float* partials = _partials)
            {
                float* sums = partials;
                device.For(blocks, block =>
                {
                    float* w = weight is { } scale ? scale.Start : null;
                    float* dw = dWeight is null ? null : sums + block * 2 * width, db = dw + width;
                    if (dw is not null)
                    {
                        new Span<float>(dw, 2 * width).Clear();
                    }

                    for (int row = block * RowsPerBlock; row < Math.Min(rows, (block + 1) * RowsPerBlock); row++)
                    {
                        long at = (long)row * width;
                        float* gradient = dy.Start + at, n = normalized.Start + at;
                        if (dw is not null)
                        {
                            WeightRow(gradient, n, dw, db, width);
                        }

                        BackwardRow(gradient, n, rstd.Start[row], w, dz.Start + at, width, accumulate);
                    }
                });

                for (int block = 0; dWeight is not null && block < blocks; block++)
                {
                    float* dw = sums + block * 2 * width;
                    Add(dw, dWeight.Value);
                    if (dBias is { } bias)
                    {
                        Add(dw + width, bias);
                    }
                }
            }
        }

        static void WeightRow(float* dy, float* n, float* dw, float* db, int width)
        {
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                var gradient = Vector256.Load(dy + i);
                Vector256.FusedMultiplyAdd(gradient, Vector256.Load(n + i), Vector256.Load(dw + i)).Store(dw + i);
                (Vector256.Load(db + i) + gradient).Store(db + i);
            }

            for (; i < width; i++)
            {
                dw[i] += dy[i] * n[i];
                db[i] += dy[i];
            }
        }

        // dz = ρ (dn − mean(dn) − n · mean(dn · n)), with dn = dy · weight; without the first mean where μ = 0.
        void BackwardRow(float* dy, float* n, float rstd, float* w, float* dz, int width, bool accumulate)
        {
            Vector256<float> sumDn = default, sumDnN = default;
            float tailDn = 0, tailDnN = 0;
            int i = 0;
            for (; i + 8 <= width; i += 8)
            {
                var dn = Vector256.Load(dy + i);
                dn = w is null ? dn : dn * Vector256.Load(w + i);
                sumDn += dn;
                sumDnN = Vector256.FusedMultiplyAdd(dn, Vector256.Load(n + i), sumDnN);
            }

            for (; i < width; i++)
            {
                float dn = w is null ? dy[i] : dy[i] * w[i];
                tailDn += dn;
                tailDnN += dn * n[i];
            }

            float meanDn = Centred ? (tailDn + Vector256.Sum(sumDn)) / width : 0;
            float meanDnN = (tailDnN + Vector256.Sum(sumDnN)) / width;
            for (i = 0; i + 8 <= width; i += 8)
            {
                var dn = Vector256.Load(dy + i);
                dn = (w is null ? dn : dn * Vector256.Load(w + i)) - Vector256.Create(meanDn);
                var value = Vector256.FusedMultiplyAdd(Vector256.Load(n + i), Vector256.Create(-meanDnN), dn) * rstd;
                (accumulate ? value + Vector256.Load(dz + i) : value).Store(dz + i);
            }

            for (; i < width; i++)
            {
                float value = rstd * ((w is null ? dy[i] : dy[i] * w[i]) - meanDn - n[i] * meanDnN);
                dz[i] = accumulate ? dz[i] + value : value;
            }
        }

        static void Add(float* values, Tensor target)
        {
            var span = target.Span;
            for (int i = 0; i < span.Length; i++)
            {
                span[i] += values[i];
            }
        }
    }
}
