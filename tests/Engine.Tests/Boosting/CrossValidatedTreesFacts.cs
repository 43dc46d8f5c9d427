using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Boosting;

public class CrossValidatedTreesFacts
{
    static readonly int[] Folds = [0, 200, 400, 600, 800];

    public static TheoryData<BoostingObjective> Objectives => [.. Enum.GetValues<BoostingObjective>()];

    [Theory, MemberData(nameof(Objectives))]
    public void The_loss_is_that_of_the_out_of_fold_scores(BoostingObjective objective)
    {
        var task = BoostingExamples.Task(objective, 800);
        float[] weights = [.. Enumerable.Range(0, 800).Select(row => 1 + row % 3f)];
        var found = BoostedTrees.CrossValidate(
            task with { Weights = weights }, Folds, new() { Rounds = 60 }, BoostingExamples.ForEach(1));
        double sum = 0;
        for (int row = 0; row < task.Rows; row++)
        {
            var scores = found.OutOfFold.AsSpan(row * task.Outputs, task.Outputs).ToArray();
            double y = task.Target[row];
            sum += weights[row] * objective switch
            {
                BoostingObjective.SquaredError => 0.5 * (y - scores[0]) * (y - scores[0]),
                BoostingObjective.Binary => Math.Log(1 + Math.Exp(y > 0 ? -scores[0] : scores[0])),
                BoostingObjective.Multiclass => Math.Log(scores.Sum(Math.Exp)) - scores[(int)y],
                _ => Math.Exp(scores[0]) - y * scores[0],
            };
        }

        Assert.Equal(sum / weights.Sum(), found.Loss, 1e-9 * found.Loss);
        Assert.Equal(found.Rounds * task.Outputs, found.Model.Trees.Length);
    }

    [Fact]
    public void The_rounds_are_those_with_the_least_loss()
    {
        var task = BoostingExamples.Task(BoostingObjective.SquaredError, 800);
        var options = new BoostingOptions { Rounds = 300, LearningRate = 0.2 };
        var chosen = BoostedTrees.CrossValidate(task, Folds, options, BoostingExamples.ForEach(1));
        Assert.InRange(chosen.Rounds, 3, 280);
        foreach (int rounds in new[] { 1, chosen.Rounds - 2, chosen.Rounds + 15 })
        {
            Assert.True(LossAt(rounds) >= chosen.Loss, $"{rounds} rounds do better than {chosen.Rounds}.");
        }

        double LossAt(int rounds) => BoostedTrees.CrossValidate(
            task, Folds, options with { Rounds = rounds }, BoostingExamples.ForEach(1)).Loss;
    }

    [Theory, MemberData(nameof(Objectives))]
    public void Threads_do_not_change_a_bit(BoostingObjective objective)
    {
        var task = BoostingExamples.Task(objective, 800);
        var options = new BoostingOptions { Rounds = 45 };
        var one = BoostedTrees.CrossValidate(task, Folds, options, BoostingExamples.ForEach(1));
        var two = BoostedTrees.CrossValidate(task, Folds, options, BoostingExamples.ForEach(2));
        Assert.Equal(one.OutOfFold, two.OutOfFold);
        Assert.Equal((one.Rounds, one.Loss), (two.Rounds, two.Loss));
        Assert.Equal(one.Model.Predict(task.Columns), two.Model.Predict(task.Columns));
    }

    [Fact]
    public void Rows_left_out_do_not_train_their_own_trees()
    {
        var random = new Philox(3);
        float[] x = [.. Enumerable.Range(0, 800).Select(row => random.Uniform((uint)row, 1))];
        float[] y = [.. Enumerable.Range(0, 800).Select(row => random.Normal((uint)row, 0))];
        var task = new BoostingTask([x], [false], y, BoostingObjective.SquaredError);
        var found = BoostedTrees.CrossValidate(task, Folds, new(), BoostingExamples.ForEach(1));

        // Noise cannot be foretold: out of fold the error is the variance, in the sample some of it is learned.
        double variance = y.Select(v => (double)v * v).Average();
        Assert.True(2 * found.Loss > 0.98 * variance, $"{2 * found.Loss} of {variance}");
        double inSample = BoostedTrees.Train(task, new()).Predict([x]).Zip(y, (p, v) => (p - v) * (p - v)).Average();
        Assert.True(inSample < 0.9 * variance, $"{inSample} of {variance}");
    }

    [Fact]
    public void A_class_that_a_fold_lacks_is_survived()
    {
        var task = BoostingExamples.Task(BoostingObjective.Multiclass, 800);
        Array.Fill(task.Target, 0f, 0, 200);
        Array.Fill(task.Target, 1f, 200, 400);
        Array.Fill(task.Target, 2f, 600, 200);
        var found = BoostedTrees.CrossValidate(task, Folds, new() { Rounds = 5 }, BoostingExamples.ForEach(1));
        Assert.True(double.IsFinite(found.Loss));
        Assert.All(found.OutOfFold, score => Assert.True(double.IsFinite(score)));
    }

    [Fact]
    public void Folds_must_cover_the_rows()
    {
        var task = BoostingExamples.Task(BoostingObjective.SquaredError, 800);
        foreach (int[] folds in new int[][] { [0, 800], [1, 400, 800], [0, 400, 799], [0, 400, 400, 800] })
        {
            Assert.Throws<ArgumentException>(
                () => BoostedTrees.CrossValidate(task, folds, new(), BoostingExamples.ForEach(1)));
        }
    }
}
