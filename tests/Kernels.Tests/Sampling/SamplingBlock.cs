using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

/// <summary>A block of columns on a device under test.</summary>
sealed class SamplingBlock : IDisposable
{
    readonly List<DeviceArray<float>> _arrays = [];

    public SamplingBlock(DeviceKind kind, int threads = 2) =>
        Device = ComputeDevice.Open(kind, new DeviceOptions { Threads = threads });

    public ComputeDevice Device { get; }

    // ILGPU's CPU accelerator takes about a millisecond for ten rows.
    public static int Rows(DeviceKind kind, int rows) => kind == DeviceKind.Emulated ? Math.Min(rows, 97) : rows;

    public Tensor Columns(int rows, params float[][] columns)
    {
        var tensor = Empty(columns.Length, rows);
        tensor.CopyFrom([.. columns.SelectMany(column => column.Take(rows))]);
        return tensor;
    }

    public Tensor Empty(int columns, int rows) => new(Array(new float[columns * rows]), 0, columns, rows);

    public DeviceArray<float> Array(float[] values)
    {
        var array = Device.Allocate<float>(values);
        _arrays.Add(array);
        return array;
    }

    public void Dispose()
    {
        _arrays.ForEach(array => array.Dispose());
        Device.Dispose();
    }
}
