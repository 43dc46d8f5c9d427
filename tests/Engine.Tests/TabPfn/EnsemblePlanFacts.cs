using CausalMixFT.Engine.TabPfn;

namespace CausalMixFT.Engine.Tests.TabPfn;

public class EnsemblePlanFacts
{
    public static IEnumerable<TheoryDataRow<int, int>> Cases() =>
        from classes in Enumerable.Range(2, 9)
        from members in (int[])[1, 4, 8, 13]
        select new TheoryDataRow<int, int>(classes, members);

    [Theory, MemberData(nameof(Cases))]
    public void Class_permutations_are_those_of_the_Python_package(int classes, int members)
    {
        int[][] permutations = EnsemblePlan.ClassPermutations(members, classes, seed: 0);

        Assert.Equal(new StoredValues("numpy_rng").Whole($"classes.{classes}.{members}").Chunk(classes), permutations);
    }

    [Fact]
    public void Views_come_in_equal_parts_and_what_is_left_over_begins_anew()
    {
        Assert.Equal("Q", Views(1));
        Assert.Equal("QQPPQ", Views(5));
        Assert.Equal("QQQQPPPP", Views(8));

        static string Views(int members) => string.Concat(EnsemblePlan.Draw(members, 2, 0).Select(plan => plan.View.ToString()[0]));
    }
}
