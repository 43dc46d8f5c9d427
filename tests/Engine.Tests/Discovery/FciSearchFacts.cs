using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciSearchFacts(ITestOutputHelper output)
{
    internal static readonly DiscoveryOptions Exact = new()
    {
        MaxDepth = null,
        Algorithm = SearchAlgorithm.Fci,
        Fci = new() { MaxPossibleDSepDepth = null },
    };

    [Fact]
    public void Of_every_ancestral_graph_of_four_variables_the_marks_of_its_class_are_found()
    {
        // The definition of a PAG: the marks that all Markov-equivalent maximal ancestral graphs share.
        var classes = AllAncestralGraphs(4).GroupBy(graph => graph.Model()).ToArray();
        foreach (var equivalent in classes)
        {
            AncestralGraph[] members = [.. equivalent];
            string truth = AncestralGraph.Common(members).ToString();
            foreach (var rule in new[] { PossibleDSepRule.All, PossibleDSepRule.OnPath })
            {
                Assert.Equal(truth, Run(members[0], rule).ToString());
            }
        }

        output.WriteLine($"{classes.Sum(members => members.Count())} graphs in {classes.Length} classes");
        Assert.NotEmpty(classes);
    }

    [Fact]
    public void Of_a_thousand_random_dags_of_up_to_twelve_variables_the_true_pag_is_found()
    {
        var random = new Random(72);
        int circles = 0, tails = 0, undirected = 0;
        for (int round = 0; round < 1000; round++)
        {
            var (dag, hidden, selection, graph) = HiddenDags.Draw(random, 2, 12, 0.5);

            var pag = Run(graph, round % 2 == 0 ? PossibleDSepRule.OnPath : PossibleDSepRule.All);

            Assert.Equal(new AncestralGraphOrientation(graph).ToPag().ToString(), pag.ToString());
            HiddenDags.AssertSound(pag, dag, selection);
            Assert.Equal(graph.ToBuilder().ToPag().Edges.Select(Pair), pag.Edges.Select(Pair).Order());
            if (round % 20 == 0)
            {
                Assert.Equal(pag.ToString(), TruePag.Of(dag, hidden, selection).ToString());
            }

            circles += pag.Edges.Count(edge => edge.AtFrom == Endpoint.Circle);
            tails += pag.Edges.Count(edge => edge.IsDirected);
            undirected += pag.Edges.Count(edge => edge.IsUndirected);
        }

        // All kinds of edges took part.
        output.WriteLine($"{circles} circles, {tails} directed, {undirected} undirected");
        Assert.True(Math.Min(circles, Math.Min(tails, undirected)) > 100);
    }

    [Fact]
    public void Without_selection_the_rules_for_it_change_nothing()
    {
        var random = new Random(73);
        for (int round = 0; round < 200; round++)
        {
            var (_, _, selection, graph) = HiddenDags.Draw(random, 2, 9, 0.5);
            if (selection.Length > 0)
            {
                continue;
            }

            var without = FciSearch.Run(
                graph, graph.Variables(), Exact with { Fci = Exact.Fci with { SelectionBias = false } },
                cancellation: TestContext.Current.CancellationToken);

            Assert.Equal(Run(graph, PossibleDSepRule.OnPath).ToString(), without.Graph.ToString());
        }
    }

    [Fact]
    public void Rfci_joins_more_and_marks_nothing_wrong()
    {
        var random = new Random(74);
        for (int round = 0; round < 500; round++)
        {
            var (dag, _, selection, graph) = HiddenDags.Draw(random, 2, 10, 0.5);

            var pag = Run(graph, PossibleDSepRule.OnPath, SearchAlgorithm.Rfci);

            HiddenDags.AssertSound(pag, dag, selection);
            Assert.Subset(pag.Edges.Select(Pair).ToHashSet(), graph.ToBuilder().ToPag().Edges.Select(Pair).ToHashSet());
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void A_bound_on_sets_marks_nothing_wrong(int maxDepth)
    {
        var random = new Random(75);
        for (int round = 0; round < 300; round++)
        {
            var (dag, _, selection, graph) = HiddenDags.Draw(random, 2, 10, 0.5);

            var pag = FciSearch.Run(
                graph, graph.Variables(), Exact with { MaxDepth = maxDepth },
                cancellation: TestContext.Current.CancellationToken).Graph;

            HiddenDags.AssertSound(pag, dag, selection);
        }
    }

    internal static (int, int) Pair(Edge edge) => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To));

    [Fact]
    public void Of_random_dags_with_hidden_and_selection_variables_the_marks_of_the_class_are_found()
    {
        var random = new Random(71);
        int found = 0;
        while (found < 60)
        {
            var graph = HiddenDags.Draw(random, 5, 5, 0.6).Graph;
            var pairs = (from a in Enumerable.Range(0, graph.Count) from b in Enumerable.Range(0, a) where graph.AreAdjacent(a, b) select (a, b)).ToArray();
            if (pairs.Length is < 4 or > 7)
            {
                continue;
            }

            found++;
            string model = graph.Model();
            var members = new List<AncestralGraph>();
            for (int code = 0; code < 1 << 2 * pairs.Length; code++)
            {
                var marks = new Endpoint?[graph.Count, graph.Count];
                for (int i = 0; i < pairs.Length; i++)
                {
                    marks[pairs[i].a, pairs[i].b] = (code >> 2 * i & 1) != 0 ? Endpoint.Arrow : Endpoint.Tail;
                    marks[pairs[i].b, pairs[i].a] = (code >> 2 * i & 2) != 0 ? Endpoint.Arrow : Endpoint.Tail;
                }

                var other = new AncestralGraph(marks);
                if (SameColliders(graph, other) && other.IsAncestral() && other.Model() == model)
                {
                    members.Add(other);
                }
            }

            Assert.Equal(AncestralGraph.Common(members).ToString(), Run(graph, PossibleDSepRule.OnPath).ToString());
        }
    }

    static IEnumerable<AncestralGraph> AllAncestralGraphs(int count)
    {
        var pairs = (from a in Enumerable.Range(0, count) from b in Enumerable.Range(0, a) select (a, b)).ToArray();
        int graphs = (int)Math.Pow(5, pairs.Length);
        for (int code = 0; code < graphs; code++)
        {
            var marks = new Endpoint?[count, count];
            int rest = code;
            foreach (var (a, b) in pairs)
            {
                int kind = rest % 5;
                rest /= 5;
                if (kind > 0)
                {
                    marks[a, b] = kind is 1 or 3 ? Endpoint.Arrow : Endpoint.Tail;
                    marks[b, a] = kind is 2 or 3 ? Endpoint.Arrow : Endpoint.Tail;
                }
            }

            var graph = new AncestralGraph(marks);
            if (graph.IsAncestral() && graph.IsMaximal())
            {
                yield return graph;
            }
        }
    }

    static bool SameColliders(AncestralGraph one, AncestralGraph other)
    {
        for (int y = 0; y < one.Count; y++)
        {
            for (int x = 0; x < one.Count; x++)
            {
                for (int z = 0; z < x; z++)
                {
                    if (x != y && z != y && one.AreAdjacent(x, y) && one.AreAdjacent(z, y) && !one.AreAdjacent(x, z)
                        && Collides(one, x, y, z) != Collides(other, x, y, z))
                    {
                        return false;
                    }
                }
            }
        }

        return true;

        static bool Collides(AncestralGraph graph, int x, int y, int z) =>
            graph.Mark(x, y) == Endpoint.Arrow && graph.Mark(z, y) == Endpoint.Arrow;
    }

    internal static Pag Run(AncestralGraph graph, PossibleDSepRule rule, SearchAlgorithm algorithm = SearchAlgorithm.Fci) => FciSearch.Run(
        graph, graph.Variables(), Exact with { Algorithm = algorithm, Fci = Exact.Fci with { PossibleDSep = rule } },
        cancellation: TestContext.Current.CancellationToken).Graph;
}
