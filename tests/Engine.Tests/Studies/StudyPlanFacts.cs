using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>What a study has to do.</summary>
public class StudyPlanFacts
{
    static readonly Study Small = new()
    {
        Name = "small",
        Tables = "tables",
        Splits = 2,
        Rows = [100, 300],
        Shares = [null, 0.1],
        Arms = [new(ArmKind.Untuned), .. StudyArm.Product(["scm", "smote"], [0.5, 1], [SyntheticUse.Mixed], [SyntheticLabels.Hard], [false])],
    };

    [Fact]
    public void Every_combination_is_a_unit_and_splits_come_first()
    {
        var plan = StudyPlan.Of(Small, ["a", "b"]);
        Assert.Equal(2 * 2 * 2 * 2 * 5, plan.Count);
        StudyUnit[] units = [.. plan.Units];
        Assert.Equal(plan.Count, units.Distinct().Count());
        Assert.Equal(new("a", 100, null, 0, "un-tuned"), units[0]);
        Assert.Equal(new("a", 100, null, 0, "scm K=0.5 mixed hard"), units[1]);
        Assert.Equal(new("a", 100, 0.1, 0, "un-tuned"), units[5]);
        Assert.Equal(new("b", 100, null, 0, "un-tuned"), units[20]);
        Assert.Equal(new("a", 100, null, 1, "un-tuned"), units[40]);
        Assert.Equal(units, StudyPlan.Of(Small, ["a", "b"]).Units);
    }

    [Fact]
    public void Shards_have_each_unit_once_and_differ_by_a_draw_at_most()
    {
        var plan = StudyPlan.Of(Small, ["a", "b", "c"]);
        var shards = Enumerable.Range(1, 5).Select(number => plan.Shard(number, 5)).ToArray();
        Assert.Equal(plan.Units.ToHashSet(), shards.SelectMany(shard => shard.Units).ToHashSet());
        Assert.Equal(plan.Count, shards.Sum(shard => shard.Count));
        Assert.InRange(shards.Max(shard => shard.Draws.Count) - shards.Min(shard => shard.Draws.Count), 0, 1);
    }

    [Fact]
    public void Tables_that_the_study_includes_are_taken_and_no_others() =>
        Assert.Equal(["b"], StudyPlan.Of(Small with { Include = ["b"] }, ["a", "b", "c"]).Draws.Select(draw => draw.Table).Distinct());

    [Fact]
    public void Arms_have_names_of_their_own()
    {
        StudyArm[] arms =
        [
            .. StudyArm.References,
            .. StudyArm.Product(["scm", "diffusion"], [0.5, 1, 2, 5], Enum.GetValues<SyntheticUse>(), Enum.GetValues<SyntheticLabels>(), [false, true]),
        ];
        Assert.Equal(5 + 2 * 4 * 3 * 2 * 2, arms.Select(arm => arm.Name).Distinct().Count());
        Assert.Contains("diffusion K=1 staged soft +validation", arms.Select(arm => arm.Name));
    }

    // SHA-256 of the parts joined by NULs, its first eight bytes as a little-endian number, worked out by another program: stores
    // of earlier versions hold results of these seeds.
    [Fact]
    public void Seeds_are_hashes_of_what_they_are_for()
    {
        var draw = new StudyDraw("iris", 100, 0.05, 2);
        Assert.Equal(8787132722556513098UL, StudySeed.OfTable(7, "iris"));
        Assert.Equal(6342619980526417635UL, StudySeed.OfPool(7, draw));
        Assert.Equal(6411814201753222128UL, StudySeed.Of(7, draw, "fit", "smote"));
        Assert.Equal(10822159618190199478UL, StudySeed.Of(7, draw with { Share = null }, "tune"));
    }

    [Fact]
    public void Draws_of_a_split_share_the_order_of_their_pool()
    {
        var draw = new StudyDraw("iris", 100, 0.05, 2);
        Assert.Equal(StudySeed.OfPool(7, draw), StudySeed.OfPool(7, draw with { Rows = 300, Share = null }));
        Assert.NotEqual(StudySeed.OfPool(7, draw), StudySeed.OfPool(7, draw with { Split = 3 }));
        Assert.NotEqual(StudySeed.Of(7, draw, "tune"), StudySeed.Of(7, draw with { Rows = 300 }, "tune"));
    }

    [Fact]
    public void The_rest_is_expected_to_take_what_units_like_it_took()
    {
        var forecast = new StudyForecast();
        StudyUnit cheap = new("a", 100, null, 0, "un-tuned"), dear = new("a", 100, null, 0, "real");
        Assert.Null(forecast.Seconds([cheap]));
        forecast.Add(cheap, 1, faulty: false);
        forecast.Add(dear, 10, faulty: false);
        forecast.Add(dear with { Rows = 300 }, 30, faulty: false);
        forecast.Add(dear with { Split = 7 }, 0, faulty: true);

        // Alike: 1 and 10; the arm at other rows: its mean, 20; an arm that is new: the mean of all, 41 / 4.
        Assert.Equal(1, forecast.Seconds([cheap with { Split = 1 }]));
        Assert.Equal(10, forecast.Seconds([dear with { Table = "b" }]));
        Assert.Equal(20, forecast.Seconds([dear with { Rows = 1000 }]));
        Assert.Equal(41 / 4.0, forecast.Seconds([cheap with { Arm = "boosted trees" }]));
    }
}
