using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>Encoded rows on a device, each with its label and its time, that one step or one measurement reads.</summary>
/// <remarks>
/// Shapes: numbers is (rows, numeric); levels is (rows · categorical); labels, times, ids and groups are (rows). Ids and groups
/// name the random numbers of a row.
/// </remarks>
public sealed class DiffusionBatch : IDisposable
{
    readonly DeviceArray<float> _numbers;

    /// <summary>Room for <paramref name="rows"/> rows, all zero.</summary>
    public DiffusionBatch(ComputeDevice device, DiffusionColumns columns, int rows)
    {
        (Rows, Columns) = (rows, columns);
        _numbers = device.Allocate<float>(rows * columns.Numeric);
        Levels = device.Allocate<int>(rows * columns.Categorical);
        NoisyLevels = device.Allocate<int>(rows * columns.Categorical);
        (Labels, Times) = (device.Allocate<int>(rows), device.Allocate<int>(rows));
        (Ids, Groups) = (device.Allocate<int>(rows), device.Allocate<int>(rows));
    }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>Their columns.</summary>
    public DiffusionColumns Columns { get; }

    /// <summary>The numbers as encoded.</summary>
    public Tensor Numbers => new(_numbers, 0, Rows, Columns.Numeric);

    /// <summary>The levels.</summary>
    public DeviceArray<int> Levels { get; }

    /// <summary>The levels at each row's time, written by <see cref="ForwardNoise"/>.</summary>
    public DeviceArray<int> NoisyLevels { get; }

    /// <summary>The label of each row.</summary>
    public DeviceArray<int> Labels { get; }

    /// <summary>The time of each row.</summary>
    public DeviceArray<int> Times { get; }

    /// <summary>The number of each row within its group.</summary>
    public DeviceArray<int> Ids { get; }

    /// <summary>The group of each row: rows of two groups may have one id and still differ.</summary>
    public DeviceArray<int> Groups { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _numbers.Dispose();
        foreach (var array in new[] { Levels, NoisyLevels, Labels, Times, Ids, Groups })
        {
            array.Dispose();
        }
    }
}
