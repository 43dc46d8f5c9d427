using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>Independent pieces of host work on the threads that a device may use.</summary>
static class DeviceLoop
{
    /// <summary>Runs the body for 0 … <paramref name="count"/> − 1; results must not depend on the order.</summary>
    public static void For(ComputeDevice device, int count, Action<int> body)
    {
        if (device is CpuDevice cpu)
        {
            cpu.For(count, body);
        }
        else
        {
            Parallel.For(0, count, body);
        }
    }
}
