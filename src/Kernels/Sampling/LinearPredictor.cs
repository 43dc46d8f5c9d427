using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Evaluates predictors that are linear in a basis of the parents: p_k = intercept_k + Σ_t weight_tk ·
/// basis_t(parents).
/// </summary>
/// <remarks>
/// Shapes: columns is (columns, rows), a block of the table column by column; predictors is (outputs, rows). A lookup
/// alone is a gather: it turns codes into values.
/// </remarks>
public abstract class LinearPredictor
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static LinearPredictor On(ComputeDevice device) =>
        device.Choose<LinearPredictor>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the predictors.</summary>
    public abstract void Evaluate(PredictorTable table, Tensor columns, Tensor predictors);

    // ---- GPU: one thread a row and output; terms and weights are read by all threads at once ----

    internal sealed class Gpu(GpuDevice device) : LinearPredictor
    {
        readonly Action<Index1D, EvaluateArgs> _evaluate =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, EvaluateArgs>(EvaluateKernel);

        internal readonly record struct EvaluateArgs(
            int Rows,
            int Count,
            ArrayView<BasisTerm> Terms,
            ArrayView<float> Weights,
            ArrayView<float> Columns,
            ArrayView<float> Predictors);

        internal static void EvaluateKernel(Index1D index, EvaluateArgs args)
        {
            int output = index / args.Rows, row = index - output * args.Rows;
            float sum = args.Weights[output];
            for (int t = 0; t < args.Count; t++)
            {
                var term = args.Terms[t];
                float x = args.Columns[term.Parent * args.Rows + row];
                if (term.Basis == Basis.Lookup)
                {
                    sum += args.Weights[term.Offset + output * term.Levels + (int)x];
                }
                else if (term.Basis == Basis.Slope)
                {
                    int code = (int)args.Columns[term.Second * args.Rows + row];
                    sum += args.Weights[term.Offset + output * term.Levels + code] * x;
                }
                else
                {
                    float value = term.Basis switch
                    {
                        Basis.Square => x * x,
                        Basis.Hinge => XMath.Max(0f, x - term.Knot),
                        Basis.Product => x * args.Columns[term.Second * args.Rows + row],
                        Basis.Sine => XMath.Sin(x),
                        Basis.Tanh => PostTanh.Scalar(x),
                        Basis.Absolute => XMath.Abs(x),
                        _ => x,
                    };
                    sum += args.Weights[term.Offset + output] * value;
                }
            }

            args.Predictors[index] = sum;
        }

        public override void Evaluate(PredictorTable table, Tensor columns, Tensor predictors) =>
            _evaluate(predictors.Length, new(
                predictors.Width, table.Count, table.Terms.View, table.Weights.View, columns.View, predictors.View));
    }

    // ---- CPU: terms outer, rows inner; a term's basis is evaluated once and added to every output ----

    internal sealed unsafe class Cpu(CpuDevice device) : LinearPredictor
    {
        public override void Evaluate(PredictorTable table, Tensor columns, Tensor predictors)
        {
            float* from = columns.Start, to = predictors.Start;
            int rows = predictors.Width;
            device.For(SimdColumns.Chunks(rows), chunk => Chunk(table, from, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(PredictorTable table, float* columns, float* predictors, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* weights = table.Weights.Start;
            float* basis = stackalloc float[SimdColumns.ChunkRows];
            float* second = stackalloc float[SimdColumns.ChunkRows];
            for (int k = 0; k < table.Outputs; k++)
            {
                new Span<float>(predictors + (long)k * rows + start, count).Fill(weights[k]);
            }

            for (int t = 0; t < table.Count; t++)
            {
                var term = table.Terms.Start[t];
                SimdColumns.CopyPadded(columns + (long)term.Parent * rows + start, basis, count);
                if (term.Basis is Basis.Product or Basis.Slope)
                {
                    SimdColumns.CopyPadded(columns + (long)term.Second * rows + start, second, count);
                }

                if (term.Basis == Basis.Lookup)
                {
                    for (int k = 0; k < table.Outputs; k++)
                    {
                        float* block = weights + term.Offset + k * term.Levels;
                        AddLookup(basis, block, predictors + (long)k * rows + start, count);
                    }
                }
                else if (term.Basis == Basis.Slope)
                {
                    for (int k = 0; k < table.Outputs; k++)
                    {
                        float* block = weights + term.Offset + k * term.Levels;
                        AddSlope(basis, second, block, predictors + (long)k * rows + start, count);
                    }
                }
                else
                {
                    Apply(term, basis, second, padded);
                    for (int k = 0; k < table.Outputs; k++)
                    {
                        AddScaled(basis, weights[term.Offset + k], predictors + (long)k * rows + start, count);
                    }
                }
            }
        }

        // The term's basis function, in its parent's place.
        static void Apply(in BasisTerm term, float* x, float* second, int padded)
        {
            var knot = Vector256.Create(term.Knot);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                var v = Vector256.Load(x + row);
                v = term.Basis switch
                {
                    Basis.Square => v * v,
                    Basis.Hinge => Vector256.Max(Vector256<float>.Zero, v - knot),
                    Basis.Product => v * Vector256.Load(second + row),
                    Basis.Sine => Vector256.Sin(v),
                    Basis.Tanh => PostTanh.Wide(v),
                    Basis.Absolute => Vector256.Abs(v),
                    _ => v,
                };
                v.Store(x + row);
            }
        }

        // Multiply and add are kept apart, so that a row in the last, scalar part has the bits of one in a vector.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void AddScaled(float* basis, float weight, float* sum, int count)
        {
            int row = 0;
            for (; row + SimdColumns.Lanes <= count; row += SimdColumns.Lanes)
            {
                (Vector256.Load(sum + row) + weight * Vector256.Load(basis + row)).Store(sum + row);
            }

            for (; row < count; row++)
            {
                sum[row] += weight * basis[row];
            }
        }

        static void AddSlope(float* x, float* codes, float* weights, float* sum, int count)
        {
            int row = 0;
            for (; row + SimdColumns.Lanes <= count; row += SimdColumns.Lanes)
            {
                var code = Vector256.ConvertToInt32(Vector256.Load(codes + row));
                var slope = SimdColumns.Gather(weights, code);
                (Vector256.Load(sum + row) + slope * Vector256.Load(x + row)).Store(sum + row);
            }

            for (; row < count; row++)
            {
                sum[row] += weights[(int)codes[row]] * x[row];
            }
        }

        static void AddLookup(float* codes, float* weights, float* sum, int count)
        {
            int row = 0;
            for (; row + SimdColumns.Lanes <= count; row += SimdColumns.Lanes)
            {
                var code = Vector256.ConvertToInt32(Vector256.Load(codes + row));
                (Vector256.Load(sum + row) + SimdColumns.Gather(weights, code)).Store(sum + row);
            }

            for (; row < count; row++)
            {
                sum[row] += weights[(int)codes[row]];
            }
        }
    }
}
