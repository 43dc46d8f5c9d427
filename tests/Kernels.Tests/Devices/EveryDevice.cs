using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>Runs a theory once on each device this machine has: the CPU, the emulated GPU, and CUDA where present.</summary>
/// <remarks>CAUSALMIXFT_DEVICE=cpu|emulated|cuda narrows it to one.</remarks>
public sealed class EveryDevice : TheoryData<DeviceKind>
{
    public EveryDevice()
    {
        string? only = Environment.GetEnvironmentVariable("CAUSALMIXFT_DEVICE");
        foreach (var kind in ComputeDevice.Available())
        {
            if (only is null || kind.ToString().Equals(only, StringComparison.OrdinalIgnoreCase))
            {
                Add(kind);
            }
        }
    }
}
