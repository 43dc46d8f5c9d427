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
        device.Choose<Covariance>(gpu => new Gpu(gpu), cpu => new Cpu(cpu, ColumnTiles.Widest));

    /// <summary>Writes the covariance of data that lie on the device.</summary>
    /// <remarks>A GPU centres <paramref name="data"/> where they lie; a CPU leaves them as they are.</remarks>
    public void Compute(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance)
    {
        ArgumentNullException.ThrowIfNull(data);
        Check(rows, columns, covariance);
        if (data.Length < (long)rows * columns)
        {
            throw new ArgumentException($"({rows}, {columns}) numbers do not fit in {data.Length}.", nameof(data));
        }

        if (columns > 0)
        {
            ComputeOn(data, rows, columns, covariance);
        }
    }

    /// <summary>Writes the covariance of columns in host memory, each <paramref name="rows"/> long; a CPU reads them where they lie.</summary>
    public void Compute(IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, DeviceArray<double> covariance)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Check(rows, columns.Count, covariance);
        if (columns.Any(column => column.Length != rows))
        {
            throw new ArgumentException($"Every column must have {rows} rows.", nameof(columns));
        }

        if (columns.Count > 0)
        {
            ComputeFrom(columns, rows, covariance);
        }
    }

    static void Check(int rows, int columns, DeviceArray<double> covariance)
    {
        if (rows < 2 || covariance.Length < (long)columns * columns)
        {
            throw new ArgumentException(
                $"A covariance needs two rows or more, and room: {columns} columns of {rows} rows, into {covariance.Length}.");
        }
    }

    // E[xy] − E[x]E[y] in one pass cancels when |μ| ≫ σ (a year, an amount): a mean goes first.
    private protected abstract void ComputeOn(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance);

    private protected abstract void ComputeFrom(
        IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, DeviceArray<double> covariance);
}
