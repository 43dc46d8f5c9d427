using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Runtime.CPU;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>An emulated GPU with the warps and groups of a real one, where the usual has few threads to be fast.</summary>
static class RealGroups
{
    public static GpuDevice Open() => new(
        DeviceKind.Emulated,
        Context.Create(builder => builder
            .CPU(new CPUDevice(numThreadsPerWarp: 32, numWarpsPerMultiprocessor: 8, numMultiprocessors: 1)).EnableAlgorithms()),
        context => context.CreateCPUAccelerator(0));
}
