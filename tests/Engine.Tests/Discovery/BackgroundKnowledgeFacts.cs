using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Discovery;

public class BackgroundKnowledgeFacts
{
    static readonly Dag Chain = Dag.Parse("A --> B --> C");

    [Fact]
    public void A_sink_gets_only_arrows_and_a_root_sends_only_arrows()
    {
        Assert.Equal("A --- B, B --> C", Search(new() { Sinks = ["C"] }));
        Assert.Equal("A --> B, B --> C", Search(new() { Roots = ["A"] }));
        Assert.Equal("B --> A, C --> B", Search(new() { Tiers = [["C"], ["B"], ["A"]] }));
    }

    [Fact]
    public void Forbidden_and_required_edges_are_kept()
    {
        Assert.Equal("A --> B, B --> C", Search(new() { Forbid = [("B", "A")] }));
        Assert.Equal("B --- C, A", Search(new() { Forbid = [("A", "B"), ("B", "A"), ("A", "C"), ("C", "A")] }));
        Assert.Contains("A --> C", Search(new() { Require = [("A", "C")] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Tiers_can_be_closed_and_can_reach_the_next_only()
    {
        Assert.Equal("B --- C, A", Search(new() { Tiers = [["A", "B"]], ClosedTiers = [0] }));
        var known = new BackgroundKnowledge { Tiers = [["A"], ["B"], ["C"]], NextOnlyTiers = [0] }.Resolve(Chain.Variables);
        Assert.True(known.IsForbidden(0, 2) && known.IsForbidden(1, 0));
        Assert.False(known.IsForbidden(0, 1) || known.IsForbidden(1, 2));
    }

    [Fact]
    public void A_star_stands_for_any_letters()
    {
        var variables = Dag.Parse("lab_a, lab_b, y, lab").Variables;
        var known = new BackgroundKnowledge { Sinks = ["lab_*"], Forbid = [("*", "y")] }.Resolve(variables);
        Assert.True(known.IsForbidden(0, 1) && known.IsForbidden(1, 2) && known.IsForbidden(3, 2));
        Assert.False(known.IsForbidden(3, 0) || known.IsForbidden(2, 0));
    }

    [Fact]
    public void What_is_known_of_a_column_that_is_left_out_is_void()
    {
        var knowledge = new BackgroundKnowledge { Sinks = ["gone", "C"], Require = [("gone", "A")] }.LeavingOut(["gone", "other"]);
        Assert.Equal(["gone"], knowledge.LeftOut);
        Assert.Equal("A --- B, B --> C", Search(knowledge));
    }

    [Theory, MemberData(nameof(Contradictions))]
    public void Contradictions_are_named(string expected, BackgroundKnowledge knowledge) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => Search(knowledge)).Message, StringComparison.Ordinal);

    public static TheoryData<string, BackgroundKnowledge> Contradictions => new()
    {
        { "A --> B is both required and forbidden", new() { Require = [("A", "B")], Forbid = [("A", "B")] } },
        { "C --> B is both required and forbidden", new() { Require = [("C", "B")], Sinks = ["C"] } },
        { "cycle", new() { Require = [("A", "B"), ("B", "C"), ("C", "A")] } },
        { "'A' stands in two tiers", new() { Tiers = [["A"], ["B", "A"]] } },
        { "'A' stands in two tiers", new() { Tiers = [["A*"], ["B", "A"]] } },
        { "A --> B is both required and forbidden", new() { Tiers = [["A", "B"]], ClosedTiers = [0], Require = [("A", "B")] } },
        { "A --> C is both required and forbidden", new() { Tiers = [["A"], ["B"], ["C"]], NextOnlyTiers = [0], Require = [("A", "C")] } },
        { "both a sink and a root", new() { Sinks = ["B"], Roots = ["B"] } },
        { "joins the column to itself", new() { Forbid = [("B", "B")] } },
        { "no column 'Z'", new() { Roots = ["Z"] } },
    };

    static string Search(BackgroundKnowledge knowledge) =>
        PcSearch.Run(new DSeparationOracle(Chain), Chain.Variables, new(), knowledge, cancellation: TestContext.Current.CancellationToken)
            .Graph.ToString();
}
