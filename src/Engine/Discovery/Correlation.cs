using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The correlation of all columns of a block encoding: everything that the linear tests need of the data.</summary>
static class Correlation
{
    public static double[] Of(BlockEncoding blocks, ComputeDevice device)
    {
        int columns = blocks.Columns.Count;
        using var covariance = device.Allocate<double>(columns * columns);
        Covariance.On(device).Compute(blocks.Columns, blocks.Rows, covariance);
        var matrix = covariance.ToArray();
        var deviations = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            deviations[i] = Math.Sqrt(matrix[i * columns + i]);
        }

        for (int i = 0; i < columns; i++)
        {
            var row = matrix.AsSpan(i * columns, columns);
            Scale(row, deviations, deviations[i]);
            row[i] = 1;
        }

        return matrix;
    }

    static void Scale(Span<double> row, ReadOnlySpan<double> deviations, double own)
    {
        for (int j = 0; j < row.Length; j++)
        {
            // A variance that underflowed to 0 belongs to a column as good as constant.
            double scale = own * deviations[j];
            row[j] = scale > 0 ? Math.Clamp(row[j] / scale, -1, 1) : 0;
        }
    }
}
