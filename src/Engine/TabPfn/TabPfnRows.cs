using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>Rows as TabPFN's package takes them: a table's features, which each ensemble learns its views from anew.</summary>
/// <param name="Features">The columns to predict from.</param>
/// <param name="Labels">The class of each row.</param>
/// <param name="ClassNames">What the classes are called: their order in TabPFN depends on it.</param>
public sealed record TabPfnRows(Table Features, int[] Labels, IReadOnlyList<string> ClassNames) : ShownRows(Labels)
{
    // Fine-tuning draws from the members that predict: those of the default ensemble.
    static readonly int Members = new PredictionOptions().TabPfnMembers;

    /// <inheritdoc/>
    protected override TabPfnRows Picked(ReadOnlySpan<int> rows)
    {
        var labels = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            labels[i] = Labels[rows[i]];
        }

        return new(Features.Select(rows), labels, ClassNames);
    }

    /// <inheritdoc/>
    public override TabPfnRows Concat(ShownRows other) =>
        new(Features.Concat(((TabPfnRows)other).Features), [.. Labels, .. other.Labels], ClassNames);

    /// <inheritdoc/>
    public override int MostColumns(int contextRows) => MemberPipeline.MostColumns(contextRows, Features.Columns.Count);

    /// <inheritdoc/>
    public override ShownTable Episode(ShownRows query, int classes, ulong seed, uint draw)
    {
        int member = new Philox(seed).Branch(0x74616266).Below(Members, draw, stream: 0); // "tabf" in ASCII
        return new TabPfnClassifier(Features, Labels, ClassNames, new() { Seed = seed, Members = Members })
            .Show(((TabPfnRows)query).Features, member);
    }

    /// <inheritdoc/>
    public override float[] Probabilities(
        ShownRows query, int classes, PredictionOptions options, double temperature, TransformerPredictor predictor,
        IProgress<double>? progress)
    {
        int[] all = [.. Enumerable.Range(0, Rows)];
        var shown = Picked(StratifiedSplit.Subset(Labels, all, options.MaxContext, options.Seed));
        var classifier = new TabPfnClassifier(
            shown.Features, shown.Labels, ClassNames,
            new() { Seed = options.Seed, Members = options.TabPfnMembers, Temperature = temperature });
        int done = 0;
        return classifier.Probabilities(((TabPfnRows)query).Features, member =>
        {
            float[] logits = predictor.Logits(member.Batch);
            progress?.Report(++done / (double)options.TabPfnMembers);
            return logits;
        });
    }
}
