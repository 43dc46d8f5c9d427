using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("devices", HelpText = "List the devices and matrix libraries of this machine.")]
sealed class DevicesCommand : Command
{
    static readonly string[] Libraries = ["mkl", "openblas", "blis"];

    public override string Example => "causalmixft devices";

    public override void Run(Terminal terminal)
    {
        foreach (var kind in ComputeDevice.Available())
        {
            using var device = ComputeDevice.Open(kind, new DeviceOptions { Threads = Threads });
            terminal.Say($"--device {kind.ToString().ToLowerInvariant(),-9} {device.Name}");
        }

        foreach (string library in Libraries)
        {
            terminal.Say($"--blas {library,-11} {Find(library)}");
        }
    }

    static string Find(string library)
    {
        try
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Blas = library });
            return ((CpuDevice)device).Blas!.Name;
        }
        catch (DeviceUnavailableException)
        {
            return "not found";
        }
    }
}
