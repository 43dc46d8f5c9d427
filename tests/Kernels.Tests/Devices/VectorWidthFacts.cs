using System.Diagnostics;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>Kernels in vectors of sixteen floats, where the processor has AVX-512, and in vectors of eight, where it has not.</summary>
public class VectorWidthFacts
{
    const string Target = "CAUSALMIXFT_DIGESTS";

    [Fact]
    public void Vectors_of_eight_and_of_sixteen_give_the_same_bits()
    {
        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no AVX-512, or it is switched off.");
        string file = Path.GetTempFileName();
        try
        {
            // The runtime reads the switch once, as it starts, so that these tests run once more in a process of their own.
            var start = new ProcessStartInfo("dotnet",
            [
                typeof(VectorWidthFacts).Assembly.Location, "-noLogo", "-explicit", "only",
                "-method", $"{typeof(VectorWidthFacts).FullName}.{nameof(Digests_are_written)}",
            ])
            {
                Environment = { ["DOTNET_EnableAVX512"] = "0", [Target] = file },
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            string said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, said);
            string[] narrow = File.ReadAllLines(file), wide = ["Vectors of sixteen: True", .. KernelDigests.Lines()];
            Assert.Equal("Vectors of sixteen: False", narrow[0]);
            Assert.Equal(wide.Skip(1), narrow.Skip(1));
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Only for the child process of the fact above.
    [Fact(Explicit = true)]
    public void Digests_are_written() => File.WriteAllLines(
        Environment.GetEnvironmentVariable(Target) ?? throw new InvalidOperationException($"{Target} names no file."),
        [$"Vectors of sixteen: {Vector512.IsHardwareAccelerated}", .. KernelDigests.Lines()]);
}
