using System.Globalization;

namespace CausalMixFT.Engine.Boosting;

/// <summary>What can be chosen about gradient-boosted trees; the defaults are LightGBM's.</summary>
public sealed record BoostingOptions
{
    /// <summary>Rounds of boosting: one tree each, or one for each class. The most rounds where cross-validated.</summary>
    public int Rounds { get; init; } = 100;

    /// <summary>The share of each tree's values that is added.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Most leaves of a tree.</summary>
    public int Leaves { get; init; } = 31;

    /// <summary>Fewest rows of a leaf.</summary>
    public int MinRowsPerLeaf { get; init; } = 20;

    /// <summary>Most bins of a feature: thresholds lie between bins.</summary>
    public int MaxBins { get; init; } = 255;

    /// <summary>Weight of the squared leaf values.</summary>
    public double L2 { get; init; }

    /// <summary>The share of the rows that each round sees, drawn anew.</summary>
    public double RowShare { get; init; } = 1;

    /// <summary>
    /// Rounds without a better cross-validated loss after which training stops.
    /// </summary>
    public int Patience { get; init; } = 20;

    /// <summary>Seeds the draws of rows and of values to bin.</summary>
    public ulong Seed { get; init; }

    /// <summary>The options as LightGBM reads them.</summary>
    /// <remarks>
    /// One thread, and histograms built in one way only, because LightGBM's results depend on both; parallel work is
    /// over boosters.
    /// </remarks>
    internal string Parameters(BoostingObjective objective, int classes, bool missing)
    {
        string target = objective switch
        {
            BoostingObjective.SquaredError => "regression",
            BoostingObjective.Binary => "binary",
            BoostingObjective.Multiclass => string.Create(
                CultureInfo.InvariantCulture, $"multiclass num_class={classes}"),
            _ => "poisson",
        };
        string share = RowShare < 1
            ? string.Create(CultureInfo.InvariantCulture, $" bagging_freq=1 bagging_fraction={RowShare:R}")
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"objective={target} learning_rate={LearningRate:R} num_leaves={Leaves} " +
            $"min_data_in_leaf={MinRowsPerLeaf} max_bin={MaxBins} lambda_l2={L2:R} seed={Seed % int.MaxValue}{share} " +
            $"use_missing={(missing ? "true" : "false")} feature_pre_filter=false deterministic=true " +
            $"force_row_wise=true num_threads=1 verbosity=-1");
    }
}
