using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A device that runs ILGPU kernels: CUDA, or its emulation.</summary>
/// <remarks>
/// A CUDA device multiplies matrices by cuBLAS, if that is found and its answer to a small product is right; otherwise by our own kernel,
/// and the device's name says so.
/// </remarks>
public sealed class GpuDevice : ComputeDevice
{
    readonly Context _context;
    readonly string _product;

    internal GpuDevice(DeviceKind kind, Context context, Func<Context, Accelerator> open, DeviceOptions? options = null)
        : base(kind)
    {
        _context = context;
        Accelerator = open(context);
        var precision = options?.Precision ?? ProductPrecision.Full;
        if (kind != DeviceKind.Cuda && options?.CuBlasFiles is null)
        {
            _product = "";
            return;
        }

        Accelerator.Bind();
        nint stream = Accelerator.DefaultStream is ILGPU.Runtime.Cuda.CudaStream cuda ? cuda.StreamPtr : 0;
        CuBlas = CuBlas.Open(options?.CuBlasFiles ?? CuBlas.UsualFiles, stream, precision, out string whyNot);
        if (CuBlas is { } found && !CuBlasCheck.Passes(this, precision, out whyNot))
        {
            found.Dispose();
            CuBlas = null;
        }

        _product = CuBlas is { } used
            ? precision switch
            {
                ProductPrecision.Tf32 => $" ({used.Name}, TF32 products)",
                ProductPrecision.BFloat16 => $" ({used.Name}, bfloat16 products)",
                _ => $" ({used.Name})",
            }
            : $" (own matrix kernel: {whyNot})";
    }

    /// <summary>The ILGPU accelerator behind this device.</summary>
    public Accelerator Accelerator { get; }

    /// <inheritdoc/>
    public override string Name =>
        (Kind == DeviceKind.Emulated ? "Emulated GPU (ILGPU CPU accelerator)" : Accelerator.Name) + _product;

    /// <summary>What multiplies matrices here, or null where our own kernel does.</summary>
    internal CuBlas? CuBlas { get; }

    /// <inheritdoc/>
    public override TOperation Choose<TOperation>(Func<GpuDevice, TOperation> gpu, Func<CpuDevice, TOperation> cpu) => gpu(this);

    /// <inheritdoc/>
    public override DeviceArray<T> Allocate<T>(int length) => new(this, length);

    /// <summary>The largest group of at most <paramref name="wanted"/> threads that this accelerator can launch.</summary>
    public int GroupSize(int wanted) => Math.Min(wanted, Accelerator.MaxNumThreadsPerGroup);

    /// <summary>The side of the largest square group of at most <paramref name="wanted"/> by <paramref name="wanted"/> threads.</summary>
    public int GroupSide(int wanted) => (int)Math.Sqrt(GroupSize(wanted * wanted));

    /// <inheritdoc/>
    public override void Synchronize() => Accelerator.Synchronize();

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (CuBlas is not null)
        {
            Accelerator.Bind();
            CuBlas.Dispose();
        }

        Accelerator.Dispose();
        _context.Dispose();
    }
}
