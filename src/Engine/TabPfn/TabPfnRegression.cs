using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>The tables that TabPFN's network is shown to predict numbers.</summary>
/// <remarks>
/// Each is what PriorLabs/TabPFN 8.4.0 shows weights of version 2 with a single member: the columns as they are and mapped to
/// quantiles, a fifth of the rows of them, projections on singular vectors, a fingerprint, all in a drawn order; numbers are not
/// clipped. Further members differ in that order and in the codes of categories. What the package does besides from its second
/// member on is not done here: a power transform of the target, and members of power-transformed columns and one-hot
/// categories. Where the views have more than 500 columns, the package draws columns, and here all are shown.
/// </remarks>
public sealed class TabPfnRegression
{
    readonly TypedFeatures _features;
    readonly FeatureCleaner _cleaner;
    readonly FeatureBlock _train;
    readonly MemberPlan[] _plans;
    readonly float[] _labels;

    /// <summary>Learns from rows.</summary>
    /// <param name="features">Their columns to predict from.</param>
    /// <param name="labels">The standardised target of each.</param>
    /// <param name="options">How to predict.</param>
    /// <exception cref="InputException">The table is beyond TabPFN's limits, or no column varies.</exception>
    public TabPfnRegression(Table features, float[] labels, TabPfnOptions options)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        TabPfnLimits.Check(features.Rows, features.Columns.Count, options.IgnoreLimits);
        (_features, _labels) = (new(features), labels);
        var raw = RawFeatures.Of(features);
        _cleaner = new(raw);
        _train = _cleaner.Clean(raw);
        TabPfnLimits.CheckVaries(_train);
        _plans = EnsemblePlan.DrawForNumbers(options.Members, options.Seed);
    }

    /// <summary>The tables that the network is to be shown for <paramref name="rows"/>, one a member.</summary>
    public IReadOnlyList<EpisodeBatch> Members(Table rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var clean = _cleaner.Clean(_features.Raw(rows));
        return Array.ConvertAll(_plans, plan =>
        {
            var pipeline = new MemberPipeline(_train, plan);
            return MemberPipeline.Batch(pipeline.Train, pipeline.Apply(clean), _labels);
        });
    }
}
