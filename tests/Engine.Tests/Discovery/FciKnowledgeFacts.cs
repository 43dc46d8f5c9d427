using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciKnowledgeFacts
{
    [Fact]
    public void True_tiers_add_marks_and_none_that_is_wrong()
    {
        var random = new Random(76);
        int more = 0;
        for (int round = 0; round < 200; round++)
        {
            var (dag, _, selection, graph) = HiddenDags.Draw(random, 3, 8, 0.5);
            if (selection.Length > 0)
            {
                continue;
            }

            int[] order = [.. dag.CausalOrder().Where(node => node < graph.Count)];
            int cut = random.Next(1, graph.Count);
            var knowledge = new BackgroundKnowledge { Tiers = [Names(order[..cut]), Names(order[cut..])] };

            var pag = FciSearch.Run(
                graph, graph.Variables(), FciSearchFacts.Exact, knowledge, cancellation: TestContext.Current.CancellationToken).Graph;

            HiddenDags.AssertSound(pag, dag, selection);
            var without = FciSearchFacts.Run(graph, PossibleDSepRule.OnPath);
            Assert.Equal(without.Edges.Select(FciSearchFacts.Pair).Order(), pag.Edges.Select(FciSearchFacts.Pair).Order());
            foreach (var edge in pag.Edges)
            {
                AssertKept(without.Mark(edge.From, edge.To), edge.AtTo);
                AssertKept(without.Mark(edge.To, edge.From), edge.AtFrom);
                bool crosses = Array.IndexOf(order, edge.From) < cut != Array.IndexOf(order, edge.To) < cut;
                Assert.True(!crosses || edge.AtTo == Endpoint.Arrow);
            }

            string[] Names(int[] nodes) => [.. nodes.Select(node => $"X{node}")];

            void AssertKept(Endpoint? before, Endpoint after)
            {
                Assert.True(before == Endpoint.Circle || before == after);
                more += before == after ? 0 : 1;
            }
        }

        Assert.True(more > 50);
    }

    [Fact]
    public void What_is_forbidden_both_ways_may_share_a_hidden_cause_and_what_is_required_is_joined()
    {
        var dag = Dag.Parse("L --> A, L --> B, C");
        var graph = AncestralGraph.Of(dag, [1, 2, 3], [0], []);
        var knowledge = new BackgroundKnowledge { Forbid = [("X0", "X1"), ("X1", "X0")], Require = [("X2", "X0")] };

        var pag = FciSearch.Run(graph, graph.Variables(), FciSearchFacts.Exact, knowledge, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal("X0 <-> X1, X2 --> X0", pag.Graph.ToString());
        Assert.Empty(pag.Notes);
    }

    [Fact]
    public void A_collider_against_what_is_required_is_named()
    {
        var dag = Dag.Parse("X0 --> X1, X2 --> X1");
        var knowledge = new BackgroundKnowledge { Require = [("X1", "X0")] };

        var result = FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, FciSearchFacts.Exact, knowledge, cancellation: TestContext.Current.CancellationToken);

        Assert.True(result.Graph.IsDirected(0, 1) is false && result.Graph.AreAdjacent(0, 1));
        Assert.Contains("an effect of both X0 and X2", Assert.Single(result.Notes), StringComparison.Ordinal);
    }
}
