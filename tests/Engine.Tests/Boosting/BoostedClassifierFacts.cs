using CausalMixFT.Engine.Boosting;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Boosting;

public class BoostedClassifierFacts
{
    [Fact]
    public void Probabilities_of_classes_that_lie_apart_are_sure_and_sum_to_one()
    {
        var (table, labels) = Rows(600, seed: 1);
        var (unseen, truth) = Rows(300, seed: 2);
        using var classifier = BoostedClassifier.Train(table, labels, 3, new() { Rounds = 50 });
        double[] probabilities = classifier.Probabilities(unseen);
        int right = 0;
        for (int row = 0; row < unseen.Rows; row++)
        {
            double[] of = probabilities[(3 * row)..(3 * row + 3)];
            Assert.Equal(1, of.Sum(), 1e-9);
            right += of.IndexOf(of.Max()) == truth[row] ? 1 : 0;
        }

        // The level tells every class, except where it is missing, one row in ten; the number tells two of those in three.
        Assert.InRange(right, 270, 300);
    }

    [Fact]
    public void Columns_and_levels_are_matched_by_name()
    {
        var (table, labels) = Rows(600, seed: 1);
        using var classifier = BoostedClassifier.Train(table, labels, 3, new() { Rounds = 20 });
        Column number = table["number"], level = table["level"];
        double[] reversed = [.. level.Values.ToArray().Select(code => 3 - code)];
        var other = new Table(
            [new Column("level", ColumnKind.Categorical, reversed, [.. level.Levels.Reverse()]), number]);
        Assert.Equal(classifier.Probabilities(table), classifier.Probabilities(other));
    }

    [Fact]
    public void A_number_in_place_of_levels_is_refused_with_the_remedy()
    {
        var (table, labels) = Rows(60, seed: 1);
        using var classifier = BoostedClassifier.Train(table, labels, 3, new() { Rounds = 2 });
        var other = new Table([table["number"], new Column("level", ColumnKind.Integer, new double[60])]);
        var error = Assert.Throws<InputException>(() => classifier.Probabilities(other));
        Assert.Contains("--categorical level", error.Message, StringComparison.Ordinal);
    }

    static (Table Features, int[] Labels) Rows(int rows, ulong seed)
    {
        var random = new Philox(seed);
        double[] number = new double[rows], level = new double[rows];
        int[] labels = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            uint r = (uint)row;
            labels[row] = random.Below(3, r, 0);
            number[row] = random.Uniform(r, 1) < 0.1f ? double.NaN : labels[row] == 2 ? 5 + random.Normal(r, 2) : random.Normal(r, 2);
            level[row] = random.Uniform(r, 3) < 0.1f ? double.NaN : labels[row] == 2 ? 2 + random.Below(2, r, 4) : labels[row];
        }

        return (
            new([new("number", ColumnKind.Numeric, number, null, 6), new("level", ColumnKind.Categorical, level, ["a", "b", "c", "d"])]),
            labels);
    }
}
