using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>The covariance of a matrix's columns: <c>C = (X − 1μᵀ)ᵀ (X − 1μᵀ) / (rows − 1)</c>, in double.</summary>
/// <remarks>
/// Shapes: data is (rows, columns), column-major, so that a column is contiguous; covariance is (columns, columns),
/// symmetric, both halves written. Doubles, because a p-value far in the tail multiplies the correlation's error by z².
/// Each sum runs over the rows in one fixed order, so the number of threads never changes a bit.
/// </remarks>
public abstract partial class Covariance
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static Covariance On(ComputeDevice device) =>
        device.Choose<Covariance>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the covariance, and centres <paramref name="data"/> where it lies.</summary>
    public void Compute(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance)
    {
        if (rows < 2 || data.Length < (long)rows * columns || covariance.Length < (long)columns * columns)
        {
            throw new ArgumentException(
                $"A covariance needs two rows or more, and room: ({rows}, {columns}) in {data.Length}, into {covariance.Length}.");
        }

        if (columns > 0)
        {
            Centre(data, rows, columns);
            Multiply(data, rows, columns, covariance);
        }
    }

    // E[xy] − E[x]E[y] in one pass cancels when |μ| ≫ σ (a year, an amount): the mean goes first.
    private protected abstract void Centre(DeviceArray<double> data, int rows, int columns);

    private protected abstract void Multiply(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance);
}
