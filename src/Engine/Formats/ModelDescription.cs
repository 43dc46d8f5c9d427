using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>One tensor as it lies in a file.</summary>
/// <param name="Name">The file's name for it.</param>
/// <param name="Shape">Sizes of the axes.</param>
/// <param name="Type">The type of its elements: F32, BF16 …</param>
public sealed record TensorDescription(string Name, IReadOnlyList<int> Shape, string Type);

/// <summary>What a model's file is.</summary>
/// <param name="Layout">Whose names it has.</param>
/// <param name="Model">The model in it.</param>
/// <param name="Tensors">Its tensors, in the file's order.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <param name="Released">The released file that it is, bit for bit, or null.</param>
public sealed record ModelDescription(
    string Layout, TabularModel Model, IReadOnlyList<TensorDescription> Tensors, long Bytes, string Sha256, ReleasedModel? Released)
{
    /// <summary>The switches that differ from their defaults, with their values.</summary>
    public IReadOnlyList<(string Name, string Value)> Switches => ConfigJson.Differences(Model.Config, new TransformerConfig());

    /// <summary>What it seems to be by its structure, such as "TabPFN v2 classifier, 7,244,554 parameters".</summary>
    public string Kind => string.Create(
        CultureInfo.InvariantCulture,
        $"{Family} {(Model.Traits.Task == ModelTask.Classification ? "classifier" : "regressor")}, {Model.ParameterCount:N0} parameters");

    // A model in this program's layout says itself where it comes from.
    string Family => Layout.StartsWith("TabPFN", StringComparison.Ordinal) ? Model.Origin.Split(',')[0] : Layout;
}
