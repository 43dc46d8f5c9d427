using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Generators;

public class ClassCountsFacts
{
    // 20, 10 and 10 rows.
    static readonly ClassificationTask Task = GeneratorTables.Task(
        new("x", ColumnKind.Integer, [.. Enumerable.Range(0, 40).Select(row => (double)row)]),
        new("y", ColumnKind.Categorical, [.. Enumerable.Range(0, 40).Select(row => (double)(row % 4 % 3))], ["a", "b", "c"]));

    [Fact]
    public void Counts_are_exact_and_as_near_to_the_shares_as_whole_numbers_are()
    {
        Assert.Equal([20, 10, 10], Task.Labels.CountBy(label => label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.Equal([5, 2, 2], ClassCounts.Natural(Task, 9));
        Assert.Equal([3, 2, 2], ClassCounts.Balanced(Task, 7));
        Assert.Equal([0, 5, 2], ClassCounts.ByShares(Task, 7, ["y:a=0", "y:b = 0.75"]));
        Assert.Equal([40, 40, 20], ClassCounts.ByShares(Task, 100, ["y:b=0.4"]));
    }

    [Theory]
    [InlineData("z:a=0.5", "no class of the target 'y'")]
    [InlineData("y:d=0.5", "'a', 'b', 'c'")]
    [InlineData("y=0.5", "3 classes")]
    [InlineData("y:a", "cannot be read")]
    [InlineData("y:a=1.5", "from 0 to 1")]
    [InlineData("y:a=0.7 and y:b=0.7", "more than 1")]
    [InlineData("y:a=0.1 and y:b=0.1 and y:c=0.1", "less than 1")]
    [InlineData("y:a=0.1 and y:a=0.1", "twice")]
    public void Shares_that_cannot_be_are_refused(string texts, string expected)
    {
        var fault = Assert.Throws<InputException>(() => ClassCounts.ByShares(Task, 10, texts.Split(" and ")));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }
}
