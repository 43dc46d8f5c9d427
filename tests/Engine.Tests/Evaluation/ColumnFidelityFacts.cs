using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Evaluation;

public class ColumnFidelityFacts
{
    [Fact]
    public void The_distance_of_numbers_is_the_largest_gap_between_their_distribution_functions()
    {
        // F and G at 1, 2, 3, 4: 1/4 and 0, 2/4 and 0, 3/4 and 2/3, 1 and 2/3.
        var shape = Only(Numeric("x", [1, 2, 3, 4, double.NaN]), Numeric("x", [3, 3, 5]));
        Assert.Equal(0.5, shape.Distance, 15);
        Assert.Equal(0.5, shape.Similarity, 15);
        Assert.Equal(0.2, shape.RealMissing, 15);
    }

    [Fact]
    public void The_distance_of_names_is_half_the_sum_of_differences_of_shares_whatever_the_order_of_levels()
    {
        var real = new Column("c", ColumnKind.Categorical, [0, 0, 1, 2], ["a", "b", "c"]);
        var synthetic = new Column("c", ColumnKind.Categorical, [0, 1, double.NaN], ["b", "d"]);

        // a: 1/2 and 0, b: 1/4 and 1/2, c: 1/4 and 0, d: 0 and 1/2.
        Assert.Equal(0.75, Only(real, synthetic).Distance, 15);
    }

    [Fact]
    public void Equal_columns_are_at_0_and_columns_without_values_at_1()
    {
        var column = Numeric("x", [1, 2, double.NaN]);
        Assert.Equal(0, Only(column, column).Distance);
        Assert.Equal(1, Only(column, Numeric("x", [double.NaN])).Distance);
        Assert.Equal(0, Only(Numeric("x", [double.NaN]), Numeric("x", [double.NaN])).Distance);
    }

    [Fact]
    public void Numbers_that_agree_to_14_decimals_are_ties() =>
        Assert.Equal(0, Only(Numeric("x", [0.1 + 0.2, 1]), Numeric("x", [0.3, 1])).Distance);

    static ColumnFidelity Only(Column real, Column synthetic) =>
        Assert.Single(ColumnFidelity.Compare(new Table([real]), new Table([synthetic])));
}
