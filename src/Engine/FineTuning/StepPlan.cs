using System.Globalization;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>How large the steps of fine-tuning are, and how many bytes of the device they take with the validations between them.</summary>
/// <param name="Recompute">Whether activations are computed again in the backward pass: a third more work for less memory.</param>
/// <param name="ContextRows">Most context rows of an episode.</param>
/// <param name="QueryRows">Most query rows of an episode.</param>
/// <param name="MemoryBytes">
/// Most bytes that weights, gradients, moments, activations and a validation's context take together. What operations of the CPU
/// device keep for their threads is not among it, nor are copies of weights on the host.
/// </param>
public sealed record StepPlan(bool Recompute, int ContextRows, int QueryRows, long MemoryBytes)
{
    // Below this an episode has nothing to learn from.
    const int FewestRowsPerClass = 2, FewestContextRows = 4;

    const double MiB = 1 << 20;

    /// <summary>The sizes that the options ask for, or less where memory is bounded.</summary>
    /// <param name="device">Where it is tuned.</param>
    /// <param name="config">The model.</param>
    /// <param name="options">Sizes and bound.</param>
    /// <param name="data">The rows.</param>
    /// <exception cref="InputException">Not even the smallest step fits.</exception>
    internal static StepPlan Of(ComputeDevice device, TransformerConfig config, FineTuneOptions options, FineTuneData data)
    {
        StepPlan Plan(bool recompute, int contextRows) => Sized(device, config, options, data, recompute, contextRows);
        var plan = Plan(false, options.ContextRows);
        if (options.MemoryBytes is not { } most || plan.MemoryBytes <= most)
        {
            return plan;
        }

        plan = Plan(true, options.ContextRows);
        if (plan.MemoryBytes <= most)
        {
            return plan;
        }

        int fits = Math.Min(options.ContextRows, Math.Max(FewestContextRows, FewestRowsPerClass * data.Classes)), exceeds = options.ContextRows;
        var least = Plan(true, fits);
        if (least.MemoryBytes > most)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"Fine-tuning this model on this table takes {Math.Ceiling(least.MemoryBytes / MiB)} MiB of memory even with {least.ContextRows} context rows a step, but {Math.Floor(most / MiB)} MiB were allowed; allow more with --memory, leave columns out, or take a smaller model."));
        }

        while (exceeds - fits > 1)
        {
            int middle = fits + (exceeds - fits) / 2;
            (fits, exceeds) = Plan(true, middle).MemoryBytes <= most ? (middle, exceeds) : (fits, middle);
        }

        return Plan(true, fits);
    }

    // Query rows keep their proportion to context rows; a stratified draw may have a row more of each class.
    static StepPlan Sized(
        ComputeDevice device, TransformerConfig config, FineTuneOptions options, FineTuneData data, bool recompute, int contextRows)
    {
        int queryRows = Math.Max(1, (int)Math.Round((double)options.QueryRows * contextRows / options.ContextRows));
        int context = contextRows + data.Classes, query = queryRows + data.Classes, validating = Math.Min(2 * contextRows, data.Train.Rows);
        int asked = MostAsked(options, data, data.Train.MostColumns(validating), contextRows + queryRows);
        bool soft = options.Labels == SyntheticLabels.Soft && data.Synthetic is not null;
        long bytes = TransformerMemory.OfWeights(config)
            + TransformerMemory.OfTraining(config, context, query, data.Train.MostColumns(context), recompute, soft)
            + TransformerMemory.OfPrediction(config, validating, asked, data.Train.MostColumns(validating))
            + TransformerMemory.OfBlocks(device, config, data.Train.MostColumns(Math.Max(context, validating)))
            + sizeof(int) * (query + 1L); // labels, and the number of classes
        return new(recompute, contextRows, queryRows, bytes);
    }

    // Rows that a validation asks about at once: of a bounded run as many as are in a step.
    static int MostAsked(FineTuneOptions options, FineTuneData data, int columns, int rowsOfStep)
    {
        int validated = Math.Max(data.Validation.Rows, data.Watched?.Rows ?? 0), taught = data.Synthetic?.Rows ?? 0;
        int rows = Math.Max(Math.Min(validated, options.ValidationRows), options.Labels == SyntheticLabels.Soft ? taught : 0);
        return Math.Min(rows, options.MemoryBytes is null ? TransformerPredictor.UsualBlockRows(columns) : rowsOfStep);
    }
}
