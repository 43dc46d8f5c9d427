using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A device that runs ILGPU kernels: CUDA, or its emulation.</summary>
public sealed class GpuDevice : ComputeDevice
{
    readonly Context _context;

    internal GpuDevice(DeviceKind kind, Context context, Func<Context, Accelerator> open)
        : base(kind)
    {
        _context = context;
        Accelerator = open(context);
    }

    /// <summary>The ILGPU accelerator behind this device.</summary>
    public Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public override string Name => Kind == DeviceKind.Emulated ? "Emulated GPU (ILGPU CPU accelerator)" : Accelerator.Name;

    /// <inheritdoc/>
    public override TOperation Choose<TOperation>(Func<GpuDevice, TOperation> gpu, Func<CpuDevice, TOperation> cpu) => gpu(this);

    /// <inheritdoc/>
    public override DeviceArray<T> Allocate<T>(int length) => new(this, length);

    /// <summary>The largest group of at most <paramref name="wanted"/> threads that this accelerator can launch.</summary>
    public int GroupSize(int wanted) => Math.Min(wanted, Accelerator.MaxNumThreadsPerGroup);

    /// <inheritdoc/>
    public override void Synchronize() => Accelerator.Synchronize();

    /// <inheritdoc/>
    public override void Dispose()
    {
        Accelerator.Dispose();
        _context.Dispose();
    }
}
