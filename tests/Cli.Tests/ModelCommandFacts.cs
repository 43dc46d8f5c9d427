using CausalMixFT.Engine.Formats;

namespace CausalMixFT.Cli.Tests;

/// <summary>model show and model export.</summary>
public sealed class ModelCommandFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    [Fact]
    public void Show_tells_what_a_file_is()
    {
        _program.RunsWell("model", "show", _program.Model);
        foreach (string expected in (string[])
            ["Layout: CausalMixFT", "Model: CausalMixFT classifier, ", "Origin: untrained, for tests", "classification into up to 10 classes",
                "Switches: width 16, heads 2, hidden 32, layers 1", "SHA-256: ", "transformer_blocks.0.norm3.bias", "[32, 16]", "F32"])
        {
            Assert.Contains(expected, _program.Output, StringComparison.Ordinal);
        }

        Assert.Contains(ModelFile.Describe(_program.Model).Sha256, _program.Output, StringComparison.Ordinal);
        Assert.Empty(_program.Left());
    }

    [Fact]
    public void Export_writes_what_is_read_back()
    {
        string nano = _program.At("nano.safetensors"), own = _program.At("own.safetensors");
        _program.RunsWell("model", "export", _program.Model, "--layout", "nano", "--out", nano);
        _program.RunsWell("model", "show", nano);
        Assert.Contains("Layout: nanoTabPFN", _program.Output, StringComparison.Ordinal);
        _program.RunsWell("model", "export", _program.Model, "--out", own);
        Assert.Equal(File.ReadAllBytes(_program.Model), File.ReadAllBytes(own));
    }

    [Fact]
    public void Wrong_requests_are_refused_in_one_sentence()
    {
        Refuses("TabPFN v2 has no model", "model", "export", _program.Model, "--layout", "tabpfn", "--out", _program.At("t.safetensors"));
        Refuses("--out FILE", "model", "export", _program.Model);
        Refuses("ends in .safetensors", "model", "export", _program.Model, "--out", _program.At("t.pt"));
        Refuses("show only prints", "model", "show", _program.Model, "--out", _program.At("t.safetensors"));
        Refuses("cannot be read", "model", "show", _program.At("in", "nothing.pt"));
        Refuses("before version 1.6", "model", "show", _program.File("old.pt", [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46]));
        Refuses("show and export", "model", "delete", _program.Model);
        Assert.Empty(_program.Left());
    }

    void Refuses(string expected, params string[] args)
    {
        Assert.Equal(1, _program.Run(args));
        Assert.StartsWith("causalmixft: ", _program.Error, StringComparison.Ordinal);
        Assert.Single(_program.Error.TrimEnd().Split('\n'));
        Assert.Contains(expected, _program.Error, StringComparison.Ordinal);
    }
}
