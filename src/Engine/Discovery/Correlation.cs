using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The correlation of all columns of a block encoding: everything that the linear tests need of the data.</summary>
static class Correlation
{
    public static double[] Of(BlockEncoding blocks, ComputeDevice device)
    {
        int columns = blocks.Starts[^1];
        using var data = device.Allocate<double>(blocks.Data);
        using var covariance = device.Allocate<double>(columns * columns);
        Covariance.On(device).Compute(data, blocks.Rows, columns, covariance);
        var matrix = covariance.ToArray();
        double[] deviations = [.. Enumerable.Range(0, columns).Select(i => Math.Sqrt(matrix[i * columns + i]))];
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                // A variance that underflowed to 0 belongs to a column as good as constant.
                double scale = deviations[i] * deviations[j];
                matrix[i * columns + j] = i == j ? 1 : scale > 0 ? Math.Clamp(matrix[i * columns + j] / scale, -1, 1) : 0;
            }
        }

        return matrix;
    }
}
