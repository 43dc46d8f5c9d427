using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class TripleJudgementFacts
{
    // A --- B --- C --- D without other edges, as a search might leave it: A and C have each one neighbour in B, and C also D.
    static readonly string[] Path = ["A --> B", "B --> C", "C --> D"];

    // The sets that can separate A and C are {} (of either side, so it counts twice), {B} (the same), {D} and {B, D}.
    [Theory]
    [InlineData("B", TripleRule.Conservative, "NonCollider")]
    [InlineData("none", TripleRule.Conservative, "Collider")]
    [InlineData("none; B", TripleRule.Conservative, "Ambiguous")]
    [InlineData("", TripleRule.Conservative, "Ambiguous")]
    [InlineData("none; B", TripleRule.Majority, "Ambiguous")]
    [InlineData("none; B; D", TripleRule.Majority, "Collider")]
    [InlineData("none; B; B D", TripleRule.Majority, "NonCollider")]
    [InlineData("", TripleRule.Majority, "Ambiguous")]
    [InlineData("none; B", TripleRule.MaxP, "NonCollider")]
    [InlineData("none", TripleRule.MaxP, "Collider")]
    [InlineData("none; B", TripleRule.DefiniteMaxP, "Ambiguous")]
    [InlineData("none", TripleRule.DefiniteMaxP, "Collider")]
    [InlineData("", TripleRule.DefiniteMaxP, "NonCollider")]
    [InlineData("none; B", TripleRule.Standard, "NonCollider")]
    public void A_triple_is_judged_by_the_sets_that_separate_its_ends(string separating, TripleRule rule, string verdict)
    {
        var skeleton = new GraphBuilder(Dag.Parse(string.Join(", ", Path)).Variables);
        _ = skeleton.Undirect(0, 1).Undirect(1, 2).Undirect(2, 3);
        int[][] adjacent = [.. Enumerable.Range(0, 4).Select(node => skeleton.Adjacent(node).ToArray())];
        var triples = UnshieldedTriple.In(skeleton, adjacent);
        Assert.Equal([new(0, 1, 2), new(1, 2, 3)], triples);

        var judgement = TripleJudgement.Of(
            triples, adjacent, new(new SeparatingSet(0, 2, [1], 0.5)), new Scripted(separating),
            new() { Triples = rule, MaxDepth = null }, TestContext.Current.CancellationToken);

        Assert.Equal(verdict, judgement.Verdicts[0].ToString());
        Assert.Equal(rule == TripleRule.Standard ? 0 : 8, judgement.Queries);
    }

    // Knowledge can keep a pair apart that no test was asked about: its triples may collide or not.
    [Fact]
    public void A_triple_whose_ends_nothing_is_known_to_separate_is_ambiguous()
    {
        var judgement = TripleJudgement.Of(
            [new(0, 1, 2)], [[1], [0, 2], [1]], new(), new Scripted(""), new(), TestContext.Current.CancellationToken);

        Assert.Equal([new(0, 1, 2)], judgement.Ambiguous);
    }

    [Fact]
    public void No_rule_builds_on_an_ambiguous_triple()
    {
        var graph = new GraphBuilder(Dag.Parse("A, B, C").Variables).Direct(0, 1).Undirect(1, 2);
        foreach (var rule in Enum.GetValues<PropagationRule>())
        {
            MeekRules.Close(graph, [[1], [0, 2], [1]], rule, [new(0, 1, 2)], new(3));

            Assert.True(graph.IsUndirected(1, 2));
        }
    }

    /// <summary>A and C (0 and 2) are independent given the named sets, B's the larger p; B and D (1 and 3) given C.</summary>
    sealed class Scripted(string separating) : IIndependenceTest
    {
        readonly string[] _sets = separating.Split("; ");

        public string Name => "scripted";

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            for (int query = 0; query < queries.Count; query++)
            {
                var variables = queries[query];
                string given = variables.Length == 2 ? "none" : string.Join(' ', variables[2..].ToArray().Select(node => "ABCD"[node]));
                pValues[query] = variables[0] == 0
                    ? _sets.Contains(given) ? given.Contains('B', StringComparison.Ordinal) ? 0.5 : 0.4 : 0.001
                    : given == "C" ? 0.5 : 0.001;
            }
        }
    }
}
