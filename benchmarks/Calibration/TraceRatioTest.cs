using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Benchmarks.Calibration;

/// <summary>The degenerate-Gaussian likelihood ratio as Tetrad has it, to be seen beside the mixed test.</summary>
/// <remarks>
/// n · ln(tr S(x|z) / tr S(x|yz)) against χ² with |Y| degrees of freedom: the trace in place of the determinant, and as if
/// x were one column. Not symmetric.
/// </remarks>
public sealed class TraceRatioTest(BlockEncoding blocks) : IIndependenceTest
{
    /// <inheritdoc/>
    public string Name => "trace form";

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            int[] given = [.. variables[2..].ToArray().SelectMany(Columns)];
            int[] x = [.. Columns(variables[0])], y = [.. Columns(variables[1])];
            var matrix = Covariance([.. given, .. y, .. x]);
            int size = given.Length + y.Length + x.Length;
            double without = Trace(Eliminate(matrix, 0, given.Length), size - x.Length, size);
            double with = Trace(Eliminate(matrix, given.Length, given.Length + y.Length), size - x.Length, size);
            pValues[query] = TailProbability.ChiSquare(blocks.Rows * Math.Log(without / with), y.Length);
        }
    }

    IEnumerable<int> Columns(int variable) =>
        Enumerable.Range(blocks.Starts[variable], blocks.Starts[variable + 1] - blocks.Starts[variable]);

    double[,] Covariance(int[] columns)
    {
        var centred = columns.Select(column =>
        {
            var values = blocks.Columns[column].ToArray();
            double mean = values.Average();
            return Array.ConvertAll(values, value => value - mean);
        }).ToArray();
        var matrix = new double[columns.Length, columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                matrix[i, j] = matrix[j, i] = System.Numerics.Tensors.TensorPrimitives.Dot<double>(centred[i], centred[j]);
            }
        }

        return matrix;
    }

    static double[,] Eliminate(double[,] matrix, int first, int end)
    {
        int size = matrix.GetLength(0);
        for (int pivot = first; pivot < end; pivot++)
        {
            for (int i = pivot + 1; i < size; i++)
            {
                double factor = matrix[pivot, pivot] > 1e-9 ? matrix[i, pivot] / matrix[pivot, pivot] : 0;
                for (int j = pivot + 1; j < size; j++)
                {
                    matrix[i, j] -= factor * matrix[pivot, j];
                }
            }
        }

        return matrix;
    }

    static double Trace(double[,] matrix, int first, int end)
    {
        double trace = 0;
        for (int i = first; i < end; i++)
        {
            trace += matrix[i, i];
        }

        return trace;
    }
}
