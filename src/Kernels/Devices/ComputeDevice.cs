using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace CausalMixFT.Kernels.Devices;

/// <summary>The kinds of device.</summary>
public enum DeviceKind
{
    /// <summary>The SIMD path on this machine's cores.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU through ILGPU's PTX backend.</summary>
    Cuda,

    /// <summary>The GPU kernels, run by ILGPU's CPU accelerator: slow, exact, debuggable, needs no GPU.</summary>
    Emulated,
}

/// <summary>Where arrays live and operations run: a CUDA GPU, its emulation, or the CPU.</summary>
/// <remarks>
/// A closed pair: <see cref="GpuDevice"/> and <see cref="CpuDevice"/>. The device owns memory, streams and native
/// libraries; an operation owns its algorithm and picks its twin with <see cref="Choose"/>.
/// </remarks>
public abstract class ComputeDevice : IDisposable
{
    // An OS thread for every thread: few of them. Warps of eight, for that many threads of an attention kernel share rows.
    static readonly CPUDevice EmulatedGpu = new(numThreadsPerWarp: 8, numWarpsPerMultiprocessor: 2, numMultiprocessors: 1);

    long _liveBytes;

    static ComputeDevice()
    {
        // ILGPU asks for "cuda", which resolves to libcuda.so; a machine with only the driver has libcuda.so.1.
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, static (name, _, _) =>
            name == "cuda" && NativeLibrary.TryLoad("libcuda.so.1", out nint handle) ? handle : 0);
    }

    private protected ComputeDevice(DeviceKind kind) => Kind = kind;

    /// <summary>Which kind this is.</summary>
    public DeviceKind Kind { get; }

    /// <summary>Name as shown in logs, reports and benchmark tables: the hardware and the library that multiplies matrices.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes that are allocated on this device and not yet disposed.</summary>
    public long LiveBytes => Interlocked.Read(ref _liveBytes);

    /// <summary>Every device this machine can open, fastest first.</summary>
    public static IReadOnlyList<DeviceKind> Available()
    {
        using var context = Context.Create(builder => builder.Cuda());
        return context.GetCudaDevices().Count > 0
            ? [DeviceKind.Cuda, DeviceKind.Cpu, DeviceKind.Emulated]
            : [DeviceKind.Cpu, DeviceKind.Emulated];
    }

    /// <summary>Opens a device of the given kind.</summary>
    /// <param name="kind">The kind to open.</param>
    /// <param name="options">Threads and matrix library; the defaults suit this machine.</param>
    /// <exception cref="DeviceUnavailableException">This machine has no such device, or the named library is missing.</exception>
    public static ComputeDevice Open(DeviceKind kind, DeviceOptions? options = null)
    {
        switch (kind)
        {
            case DeviceKind.Cpu:
                return new CpuDevice(options ?? new DeviceOptions());
            case DeviceKind.Emulated:
                return new GpuDevice(
                    kind, Context.Create(b => b.CPU(EmulatedGpu).EnableAlgorithms()), c => c.CreateCPUAccelerator(0), options);
            case DeviceKind.Cuda when Available().Contains(DeviceKind.Cuda):
                return new GpuDevice(
                    kind, Context.Create(b => b.Cuda().EnableAlgorithms().Optimize(OptimizationLevel.O2)), c => c.CreateCudaAccelerator(0),
                    options);
            case DeviceKind.Cuda:
                throw new DeviceUnavailableException(
                    "No CUDA device was found: the NVIDIA driver (libcuda.so.1) is missing or shows no GPU. Use --device cpu.");
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown device kind.");
        }
    }

    /// <summary>Picks the implementation of an operation for this device; both must be named, so neither can be forgotten.</summary>
    public abstract TOperation Choose<TOperation>(Func<GpuDevice, TOperation> gpu, Func<CpuDevice, TOperation> cpu);

    /// <summary>Allocates <paramref name="length"/> zeroed elements on this device.</summary>
    public abstract DeviceArray<T> Allocate<T>(int length)
        where T : unmanaged;

    /// <summary>Allocates a copy of <paramref name="values"/> on this device.</summary>
    public DeviceArray<T> Allocate<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var array = Allocate<T>(values.Length);
        array.CopyFrom(values);
        return array;
    }

    /// <summary>Waits until everything asked of this device is done.</summary>
    public abstract void Synchronize();

    /// <inheritdoc/>
    public abstract void Dispose();

    internal void Account(long bytes) => Interlocked.Add(ref _liveBytes, bytes);
}

/// <summary>What can be chosen about a device.</summary>
public sealed record DeviceOptions
{
    /// <summary>Threads that the CPU device uses; null for all cores of this machine.</summary>
    public int? Threads { get; init; }

    /// <summary>The library that multiplies the CPU device's matrices: null for the built-in SIMD product, or mkl, openblas, blis, or a path.</summary>
    public string? Blas { get; init; }

    /// <summary>
    /// What a CUDA device's matrix products are computed in, where cuBLAS multiplies; our own kernel knows single precision only.
    /// </summary>
    public ProductPrecision Precision { get; init; }

    /// <summary>Files to take for cuBLAS instead of those of this machine; with them the emulated device multiplies by it too.</summary>
    internal IReadOnlyList<string>? CuBlasFiles { get; init; }
}

/// <summary>A device, or a native library it needs, is not on this machine.</summary>
public sealed class DeviceUnavailableException(string message) : Exception(message);
