using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class AucIntervalFacts
{
    [Fact]
    public void The_area_is_the_share_of_pairs_ranked_right_ties_half()
    {
        // 3 beats 1 and 2, 2 beats 1 and ties 2: 3.5 of 4.
        Assert.Equal(3.5 / 4, AucInterval.Of([3f, 2f], [1f, 2f]).Area, 15);
        Assert.True(double.IsNaN(AucInterval.Of([3f], []).Area));
    }

    [Fact]
    public void The_interval_holds_the_true_area_in_about_95_of_100_samples()
    {
        // Positives N(1, 1), negatives N(0, 1): the area is Φ(1 / √2) = 0.76025. 400 samples of 60 and 90 rows; with a true
        // rate of 95 %, 3.3 standard errors of the count are 14.4. DeLong's interval is a little short at this size.
        const double True = 0.7602499389065233;
        var random = new Philox(11);
        int held = 0;
        for (uint sample = 0; sample < 400; sample++)
        {
            float[] high = [.. Enumerable.Range(0, 60).Select(i => 1 + random.Normal((uint)i, sample))];
            float[] low = [.. Enumerable.Range(0, 90).Select(i => random.Normal((uint)i, sample, 1))];
            var interval = AucInterval.Of(high, low);
            held += interval.Low <= True && True <= interval.High ? 1 : 0;
        }

        Assert.InRange(held, 380 - 15, 380 + 15);
    }

    [Fact]
    public void The_mean_of_folds_is_surer_than_one_fold()
    {
        var fold = (Area: 0.7, Variance: 0.01);
        double one = AucInterval.Mean([fold]).High - 0.7, four = AucInterval.Mean([fold, fold, fold, fold]).High - 0.7;
        Assert.Equal(one / 2, four, 12);
    }
}
