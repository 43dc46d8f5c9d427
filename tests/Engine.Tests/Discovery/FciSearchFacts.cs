using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciSearchFacts(ITestOutputHelper output)
{
    static readonly DiscoveryOptions Exact = new()
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
            var (dag, hidden, selection, graph) = Draw(random, 2, 12, 0.5);

            var pag = Run(graph, round % 2 == 0 ? PossibleDSepRule.OnPath : PossibleDSepRule.All);

            Assert.Equal(new AncestralGraphOrientation(graph).ToPag().ToString(), pag.ToString());
            AssertSound(pag, dag, selection);
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
            var (_, _, selection, graph) = Draw(random, 2, 9, 0.5);
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
            var (dag, _, selection, graph) = Draw(random, 2, 10, 0.5);

            var pag = Run(graph, PossibleDSepRule.OnPath, SearchAlgorithm.Rfci);

            AssertSound(pag, dag, selection);
            Assert.Subset(pag.Edges.Select(Pair).ToHashSet(), graph.ToBuilder().ToPag().Edges.Select(Pair).ToHashSet());
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void A_bound_on_sets_marks_nothing_wrong(int maxDepth)
    {
        var random = new Random(75);
        for (int round = 0; round < 300; round++)
        {
            var (dag, _, selection, graph) = Draw(random, 2, 10, 0.5);

            var pag = FciSearch.Run(
                graph, graph.Variables(), Exact with { MaxDepth = maxDepth },
                cancellation: TestContext.Current.CancellationToken).Graph;

            AssertSound(pag, dag, selection);
        }
    }

    [Fact]
    public void True_tiers_add_marks_and_none_that_is_wrong()
    {
        var random = new Random(76);
        int more = 0;
        for (int round = 0; round < 200; round++)
        {
            var (dag, _, selection, graph) = Draw(random, 3, 8, 0.5);
            if (selection.Length > 0)
            {
                continue;
            }

            int[] order = [.. dag.CausalOrder().Where(node => node < graph.Count)];
            int cut = random.Next(1, graph.Count);
            var knowledge = new BackgroundKnowledge { Tiers = [Names(order[..cut]), Names(order[cut..])] };

            var pag = FciSearch.Run(
                graph, graph.Variables(), Exact, knowledge, cancellation: TestContext.Current.CancellationToken).Graph;

            AssertSound(pag, dag, selection);
            var without = Run(graph, PossibleDSepRule.OnPath);
            Assert.Equal(without.Edges.Select(Pair).Order(), pag.Edges.Select(Pair).Order());
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

        var pag = FciSearch.Run(graph, graph.Variables(), Exact, knowledge, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal("X0 <-> X1, X2 --> X0", pag.Graph.ToString());
        Assert.Empty(pag.Notes);
    }

    [Fact]
    public void A_collider_against_what_is_required_is_named()
    {
        var dag = Dag.Parse("X0 --> X1, X2 --> X1");
        var knowledge = new BackgroundKnowledge { Require = [("X1", "X0")] };

        var result = FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, Exact, knowledge, cancellation: TestContext.Current.CancellationToken);

        Assert.True(result.Graph.IsDirected(0, 1) is false && result.Graph.AreAdjacent(0, 1));
        Assert.Contains("an effect of both X0 and X2", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    [Theory, InlineData("g10"), InlineData("f12")]
    public void The_order_of_columns_the_threads_and_the_way_of_asking_do_not_change_what_is_found(string name)
    {
        var golden = new GoldenDiscovery(name);
        var options = Exact with { Fci = Exact.Fci with { MaxPossibleDSepDepth = 3 } };
        string one = Find(golden.Table, 1, inBatches: false), two = Find(golden.Table, 2, inBatches: false);

        Assert.Equal(one, two);
        Assert.Equal(one, Find(golden.Table, 2, inBatches: true));
        Assert.Equal(Skeleton(golden.Table), Skeleton(new([.. golden.Table.Columns.Reverse()])));

        string Find(Table table, int threads, bool inBatches)
        {
            var result = Search(table, threads, inBatches);
            return string.Join('\n', result.SeparatingSets.All
                .Select(set => $"{set.X} {set.Y}: {string.Join(' ', set.Given)}, p = {set.PValue:g9}").Append(result.Graph.ToString()));
        }

        string Skeleton(Table table)
        {
            var graph = Search(table, 2, inBatches: false).Graph;
            return string.Join(", ", graph.Edges
                .Select(edge => string.Join(' ', new[] { edge.From, edge.To }.Select(v => graph.Variables[v].Name).Order(StringComparer.Ordinal)))
                .Order(StringComparer.Ordinal));
        }

        FciResult Search(Table table, int threads, bool inBatches)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var test = new FisherZTest(BlockEncoding.Of(table, new()), device);
            Variable[] variables = [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
            return FciSearch.Run(
                inBatches ? new Asked(test) : test, variables, options, cancellation: TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_kernel_finds_what_its_twin_finds()
    {
        var golden = new GoldenDiscovery("g05");
        Assert.Equal(Find(DeviceKind.Cpu), Find(DeviceKind.Emulated));

        string Find(DeviceKind kind)
        {
            using var device = ComputeDevice.Open(kind);
            using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);
            return FciSearch.Run(
                test, golden.Variables, Exact, cancellation: TestContext.Current.CancellationToken).Graph.ToString();
        }
    }

    [Fact]
    public void Discovery_by_fci_gives_a_pag_and_a_dag_to_draw_from()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var result = CausalDiscovery.Discover(
            new GoldenDiscovery("f06").Table, new() { Algorithm = SearchAlgorithm.Fci, MaxDepth = null }, device,
            cancellation: TestContext.Current.CancellationToken);

        Assert.IsType<Pag>(result.Graph);
        Assert.Equal(result.Graph.Edges.Select(Pair).Order(), result.Extension.Edges.Select(Pair).Order());
    }

    [Fact]
    public void Progress_rises_to_one_and_a_search_can_be_stopped()
    {
        var dag = Dag.Parse("A --> B --> C --> D, A --> D");
        var shares = new Shares();
        FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, Exact, progress: shares, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(1, shares.Seen[^1]);
        Assert.Equal(shares.Seen.Order(), shares.Seen);
        Assert.Throws<OperationCanceledException>(() => FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, Exact, cancellation: new CancellationToken(canceled: true)));
    }

    // A tail is at a cause of the other or of selection, an arrowhead is not.
    static void AssertSound(Pag pag, Dag dag, int[] selection)
    {
        foreach (var edge in pag.Edges)
        {
            Check(edge.From, edge.To, edge.AtFrom);
            Check(edge.To, edge.From, edge.AtTo);
        }

        void Check(int at, int other, Endpoint mark)
        {
            if (mark != Endpoint.Circle)
            {
                bool causes = Causes(at).Any(node => node == other || selection.Contains(node));
                Assert.True(causes == (mark == Endpoint.Tail), $"{pag} of {dag} at {at} from {other}");
            }
        }

        HashSet<int> Causes(int node)
        {
            var effects = new HashSet<int>();
            var open = new Stack<int>([node]);
            while (open.TryPop(out int cause))
            {
                foreach (int effect in dag.Adjacent(cause).Where(effect => dag.IsDirected(cause, effect) && effects.Add(effect)))
                {
                    open.Push(effect);
                }
            }

            return effects;
        }
    }

    static (int, int) Pair(Edge edge) => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To));

    /// <summary>A test that is asked set by set, though it could find the sets itself.</summary>
    sealed class Asked(FisherZTest test) : IIndependenceTest
    {
        public string Name => test.Name;

        public void PValues(QueryBatch queries, Span<double> pValues) => test.PValues(queries, pValues);
    }

    sealed class Shares : IProgress<double>
    {
        public List<double> Seen { get; } = [];

        public void Report(double value) => Seen.Add(value);
    }

    [Fact]
    public void Of_random_dags_with_hidden_and_selection_variables_the_marks_of_the_class_are_found()
    {
        var random = new Random(71);
        int found = 0;
        while (found < 60)
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
        graph, graph.Variables(), Exact with { Algorithm = algorithm, Fci = Exact.Fci with { PossibleDSep = rule } },
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
