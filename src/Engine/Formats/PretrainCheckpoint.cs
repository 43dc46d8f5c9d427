using System.Globalization;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Where a pre-training run stands, as a safetensors file: what a killed run continues from, bit for bit.</summary>
/// <remarks>
/// Layout: tensors weights, mean and square, F32, one flat block each; __metadata__ holds format
/// "causalmixft.pretrain", version "1", step, and the options of the run, which must be the same to continue.
/// </remarks>
static class PretrainCheckpoint
{
    const string Format = "causalmixft.pretrain";

    public static void Write(PretrainState state, PretrainOptions options, string path) => SafeTensors.Write(
        path,
        [
            new("weights", SafeTensor.Of(state.Weights, state.Weights.Length)),
            new("mean", SafeTensor.Of(state.Mean, state.Mean.Length)),
            new("square", SafeTensor.Of(state.Square, state.Square.Length)),
        ],
        new Dictionary<string, string>
        {
            ["format"] = Format,
            ["version"] = "1",
            ["step"] = state.Step.ToString(CultureInfo.InvariantCulture),
            ["options"] = options.ToString(),
        });

    /// <exception cref="InputException">The file is no checkpoint of a run with these options.</exception>
    public static PretrainState Read(PretrainOptions options, int blockLength, string path)
    {
        using var file = SafeTensors.Read(path);
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("version") != "1")
        {
            throw new InputException($"{path}: it is no pre-training checkpoint (format '{Format}', version '1'); give an empty --out folder.");
        }

        if (file.Metadata.GetValueOrDefault("options") != options.ToString())
        {
            throw new InputException(
                $"{path}: it is of a run with other options ({file.Metadata.GetValueOrDefault("options")}); " +
                "repeat those, or start anew in an empty --out folder.");
        }

        if (!int.TryParse(file.Metadata.GetValueOrDefault("step"), NumberStyles.None, CultureInfo.InvariantCulture, out int step)
            || step > options.Steps)
        {
            throw new InputException($"{path}: metadata 'step' should be a number from 0 to {options.Steps}; the file is damaged: start anew.");
        }

        return new(step, Block("weights"), Block("mean"), Block("square"));

        float[] Block(string name) =>
            file.Tensors.TryGetValue(name, out var tensor) && tensor.Type == "F32" && tensor.Shape.SequenceEqual([blockLength])
                ? tensor.ToFloats()
                : throw new InputException($"{path}: tensor '{name}' should be F32 [{blockLength}]; the file is damaged: start anew.");
    }
}
