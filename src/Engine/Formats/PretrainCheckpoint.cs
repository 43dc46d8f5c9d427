using System.Globalization;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>Where a pre-training run stands, as a safetensors file: what a killed run continues from, bit for bit.</summary>
/// <remarks>
/// Layout: tensors weights, optimizer.NAME and average.NAME, F32, one flat block each; __metadata__ holds format
/// "causalmixft.pretrain", version "3", step, the optimiser's other numbers as optimizer.NAME, the names of its blocks in order, and
/// the options of the run: its steps as steps and all others as options. A run continues if it would have come to the same state.
/// </remarks>
static class PretrainCheckpoint
{
    const string Format = "causalmixft.pretrain";

    const string Version = "3", Optimizer = "optimizer.", Average = "average.", Order = "order";

    public static void Write(PretrainState state, PretrainOptions options, string path) => SafeTensors.Write(
        path,
        [
            new("weights", SafeTensor.Of(state.Weights, state.Weights.Length)),
            .. Tensors(Optimizer, state.Optimizer),
            .. state.Average is { } average ? Tensors(Average, average) : [],
        ],
        new Dictionary<string, string>(state.Optimizer.Scalars.Select(
            scalar => KeyValuePair.Create(Optimizer + scalar.Key, scalar.Value.ToString("R", CultureInfo.InvariantCulture))))
        {
            ["format"] = Format,
            ["version"] = Version,
            ["step"] = state.Optimizer.Steps.ToString(CultureInfo.InvariantCulture),
            [Optimizer + Order] = string.Join(' ', state.Optimizer.Arrays.Keys),
            [Average + Order] = string.Join(' ', state.Average?.Arrays.Keys ?? Enumerable.Empty<string>()),
            ["steps"] = options.Steps.ToString(CultureInfo.InvariantCulture),
            ["options"] = Others(options),
        });

    static string Others(PretrainOptions options) => (options with { Steps = 0 }).ToString();

    static IEnumerable<KeyValuePair<string, SafeTensor>> Tensors(string prefix, TrainingState state) =>
        state.Arrays.Select(array => KeyValuePair.Create(prefix + array.Key, SafeTensor.Of(array.Value, array.Value.Length)));

    /// <exception cref="InputException">The file is no checkpoint of a run with these options.</exception>
    public static PretrainState Read(PretrainOptions options, int blockLength, string path)
    {
        using var file = SafeTensors.Read(path);
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("version") != Version)
        {
            throw new InputException($"{path}: it is no pre-training checkpoint (format '{Format}', version '{Version}'); give an empty --out folder.");
        }

        if (file.Metadata.GetValueOrDefault("options") != Others(options))
        {
            throw new InputException(
                $"{path}: it is of a run with other options ({file.Metadata.GetValueOrDefault("options")}); " +
                "repeat those, or start anew in an empty --out folder.");
        }

        int steps = Number("steps", int.MaxValue), step = Number("step", steps);
        if (step > options.Steps || !options.BeginsAs(options with { Steps = steps }, step))
        {
            throw new InputException(
                $"{path}: it is at step {step} of a run of {steps} steps, and one of {options.Steps} would have taken others on the way; " +
                $"give --steps {steps}, or start anew in an empty --out folder.");
        }

        return new(
            Block("weights", exact: true), new TrainingState(step, Blocks(Optimizer), Scalars()),
            options.SnapshotEvery == 0 ? null : new TrainingState(step, Blocks(Average)));

        int Number(string key, int most) =>
            int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most
                ? number
                : throw new InputException($"{path}: metadata '{key}' should be a number from 0 to {most}; the file is damaged: start anew.");

        OrderedDictionary<string, float[]> Blocks(string prefix) => new(
            file.Metadata.GetValueOrDefault(prefix + Order, "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(name => KeyValuePair.Create(name, Block(prefix + name))));

        OrderedDictionary<string, double> Scalars() => new(
            file.Metadata.Where(pair => pair.Key.StartsWith(Optimizer, StringComparison.Ordinal) && pair.Key != Optimizer + Order)
                .Select(pair => KeyValuePair.Create(
                    pair.Key[Optimizer.Length..],
                    double.TryParse(pair.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value
                        : throw new InputException($"{path}: metadata '{pair.Key}' should be a number; the file is damaged: start anew."))));

        float[] Block(string name, bool exact = false) =>
            file.Tensors.TryGetValue(name, out var tensor) && tensor.Type == "F32" && tensor.Shape is [int length]
            && (exact ? length == blockLength : length <= blockLength)
                ? tensor.ToFloats()
                : throw new InputException(
                    $"{path}: tensor '{name}' should be F32 of {(exact ? "" : "at most ")}{blockLength} elements; the file is damaged: start anew.");
    }
}
