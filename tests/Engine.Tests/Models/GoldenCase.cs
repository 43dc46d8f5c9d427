using System.Text.Json;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>A stored run of nanoTabPFN in PyTorch: weights, a batch, and what came out (tests/Data/tfm/README.md).</summary>
public sealed class GoldenCase
{
    readonly SafeTensors _file;

    public GoldenCase(string name)
    {
        _file = SafeTensors.Read(RepositoryFiles.At("tests", "Data", "tfm", name + ".safetensors"));
        using var config = JsonDocument.Parse(_file.Metadata["config"]);
        int Size(string property) => config.RootElement.GetProperty(property).GetInt32();
        Config = new()
        {
            Width = Size("d"),
            Heads = Size("heads"),
            Hidden = Size("hidden"),
            Layers = Size("layers"),
            Classes = Size("n_out"),
            ZeroConstantColumns = false,
        };
        ClassesInLoss = int.Parse(_file.Metadata["n_classes_in_loss"], System.Globalization.CultureInfo.InvariantCulture);
        var shape = _file.Tensors["in.x"].Shape;
        int context = _file.Tensors["in.y_train"].Shape[1];
        Batch = new(shape[0], context, shape[1] - context, shape[2], _file.Tensors["in.x"].ToFloats(), _file.Tensors["in.y_train"].ToFloats());
        Labels = Array.ConvertAll(this["in.y_test"], label => (int)label);
    }

    public TransformerConfig Config { get; }

    public EpisodeBatch Batch { get; }

    public int[] Labels { get; }

    public int ClassesInLoss { get; }

    public bool HasWeights => _file.Tensors.Keys.Any(name => name.StartsWith("w.", StringComparison.Ordinal));

    public double[] this[string name] => _file.Tensors[name].ToDoubles();

    /// <summary>The stored weights, or where none are stored those that the generator of the file drew.</summary>
    public void Load(Parameters parameters)
    {
        ulong counter = 0;
        foreach (var info in parameters.All)
        {
            parameters.Weight(info.Name).CopyFrom(
                HasWeights ? _file.Tensors["w." + info.Name].ToFloats() : SplitMixFill(info, ref counter, seed: 1));
        }
    }

    // gen_golden.py, splitmix_fill: a 24-bit uniform from splitmix64(seed + counter), scaled by the kind of weight.
    static float[] SplitMixFill(ParameterInfo info, ref ulong counter, ulong seed)
    {
        var values = new float[info.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double u = 2 * SplitMix(counter++ + seed) - 1;
            values[i] = (float)(info.Name.EndsWith("bias", StringComparison.Ordinal) ? u * 0.1
                : info.Name.Contains("norm", StringComparison.Ordinal) ? 1 + 0.2 * u
                : u * Math.Sqrt(3.0 / info.Width) * 0.9);
        }

        return values;
    }

    static double SplitMix(ulong counter)
    {
        ulong z = unchecked(counter * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return ((z ^ (z >> 31)) >> 40) * Math.Pow(2, -24);
    }
}
