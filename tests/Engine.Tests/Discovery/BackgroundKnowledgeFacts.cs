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

    [Theory, MemberData(nameof(Contradictions))]
    public void Contradictions_are_named(string expected, BackgroundKnowledge knowledge) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => Search(knowledge)).Message, StringComparison.Ordinal);

    public static TheoryData<string, BackgroundKnowledge> Contradictions => new()
    {
        { "A --> B is both required and forbidden", new() { Require = [("A", "B")], Forbid = [("A", "B")] } },
        { "C --> B is both required and forbidden", new() { Require = [("C", "B")], Sinks = ["C"] } },
        { "cycle", new() { Require = [("A", "B"), ("B", "C"), ("C", "A")] } },
        { "'A' stands in two tiers", new() { Tiers = [["A"], ["B", "A"]] } },
        { "'Z', which is not in the graph", new() { Roots = ["Z"] } },
    };

    static string Search(BackgroundKnowledge knowledge) =>
        PcSearch.Run(new DSeparationOracle(Chain), Chain.Variables, new(), knowledge, cancellation: TestContext.Current.CancellationToken)
            .Graph.ToString();
}
