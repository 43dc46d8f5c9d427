using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Text.Json;

namespace CausalMixFT.Cli.Tests;

/// <summary>The program in vectors of sixteen floats, where the processor has AVX-512, and in vectors of eight, where it has not.</summary>
public sealed class VectorWidthFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    [Fact]
    public void Networks_are_trained_and_used_to_the_same_bytes_in_vectors_of_eight_and_of_sixteen()
    {
        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no AVX-512, or it is switched off.");
        string table = _program.File("t.csv", CommandRun.Table());
        foreach (string width in (string[])["wide", "narrow"])
        {
            // A high rate on an untrained model, which leaves step 0.
            Runs(
                width, "finetune", table, "--target", "y", "--model", _program.Model, "--steps", "30", "--learning-rate", "0.01", "--context", "40",
                "--out", _program.At(width));
            using var json = JsonDocument.Parse(File.ReadAllText(_program.At(width, "finetune.json")));
            Assert.NotEqual(0, json.RootElement.GetProperty("bestStep").GetInt32());
            Runs(
                width, "predict", table, "--context", table, "--target", "y", "--model", _program.At(width, "model.safetensors"),
                "--out", _program.At(width, "predictions.csv"));
            foreach (string generator in (string[])["diffusion steps=50 batch=100", "ctgan epochs=10 batch=50"])
            {
                Runs(
                    width, "generate", table, "--target", "y", "--with", generator, "--rows", "200",
                    "--out", _program.At(width, $"{generator.Split(' ')[0]}.csv"));
            }
        }

        foreach (string file in (string[])["model.safetensors", "predictions.csv", "diffusion.csv", "ctgan.csv"])
        {
            Assert.True(
                File.ReadAllBytes(_program.At("wide", file)).AsSpan().SequenceEqual(File.ReadAllBytes(_program.At("narrow", file))),
                $"{file} differs between vectors of sixteen and of eight.");
        }
    }

    // In a process of its own, for the runtime reads the switch once, as it starts.
    static void Runs(string width, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Application).Assembly.Location, .. args, "--device", "cpu", "--threads", "2"])
        {
            RedirectStandardOutput = true,
        };
        if (width == "narrow")
        {
            start.Environment["DOTNET_EnableAVX512"] = "0";
        }

        using var process = Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        Assert.Contains(width == "narrow" ? "AVX2" : "AVX-512", said, StringComparison.Ordinal);
    }
}
