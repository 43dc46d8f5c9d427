using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

public abstract partial class FirstSeparator
{
    internal sealed class Gpu(GpuDevice device) : FirstSeparator
    {
        private protected override void Find(
            DeviceArray<double> correlation, SkeletonLevel level, double largest, Action<double>? progress,
            CancellationToken cancellation) => throw new NotSupportedException(device.Name);
    }
}
