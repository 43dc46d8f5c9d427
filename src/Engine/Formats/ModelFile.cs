using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>Models as safetensors files.</summary>
/// <remarks>
/// Layout: the tensors of nanoTabPFN's state_dict, F32, under their names; __metadata__ holds format
/// "causalmixft.model", version "1", the sizes (width, heads, hidden, layers, classes, zero_constant_columns) and origin.
/// </remarks>
public static class ModelFile
{
    const string Format = "causalmixft.model";

    /// <summary>Reads a model.</summary>
    /// <exception cref="InputException">The file is missing, is no model, or its tensors do not fit its sizes.</exception>
    public static TabularModel Read(string path) => Read(path, SafeTensors.Read(path));

    /// <summary>Reads a model that lies in a stream; <paramref name="name"/> is what faults call it.</summary>
    internal static TabularModel Read(string name, Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Read(name, SafeTensors.Parse(name, bytes.ToArray()));
    }

    static TabularModel Read(string path, SafeTensors file)
    {
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("version") != "1")
        {
            throw new InputException(
                $"{path}: its metadata does not say format '{Format}', version '1'; give a model.safetensors that finetune or pretrain wrote.");
        }

        var config = new TransformerConfig
        {
            Width = Number("width"),
            Heads = Number("heads"),
            Hidden = Number("hidden"),
            Layers = Number("layers"),
            Classes = Number("classes"),
            ZeroConstantColumns = file.Metadata.GetValueOrDefault("zero_constant_columns") != "false",
        };
        if (config.Width % config.Heads != 0)
        {
            throw new InputException($"{path}: {config.Heads} heads do not divide the width {config.Width}; the file is damaged.");
        }

        var weights = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var info in Expected(config))
        {
            if (!file.Tensors.TryGetValue(info.Name, out var tensor) || tensor.Type != "F32" || !tensor.Shape.SequenceEqual(info.Shape))
            {
                throw new InputException(
                    $"{path}: tensor '{info.Name}' should be F32 [{string.Join(", ", info.Shape)}] but is " +
                    $"{(tensor is null ? "missing" : $"{tensor.Type} [{string.Join(", ", tensor.Shape)}]")}; the file is damaged or of another model.");
            }

            weights[info.Name] = tensor.ToFloats();
            if (weights[info.Name].Any(value => !float.IsFinite(value)))
            {
                throw new InputException($"{path}: tensor '{info.Name}' holds a number that is not finite; the file is damaged.");
            }
        }

        return new(config, weights, file.Metadata.GetValueOrDefault("origin", path));

        int Number(string key) =>
            int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is > 0 and <= 4096
                ? value
                : throw new InputException($"{path}: metadata '{key}' should be a number from 1 to 4096; the file is damaged.");
    }

    /// <summary>Writes a model; the same model gives the same bytes.</summary>
    public static void Write(TabularModel model, string path) => SafeTensors.Write(
        path,
        Expected(model.Config).Select(info => KeyValuePair.Create(info.Name, SafeTensor.Of(model.Weights[info.Name], info.Shape))),
        new Dictionary<string, string>
        {
            ["format"] = Format,
            ["version"] = "1",
            ["width"] = Text(model.Config.Width),
            ["heads"] = Text(model.Config.Heads),
            ["hidden"] = Text(model.Config.Hidden),
            ["layers"] = Text(model.Config.Layers),
            ["classes"] = Text(model.Config.Classes),
            ["zero_constant_columns"] = model.Config.ZeroConstantColumns ? "true" : "false",
            ["origin"] = model.Origin,
        });

    static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    static IReadOnlyList<ParameterInfo> Expected(TransformerConfig config) => Parameters.Layout(config);
}
