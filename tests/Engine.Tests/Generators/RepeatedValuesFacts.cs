using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;
using static CausalMixFT.Engine.Tests.Generators.ForestTables;

namespace CausalMixFT.Engine.Tests.Generators;

public class RepeatedValuesFacts
{
    static readonly Philox Random = new(41);

    [Fact]
    public void A_spike_among_counts_is_one_and_its_neighbours_are_not()
    {
        // Hours of a week, as censuses have them: half the rows at 40, the others spread evenly over 20 … 79.
        double[] hours = Map(4000, row => Random.Uniform(row, 1) < 0.5f ? 40 : 20 + Random.Below(60, row, 2));
        Assert.Equal([40], RepeatedValues.Of(new("hours", ColumnKind.Integer, hours)));
    }

    [Fact]
    public void Repeats_are_a_matter_of_the_columns_decimals()
    {
        // 3000 numbers in steps of 0.1 over 100 of them repeat thirty times by chance, but not where numbers have all their digits.
        double[] coarse = Map(3000, row => Random.Below(100, row, 3) / 10.0);
        Assert.Empty(RepeatedValues.Of(new("x", ColumnKind.Numeric, coarse, null, 1)));
        Assert.Equal(100, RepeatedValues.Of(new("x", ColumnKind.Numeric, coarse, null, 15)).Count);
    }

    [Fact]
    public void Values_of_a_coarse_law_are_rarely_taken_for_spikes()
    {
        // 2000 values of about 3 rows each: the chance is below 1e-4 for each, so that more than 3 are less likely than 1e-4.
        double[] values = Map(6000, row => Random.Below(2000, row, 4));
        Assert.InRange(RepeatedValues.Of(new("x", ColumnKind.Integer, values)).Count, 0, 3);
    }

    [Fact]
    public void All_of_few_values_are_kept_and_missing_ones_are_none()
    {
        double[] grades = Map(500, row => row % 7 == 0 ? double.NaN : Random.Below(16, row, 5));
        Assert.Equal(Enumerable.Range(0, 16).Select(grade => (double)grade), RepeatedValues.Of(new("grade", ColumnKind.Integer, grades)).Order());
        Assert.Empty(RepeatedValues.Of(new("x", ColumnKind.Numeric, Map(200, row => Random.Normal(row, 6)), null, 15)));
    }
}
