using System.Text.Json;
using System.Text.Json.Nodes;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>The weights of a <see cref="Checkpoint"/> as they are taken from it, each checked, and none left behind unnoticed.</summary>
sealed class WeightSource(Checkpoint file)
{
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>Whether there is such a tensor.</summary>
    public bool Has(string name) => file.Tensors.ContainsKey(name);

    /// <summary>The length of a tensor's axis; sizes are read off the tensors that have them.</summary>
    public int Size(string name, int axis)
    {
        var tensor = file.Tensors.GetValueOrDefault(name);
        return tensor is not null && axis < tensor.Shape.Count && tensor.Shape[axis] is > 0 and <= ModelSizes.Most
            ? tensor.Shape[axis]
            : throw new InputException(
                $"{file.Path}: tensor '{name}' should have at least {axis + 1} axes of 1 to {ModelSizes.Most} but is {Found(tensor)}; " +
                "the file is damaged or of another model.");
    }

    /// <summary>How many blocks there are of which the first weight is named <paramref name="before"/>, a number, <paramref name="after"/>.</summary>
    public int Layers(string before, string after)
    {
        int layers = 0;
        while (layers < ModelSizes.MostLayers && Has($"{before}{layers}{after}"))
        {
            layers++;
        }

        return layers > 0 ? layers : throw new InputException($"{file.Path}: tensor '{before}0{after}' is missing; the file is damaged.");
    }

    /// <summary>The elements of a tensor of that shape.</summary>
    public float[] Take(string name, IReadOnlyList<int> shape)
    {
        if (!file.Tensors.TryGetValue(name, out var tensor) || !IsReal(tensor) || !tensor.Shape.SequenceEqual(shape))
        {
            throw new InputException(
                $"{file.Path}: tensor '{name}' should be real numbers [{string.Join(", ", shape)}] but is {Found(tensor)}; " +
                "the file is damaged or of another model.");
        }

        _taken.Add(name);
        float[] values = tensor.ToFloats();
        return Array.TrueForAll(values, float.IsFinite) ? values
            : throw new InputException($"{file.Path}: tensor '{name}' holds a number that is not finite; the file is damaged.");
    }

    /// <summary>The elements of a tensor with one axis, or null where there is none.</summary>
    public float[]? Vector(string name, int length) => Has(name) ? Take(name, [length]) : null;

    /// <summary>Every weight of a model, each through <paramref name="take"/>, and a complaint about any tensor that no weight came from.</summary>
    public Dictionary<string, float[]> All(TransformerConfig config, Func<ParameterInfo, float[]> take)
    {
        ModelSizes.Check(file.Path, config);
        var weights = Parameters.Layout(config).ToDictionary(info => info.Name, take, StringComparer.Ordinal);

        // Counters and masks are no weights.
        string? left = file.Tensors.FirstOrDefault(entry => !_taken.Contains(entry.Key) && IsReal(entry.Value)).Key;
        return left is null ? weights : throw new InputException(
            $"{file.Path}: tensor '{left}' {Found(file.Tensors[left])} belongs to no weight of this model, so the file is of another one; " +
            "models of the layouts in docs/file-formats.md can be read.");
    }

    /// <summary>A whole number of the settings, or null where it is none.</summary>
    public static int? Number(JsonObject? settings, string key) =>
        settings?[key] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number) ? number : null;

    /// <summary>The attention heads, which no shape tells: from where they are given, else from NAME.json beside the file.</summary>
    public int Heads(int? given) =>
        given ?? Number(file.Beside(Path.GetFileName(file.Path) + ".json"), "heads") ?? throw new InputException(
            $"{file.Path}: nothing in the file tells the number of attention heads; " +
            $"write {{\"heads\": N}} into {Path.GetFileName(file.Path)}.json beside it (nanoTabPFN has 4, TabPFN v2 has 6, TabPFN 2.5 and 2.6 have 3).");

    static bool IsReal(SafeTensor tensor) => tensor.Type is "F64" or "F32" or "F16" or "BF16";

    static string Found(SafeTensor? tensor) => tensor is null ? "missing" : $"{tensor.Type} [{string.Join(", ", tensor.Shape)}]";
}
