using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

public sealed class HolmCorrectionFacts
{
    [Fact]
    public void Adjusted_p_values_agree_with_statsmodels()
    {
        var expected = StatisticsCase.Read<StatisticsCase.Holm>("holm");
        Assert.All(expected.Adjusted.Zip(HolmCorrection.Adjust(expected.PValues)), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void What_was_not_tested_does_not_count() =>
        Assert.Equal([0.02, double.NaN, 0.3], HolmCorrection.Adjust([0.01, double.NaN, 0.3]));
}
