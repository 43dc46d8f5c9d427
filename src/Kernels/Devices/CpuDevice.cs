using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A device that runs SIMD loops on this machine's cores.</summary>
public sealed class CpuDevice : ComputeDevice
{
    internal CpuDevice(DeviceOptions options)
        : this(options.Threads ?? Environment.ProcessorCount, options.Blas is null ? null : LinearAlgebra.NativeBlas.Load(options.Blas))
    { }

    CpuDevice(int threads, LinearAlgebra.NativeBlas? blas)
        : base(DeviceKind.Cpu)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        Blas = blas;
    }

    /// <summary>The same device with one thread: for operations that threads of this one call beside each other.</summary>
    internal CpuDevice OfOneThread => Threads == 1 ? this : new(1, Blas);

    /// <summary>Threads that <see cref="For"/> may use.</summary>
    public int Threads { get; }

    /// <summary>The native matrix library that was asked for, or null for the built-in product.</summary>
    public LinearAlgebra.NativeBlas? Blas { get; }

    /// <inheritdoc/>
    public override string Name =>
        $"CPU ({Threads} {(Threads == 1 ? "thread" : "threads")}, {Simd}, {Blas?.Name ?? "built-in matrix product"})";

    static string Simd =>
        Vector512.IsHardwareAccelerated ? "AVX-512" : Vector256.IsHardwareAccelerated ? "AVX2" : "128-bit SIMD";

    /// <inheritdoc/>
    public override TOperation Choose<TOperation>(Func<GpuDevice, TOperation> gpu, Func<CpuDevice, TOperation> cpu) => cpu(this);

    /// <inheritdoc/>
    public override DeviceArray<T> Allocate<T>(int length) => new(this, length);

    /// <summary>Runs <paramref name="body"/> for 0 … <paramref name="count"/> − 1 on all threads.</summary>
    /// <remarks>
    /// Results must not depend on which thread runs which index, nor on the order: that is how one thread and sixteen
    /// give the same bits. Split work by its size, never by <see cref="Threads"/>.
    /// </remarks>
    /// <exception cref="AggregateException">A body failed on one of several threads.</exception>
    public void For(int count, Action<int> body) => For(count, body, static (body, i) => body(i));

    /// <summary>The same with what <paramref name="body"/> reads handed to it: a static body captures nothing, so that a loop leaves no garbage.</summary>
    public void For<TState>(int count, TState state, Action<TState, int> body)
    {
        if (Threads == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(state, i);
            }
        }
        else
        {
            ParallelLoop<TState>.Run(count, Threads, state, body);
        }
    }

    /// <inheritdoc/>
    public override void Synchronize() { }

    /// <inheritdoc/>
    public override void Dispose() { }
}
