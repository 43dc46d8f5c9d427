using CausalMixFT.Engine.Boosting;

namespace CausalMixFT.Engine.Tests.Boosting;

public class BoostedTreesFacts
{
    public static TheoryData<BoostingObjective> Objectives => [.. Enum.GetValues<BoostingObjective>()];

    [Fact]
    public void A_step_function_is_recovered()
    {
        float[] x = [.. Enumerable.Range(0, 400).Select(i => i % 40 / 40f)];
        float[] y = [.. x.Select(v => v < 0.25f ? 1f : v < 0.6f ? -2f : 3f)];
        var trees = BoostedTrees.Train(new([x], [false], y, BoostingObjective.SquaredError), new());

        // A hundred rounds leave 0.9^100 ≈ 3e-5 of the distance from the mean, at most 4.
        Assert.All(trees.Predict([x]).Zip(y), pair => Assert.Equal(pair.Second, pair.First, 2e-4));
    }

    [Theory, MemberData(nameof(Objectives))]
    public void Scores_are_LightGBMs_own_for_rows_old_and_new(BoostingObjective objective)
    {
        var task = BoostingExamples.Task(objective, 500);
        float[][] unseen = BoostingExamples.Task(objective, 300, seed: 2).Columns;
        unseen[1][0] = 9; // a level that no tree knows
        foreach (float[][] columns in new[] { task.Columns, unseen })
        {
            var (trees, scores) = BoostingExamples.ByLightGbm(task, new() { Rounds = 40 }, columns);
            Assert.Equal(40 * task.Outputs, trees.Trees.Length);
            Assert.Contains(trees.Trees, tree => tree.Splits.Any(split => split.LeftCodes is not null));
            Assert.Contains(trees.Trees, tree => tree.Splits.Any(split => split.LeftCodes is null));

            // The same doubles, which LightGBM adds in the same order.
            Assert.All(trees.Predict(columns).Zip(scores), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        }
    }

    [Fact]
    public void A_threshold_between_neighbouring_floats_parts_them()
    {
        float low = 1, high = MathF.BitIncrement(low);
        float[] x = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? low : high)];
        float[] y = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? -1f : 1f)];
        var trees = BoostedTrees.Train(new([x], [false], y, BoostingObjective.SquaredError), new());
        Assert.Equal(low, trees.Trees[0].Splits.Single().Threshold);
        Assert.Equal([-1, 1], trees.Predict([[low, high]]), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Theory, MemberData(nameof(Objectives))]
    public void Several_trainings_at_once_give_the_bits_of_one_after_another(BoostingObjective objective)
    {
        const int Trainings = 6;
        var tasks = Enumerable.Range(0, Trainings).Select(i => BoostingExamples.Task(objective, 300, (ulong)i)).ToArray();
        var options = new BoostingOptions { Rounds = 15, RowShare = 0.7, Seed = 5 };
        Assert.Equal(Train(threads: 1), Train(threads: 2));

        double[][] Train(int threads)
        {
            var scores = new double[Trainings][];
            BoostingExamples.ForEach(threads)(
                Trainings, i => scores[i] = BoostedTrees.Train(tasks[i], options).Predict(tasks[i].Columns));
            return scores;
        }
    }

    [Fact]
    public void The_seed_draws_the_rows_of_each_round()
    {
        var task = BoostingExamples.Task(BoostingObjective.SquaredError, 300);
        var options = new BoostingOptions { Rounds = 5, RowShare = 0.5, Seed = 1 };
        double[] first = BoostedTrees.Train(task, options).Predict(task.Columns);
        Assert.Equal(first, BoostedTrees.Train(task, options).Predict(task.Columns));
        Assert.NotEqual(first, BoostedTrees.Train(task, options with { Seed = 2 }).Predict(task.Columns));
    }

    [Theory]
    [InlineData(BoostingObjective.SquaredError, 2.5)]
    [InlineData(BoostingObjective.Binary, 1.0986122886681098)] // log of 3 to 1
    [InlineData(BoostingObjective.Poisson, 0.9162907318741551)] // log of 2.5
    public void Without_a_useful_feature_the_score_is_the_weighted_base(BoostingObjective objective, double score)
    {
        float[] y = objective == BoostingObjective.Binary ? [1, 0] : [3, 1];
        var task = new BoostingTask([[7, 7]], [false], y, objective, 1, [3, 1]);
        var trees = BoostedTrees.Train(task, new());
        Assert.Equal(1, trees.Features);
        Assert.All(trees.Trees, tree => Assert.Empty(tree.Splits));
        Assert.Equal([score, score], trees.Predict(task.Columns), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Columns_of_another_length_are_refused()
    {
        var task = new BoostingTask([[1, 2, 3]], [false], [1, 2], BoostingObjective.SquaredError);
        var error = Assert.Throws<ArgumentException>(() => BoostedTrees.Train(task, new()));
        Assert.Contains("the 2 of the target", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_library_is_said_with_the_remedy()
    {
        Assert.Contains(
            "install the package libgomp1",
            LightGbm.Unavailable("libgomp.so.1: cannot open shared object file").Message,
            StringComparison.Ordinal);
        Assert.Contains("64-bit x86", LightGbm.Unavailable("no such\nfile").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LightGBM_says_what_it_does_not_accept()
    {
        var task = BoostingExamples.Task(BoostingObjective.SquaredError, 50);
        var error = Assert.Throws<InvalidOperationException>(
            () => BoostedTrees.Train(task, new() { LearningRate = -1 }));
        Assert.StartsWith("LightGBM: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("learning_rate", error.Message, StringComparison.Ordinal);
    }
}
