using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Samples a category: P(code = k) = exp(predictor_k) / Σ_j exp(predictor_j), by inverse distribution function.
/// </summary>
/// <remarks>
/// Shapes: predictors are (classes, rows) and are overwritten; codes is (1, rows). One uniform u a row: the code is the
/// number of classes whose cumulated weight is at most u · Σ. Two devices may differ where u meets a boundary within
/// the error of exp.
/// </remarks>
public abstract class CategoricalSampler
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static CategoricalSampler On(ComputeDevice device) =>
        device.Choose<CategoricalSampler>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the codes.</summary>
    public abstract void Sample(RowDraws draws, Tensor predictors, Tensor codes);

    // ---- GPU: one thread a row; neighbours read neighbouring rows of each class ----

    internal sealed class Gpu(GpuDevice device) : CategoricalSampler
    {
        readonly Action<Index1D, SampleArgs> _sample =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, SampleArgs>(SampleKernel);

        internal readonly record struct SampleArgs(
            RowDraws Draws, int Classes, int Rows, ArrayView<float> Predictors, ArrayView<float> Codes);

        internal static void SampleKernel(Index1D row, SampleArgs args)
        {
            float largest = args.Predictors[row];
            for (int k = 1; k < args.Classes; k++)
            {
                largest = XMath.Max(largest, args.Predictors[k * args.Rows + row]);
            }

            float total = 0;
            for (int k = 0; k < args.Classes; k++)
            {
                float weight = XMath.Exp(args.Predictors[k * args.Rows + row] - largest);
                args.Predictors[k * args.Rows + row] = weight;
                total += weight;
            }

            // The last class takes what is left, so rounding never leaves the range.
            float target = args.Draws.Uniform(row) * total, sum = 0;
            int code = 0;
            for (int k = 0; k < args.Classes - 1; k++)
            {
                sum += args.Predictors[k * args.Rows + row];
                code += sum <= target ? 1 : 0;
            }

            args.Codes[row] = code;
        }

        public override void Sample(RowDraws draws, Tensor predictors, Tensor codes) =>
            _sample(codes.Length, new(draws, predictors.Rows, codes.Length, predictors.View, codes.View));
    }

    // ---- CPU: classes outer, rows inner, 256 rows at a time so that 60 classes stay in the second-level cache ----

    internal sealed unsafe class Cpu(CpuDevice device) : CategoricalSampler
    {
        const int ChunkRows = 256;

        public override void Sample(RowDraws draws, Tensor predictors, Tensor codes)
        {
            float* from = predictors.Start, to = codes.Start;
            int classes = predictors.Rows, rows = codes.Length;
            device.For(
                (rows + ChunkRows - 1) / ChunkRows,
                chunk => Chunk(draws, from, classes, to, chunk * ChunkRows, rows));
        }

        static void Chunk(in RowDraws draws, float* predictors, int classes, float* codes, int start, int rows)
        {
            int count = Math.Min(ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* target = stackalloc float[ChunkRows];
            float* largest = stackalloc float[ChunkRows];
            float* sum = stackalloc float[ChunkRows];
            float* last = stackalloc float[SimdColumns.Lanes];
            SimdColumns.CopyPadded(predictors + start, largest, count);
            for (int k = 1; k < classes; k++)
            {
                float* column = predictors + (long)k * rows + start;
                for (int row = 0; row < padded; row += SimdColumns.Lanes)
                {
                    Vector256.Max(Vector256.Load(largest + row), Whole(column, row, count, last)).Store(largest + row);
                }
            }

            new Span<float>(sum, padded).Clear();
            for (int k = 0; k < classes; k++)
            {
                float* column = predictors + (long)k * rows + start;
                for (int row = 0; row < padded; row += SimdColumns.Lanes)
                {
                    var weight = Vector256.Exp(Whole(column, row, count, last) - Vector256.Load(largest + row));
                    (Vector256.Load(sum + row) + weight).Store(sum + row);
                    Keep(weight, column, row, count);
                }
            }

            draws.Fill(start, (uint*)target, padded);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                (RowDraws.Uniform(Vector256.Load((uint*)target + row)) * Vector256.Load(sum + row)).Store(target + row);
            }

            // From here on, largest holds the code.
            new Span<float>(sum, padded).Clear();
            new Span<float>(largest, padded).Clear();
            for (int k = 0; k < classes - 1; k++)
            {
                float* column = predictors + (long)k * rows + start;
                for (int row = 0; row < padded; row += SimdColumns.Lanes)
                {
                    var cumulated = Vector256.Load(sum + row) + Whole(column, row, count, last);
                    cumulated.Store(sum + row);
                    var passed =
                        Vector256.LessThanOrEqual(cumulated, Vector256.Load(target + row)) & Vector256<float>.One;
                    (Vector256.Load(largest + row) + passed).Store(largest + row);
                }
            }

            new Span<float>(largest, count).CopyTo(new Span<float>(codes + start, count));
        }

        // Eight rows of a column; past its end, zeros.
        static Vector256<float> Whole(float* column, int row, int count, float* last)
        {
            if (row + SimdColumns.Lanes <= count)
            {
                return Vector256.Load(column + row);
            }

            SimdColumns.CopyPadded(column + row, last, count - row);
            return Vector256.Load(last);
        }

        static void Keep(Vector256<float> values, float* column, int row, int count)
        {
            if (row + SimdColumns.Lanes <= count)
            {
                values.Store(column + row);
                return;
            }

            for (int lane = 0; row + lane < count; lane++)
            {
                column[row + lane] = values[lane];
            }
        }
    }
}
