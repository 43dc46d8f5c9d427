using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>This program's own layout.</summary>
/// <remarks>
/// The tensors of <see cref="Parameters.Layout"/>, F32, and a regression's criterion.borders and criterion.losses_per_bucket;
/// __metadata__ holds format "causalmixft.model", version "2", config (all switches), task, temperature, column_vectors,
/// column_seed, origin, and where known notice and inference_config. Version "1" has the sizes each under its own key.
/// </remarks>
sealed class OwnLayout : ModelLayout
{
    const string Format = "causalmixft.model";

    public override string Name => "CausalMixFT";

    public override bool Recognises(Checkpoint file) => file.Metadata.GetValueOrDefault("format") == Format;

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        string version = file.Metadata.GetValueOrDefault("version", "");
        var config = version switch
        {
            "1" => FirstConfig(file),
            "2" => ConfigJson.Read(file.Path, file.Metadata.GetValueOrDefault("config", "")),
            _ => throw new InputException(
                $"{file.Path}: it is of version '{version}' of format '{Format}', and 1 and 2 are read; use a newer version of this program."),
        };
        ModelSizes.Check(file.Path, config);
        var source = new WeightSource(file);
        var traits = version == "1" ? new() : Traits(file, source, config);
        return new(
            config, source.All(config, info => source.Take(info.Name, info.Shape)), file.Metadata.GetValueOrDefault("origin", file.Path), traits);
    }

    /// <summary>Writes a model; the same model gives the same bytes.</summary>
    public static void Write(TabularModel model, string path)
    {
        var traits = model.Traits;
        var metadata = new Dictionary<string, string>
        {
            ["format"] = Format,
            ["version"] = "2",
            ["config"] = ConfigJson.Text(model.Config),
            ["task"] = Word(traits.Task),
            ["ensemble"] = Word(traits.Ensemble),
            ["temperature"] = traits.Temperature.ToString("R", CultureInfo.InvariantCulture),
            ["column_vectors"] = Word(traits.ColumnVectors),
            ["column_seed"] = traits.ColumnSeed.ToString(CultureInfo.InvariantCulture),
            ["origin"] = model.Origin,
        };
        Add("notice", traits.Notice);
        Add("inference_config", traits.InferenceSettings);
        SafeTensors.Write(
            path,
            [
                .. Parameters.Layout(model.Config).Select(info => KeyValuePair.Create(info.Name, SafeTensor.Of(model.Weights[info.Name], info.Shape))),
                .. BucketTensors.Of(traits),
            ],
            metadata);

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                metadata[key] = value;
            }
        }
    }

    static TransformerConfig FirstConfig(Checkpoint file)
    {
        return new()
        {
            Width = Number("width"),
            Heads = Number("heads"),
            Hidden = Number("hidden"),
            Layers = Number("layers"),
            Classes = Number("classes"),
            ZeroConstantColumns = file.Metadata.GetValueOrDefault("zero_constant_columns") != "false",
        };

        int Number(string key) =>
            int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is > 0 and <= 4096
                ? value
                : throw new InputException($"{file.Path}: metadata '{key}' should be a number from 1 to 4096; the file is damaged.");
    }

    static ModelTraits Traits(Checkpoint file, WeightSource source, TransformerConfig config)
    {
        return new()
        {
            Task = Choice<ModelTask>("task"),
            Ensemble = Choice<ModelEnsemble>("ensemble"),
            Temperature = double.TryParse(Text("temperature"), NumberStyles.Float, CultureInfo.InvariantCulture, out double temperature)
                && double.IsFinite(temperature) && temperature > 0 ? temperature : throw Fault("temperature", "a positive number"),
            ColumnVectors = Choice<ColumnVectorSource>("column_vectors"),
            ColumnSeed = int.TryParse(Text("column_seed"), NumberStyles.None, CultureInfo.InvariantCulture, out int seed)
                ? seed : throw Fault("column_seed", "a whole number"),
            Borders = BucketTensors.Borders(file.Path, source, config.Classes),
            BucketLosses = BucketTensors.Losses(source, config.Classes),
            InferenceSettings = file.Metadata.GetValueOrDefault("inference_config"),
            Notice = file.Metadata.GetValueOrDefault("notice"),
        };

        string Text(string key) => file.Metadata.GetValueOrDefault(key, "");

        T Choice<T>(string key)
            where T : struct, Enum
        {
            foreach (var value in Enum.GetValues<T>())
            {
                if (Word(value) == Text(key))
                {
                    return value;
                }
            }

            throw Fault(key, $"one of {string.Join(", ", Enum.GetValues<T>().Select(value => Word(value)))}");
        }

        InputException Fault(string key, string expected) =>
            new($"{file.Path}: metadata '{key}' should be {expected}; the file is damaged or of a newer version of this program.");
    }

    static string Word<T>(T value)
        where T : struct, Enum =>
        System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
