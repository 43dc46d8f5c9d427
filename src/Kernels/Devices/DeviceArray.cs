using System.Diagnostics;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A one-dimensional array that lives on a device. Zeroed when allocated; whoever allocates it disposes it.</summary>
/// <typeparam name="T">The element: a number or a plain struct of numbers.</typeparam>
public sealed unsafe class DeviceArray<T> : IDisposable
    where T : unmanaged
{
    readonly MemoryBuffer1D<T, Stride1D.Dense>? _buffer;
    T* _pointer;
    bool _disposed;

    internal DeviceArray(CpuDevice device, int length)
        : this((ComputeDevice)device, length)
    {
        _pointer = (T*)HostMemory.Allocate(Bytes);
    }

    internal DeviceArray(GpuDevice device, int length)
        : this((ComputeDevice)device, length)
    {
        // ILGPU refuses empty buffers in kernels; one spare element keeps an empty table legal.
        _buffer = device.Accelerator.Allocate1D<T>(Math.Max(length, 1));
        _buffer.MemSetToZero();
    }

    DeviceArray(ComputeDevice device, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Device = device;
        Length = length;
        device.Account((long)length * sizeof(T));
    }

    /// <summary>The device this array lives on.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    nuint Bytes => (nuint)Length * (nuint)sizeof(T);

    /// <summary>The elements, for the CPU twin of an operation.</summary>
    public Span<T> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(_buffer is null, "A GPU array has no span; copy it to the host.");
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new Span<T>(_pointer, Length);
        }
    }

    /// <summary>The first element's address, for SIMD loops of the CPU twin; valid until disposed.</summary>
    public T* Start => _pointer;

    /// <summary>The elements, for the GPU twin of an operation.</summary>
    public ArrayView<T> View => _buffer!.View.SubView(0, Length);

    /// <summary>Copies from the host into this array, starting at <paramref name="offset"/>.</summary>
    public void CopyFrom(ReadOnlySpan<T> values, int offset = 0)
    {
        if (_buffer is null)
        {
            values.CopyTo(Span[offset..]);
        }
        else if (values.Length > 0)
        {
            // ILGPU keeps a bare address over the copy; unpinned, the collector may move what lies there.
            fixed (T* start = values)
            {
                _buffer.View.SubView(offset, values.Length).BaseView.CopyFromCPU(ref *start, values.Length);
            }
        }
    }

    /// <summary>Copies <paramref name="values"/>.Length elements to the host, starting at <paramref name="offset"/>.</summary>
    public void CopyTo(Span<T> values, int offset = 0)
    {
        if (_buffer is null)
        {
            Span.Slice(offset, values.Length).CopyTo(values);
        }
        else if (values.Length > 0)
        {
            Device.Synchronize();
            fixed (T* start = values)
            {
                _buffer.View.SubView(offset, values.Length).BaseView.CopyToCPU(ref *start, values.Length);
            }
        }
    }

    /// <summary>A copy of all elements on the host.</summary>
    public T[] ToArray()
    {
        var values = new T[Length];
        CopyTo(values);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Device.Account(-(long)Length * sizeof(T));
        _buffer?.Dispose();
        if (_pointer is not null)
        {
            HostMemory.Free(_pointer, Bytes);
            _pointer = null;
        }
    }
}
