using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciSearchFacts(ITestOutputHelper output)
{
    static readonly DiscoveryOptions Exact = new() { MaxDepth = null, Algorithm = SearchAlgorithm.Fci };

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
        Assert.Equal((5, 5), (classes.Length, classes.Sum(members => members.Count())));
    }

    [Fact]
    public void Of_random_dags_with_hidden_and_selection_variables_the_marks_of_the_class_are_found()
    {
        var random = new Random(71);
        int found = 0;
        while (found < 150)
        {
            var graph = Draw(random, 5, 5, 0.6).Graph;
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

    static Pag Run(AncestralGraph graph, PossibleDSepRule rule, SearchAlgorithm algorithm = SearchAlgorithm.Fci) => FciSearch.Run(
        graph, graph.Variables(), Exact with { Algorithm = algorithm, Fci = new() { PossibleDSep = rule } },
        cancellation: TestContext.Current.CancellationToken).Graph;

    /// <summary>A random DAG, some of its variables hidden, some selected by, and the ancestral graph of the others.</summary>
    static (Dag Dag, int[] Hidden, int[] Selection, AncestralGraph Graph) Draw(Random random, int fewest, int most, double density)
    {
        int observed = random.Next(fewest, most + 1), hidden = random.Next(4), selection = random.Next(3);
        int count = observed + hidden + selection;
        double share = Math.Min(density, random.NextDouble() * 5 / count);
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        var edges = (
            from i in order
            from j in order
            where i < j && random.NextDouble() < share
            select (order[i], order[j])).ToArray();
        Variable[] variables = [.. Enumerable.Range(0, count).Select(i => new Variable(i, $"X{i}", ColumnKind.Numeric))];
        var dag = Dag.FromEdges(variables, edges);
        int[] hiddenOnes = [.. Enumerable.Range(observed, hidden)], selected = [.. Enumerable.Range(observed + hidden, selection)];
        return (dag, hiddenOnes, selected, AncestralGraph.Of(dag, [.. Enumerable.Range(0, observed)], hiddenOnes, selected));
    }
}
