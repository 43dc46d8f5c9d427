using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>What files hold of a regression's buckets, under TabPFN's names.</summary>
static class BucketTensors
{
    const string BordersName = "criterion.borders", LossesName = "criterion.losses_per_bucket";

    // Converters of TabPFN's checkpoints write the borders under this name.
    const string BordersAlias = "regression_borders";

    /// <summary>Whether a file has borders, and so is a regression's.</summary>
    public static bool Are(WeightSource source) => source.Has(BordersName) || source.Has(BordersAlias);

    public static float[]? Borders(string path, WeightSource source, int buckets)
    {
        float[]? borders = source.Vector(BordersName, buckets + 1), alias = source.Vector(BordersAlias, buckets + 1);
        borders ??= alias;
        for (int i = 1; i < borders?.Length; i++)
        {
            if (borders[i] < borders[i - 1])
            {
                throw new InputException($"{path}: the borders of its buckets do not ascend; the file is damaged.");
            }
        }

        return borders;
    }

    public static float[]? Losses(WeightSource source, int buckets) => source.Vector(LossesName, buckets);

    public static IEnumerable<KeyValuePair<string, SafeTensor>> Of(ModelTraits traits)
    {
        if (traits.Borders is { } borders)
        {
            yield return new(BordersName, SafeTensor.Of([.. borders], borders.Count));
        }

        if (traits.BucketLosses is { } losses)
        {
            yield return new(LossesName, SafeTensor.Of([.. losses], losses.Count));
        }
    }
}
