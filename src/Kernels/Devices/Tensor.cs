using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A (rows, width) row-major matrix of floats: a view into a <see cref="DeviceArray{T}"/>, which it does not own.</summary>
/// <remarks>Higher shapes are said at the operation that reads them, as in "x is (tables · rows · columns, width)".</remarks>
public readonly record struct Tensor
{
    /// <summary>The view of <paramref name="rows"/> × <paramref name="width"/> elements that starts at <paramref name="offset"/>.</summary>
    public Tensor(DeviceArray<float> storage, int offset, int rows, int width)
    {
        Debug.Assert(offset >= 0 && offset + (long)rows * width <= storage.Length, "A tensor must lie inside its storage.");
        Storage = storage;
        Offset = offset;
        Rows = rows;
        Width = width;
    }

    /// <summary>The array this is a view of.</summary>
    public DeviceArray<float> Storage { get; }

    /// <summary>Where the view starts, in elements.</summary>
    public int Offset { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Elements in a row; rows are adjacent.</summary>
    public int Width { get; }

    /// <summary>Number of elements.</summary>
    public int Length => Rows * Width;

    /// <summary>The elements, for the CPU twin of an operation.</summary>
    public Span<float> Span => Storage.Span.Slice(Offset, Length);

    /// <summary>The first element's address, for SIMD loops of the CPU twin.</summary>
    public unsafe float* Start => Storage.Start + Offset;

    /// <summary>The elements, for the GPU twin of an operation.</summary>
    public ArrayView<float> View => Storage.View.SubView(Offset, Length);

    /// <summary>The same elements as (rows, width) of another shape.</summary>
    public Tensor As(int rows, int width)
    {
        Debug.Assert((long)rows * width == Length, "A reshape keeps the number of elements.");
        return new(Storage, Offset, rows, width);
    }

    /// <summary>Rows <paramref name="start"/> … <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public Tensor Slice(int start, int count) => new(Storage, Offset + start * Width, count, Width);

    /// <summary>Copies the host's values, row by row, into this view.</summary>
    public void CopyFrom(ReadOnlySpan<float> values)
    {
        Debug.Assert(values.Length == Length, "A copy keeps the number of elements.");
        Storage.CopyFrom(values, Offset);
    }

    /// <summary>Copies another tensor of the same device and number of elements into this view.</summary>
    public void CopyFrom(Tensor source)
    {
        Debug.Assert(source.Length == Length, "A copy keeps the number of elements.");
        if (Storage.Device is CpuDevice)
        {
            source.Span.CopyTo(Span);
        }
        else if (Length > 0)
        {
            View.CopyFrom(source.View);
        }
    }

    /// <summary>Sets every element to zero.</summary>
    public void Clear()
    {
        if (Storage.Device is CpuDevice)
        {
            Span.Clear();
        }
        else if (Length > 0)
        {
            View.MemSetToZero();
        }
    }

    /// <summary>A copy of the elements on the host, row by row.</summary>
    public float[] ToArray()
    {
        var values = new float[Length];
        Storage.CopyTo(values, Offset);
        return values;
    }
}
