using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class PcSearchFacts
{
    static readonly DiscoveryOptions Exact = new() { MaxDepth = null };

    [Fact]
    public void With_a_perfect_test_every_rule_returns_the_true_cpdag_of_a_thousand_dags()
    {
        var random = new Random(51);
        for (int round = 0; round < 1000; round++)
        {
            var dag = RandomDags.Draw(random, 12);
            string truth = dag.ToCpdag().ToString();
            var oracle = new DSeparationOracle(dag);
            foreach (var sets in Enum.GetValues<SeparatingSetRule>())
            {
                var options = Exact with { SeparatingSets = sets };
                var (skeleton, separatingSets, _) = SkeletonSearch.Run(
                    oracle, dag.Variables, options, new(dag.Count), null, TestContext.Current.CancellationToken);
                var undirected = skeleton.ToCpdag();
                foreach (var rules in PcRules.All.Where(rules => rules.SeparatingSets == sets))
                {
                    var result = PcSearch.Orient(
                        new(undirected), separatingSets, oracle, rules, new(dag.Count), TestContext.Current.CancellationToken);

                    Assert.Equal(truth, result.Graph.ToString());
                    Assert.Empty(result.AmbiguousTriples);
                }
            }
        }
    }

    [Fact]
    public void What_is_remembered_to_separate_a_pair_separates_it()
    {
        var random = new Random(53);
        for (int round = 0; round < 300; round++)
        {
            var dag = RandomDags.Draw(random, 10);

            var result = PcSearch.Run(
                new DSeparationOracle(dag), dag.Variables, Exact, cancellation: TestContext.Current.CancellationToken);

            Assert.All(result.SeparatingSets.All, set => Assert.True(DSeparation.Separates(dag, set.X, set.Y, [.. set.Given])));
        }
    }

    [Fact]
    public void The_oracle_says_what_the_definition_says()
    {
        var random = new Random(54);
        for (int round = 0; round < 300; round++)
        {
            var dag = RandomDags.Draw(random, 12);
            int[] order = [.. Enumerable.Range(0, dag.Count)];
            random.Shuffle(order);
            int[] given = [.. order[2..(2 + random.Next(dag.Count - 1))].Order()];
            var query = new QueryBatch(given.Length);
            query.Add(order[0], order[1], given);
            var p = new double[1];
            new DSeparationOracle(dag).PValues(query, p);

            Assert.Equal(DSeparation.Separates(dag, order[0], order[1], given) ? 1 : 0, p[0]);
        }
    }

    [Fact]
    public void With_a_perfect_test_and_true_knowledge_the_result_lies_between_the_cpdag_and_the_dag()
    {
        var random = new Random(52);
        for (int round = 0; round < 200; round++)
        {
            var dag = RandomDags.Draw(random, 8);
            int[] order = dag.CausalOrder();
            int cut = random.Next(1, dag.Count);
            var knowledge = new BackgroundKnowledge { Tiers = [Names(order[..cut]), Names(order[cut..])] };

            var graph = PcSearch.Run(
                new DSeparationOracle(dag), dag.Variables, Exact, knowledge, cancellation: TestContext.Current.CancellationToken).Graph;

            var cpdag = dag.ToCpdag();
            foreach (var edge in dag.Edges)
            {
                bool crosses = Array.IndexOf(order, edge.From) < cut && Array.IndexOf(order, edge.To) >= cut;
                Assert.False(graph.IsDirected(edge.To, edge.From));
                Assert.True(graph.AreAdjacent(edge.From, edge.To));
                Assert.True(graph.IsDirected(edge.From, edge.To) || !(crosses || cpdag.IsDirected(edge.From, edge.To)));
            }

            Assert.Equal(dag.Edges.Count(), graph.Edges.Count());

            string[] Names(int[] nodes) => [.. nodes.Select(node => dag.Variables[node].Name)];
        }
    }

    [Fact]
    public void Search_is_the_same_for_one_thread_and_two()
    {
        var golden = new GoldenDiscovery("g20");
        var blocks = BlockEncoding.Of(golden.Table, new());

        var (one, two) = (Run(1), Run(2));
        Assert.Equal(one.Graph.ToString(), two.Graph.ToString());
        Assert.Equal(
            one.SeparatingSets.All.Select(set => (set.X, set.Y, string.Join(' ', set.Given), set.PValue)),
            two.SeparatingSets.All.Select(set => (set.X, set.Y, string.Join(' ', set.Given), set.PValue)));

        PcResult Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var test = new MixedLikelihoodRatioTest(blocks, device);
            return PcSearch.Run(test, golden.Variables, Exact, cancellation: TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void The_order_of_columns_does_not_change_the_skeleton()
    {
        var golden = new GoldenDiscovery("g10");
        var reversed = new Table([.. golden.Table.Columns.Reverse()]);

        Assert.Equal(Skeleton(golden.Table), Skeleton(reversed));

        static string Skeleton(Table table)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu);
            var graph = CausalDiscovery.Discover(
                table, new(), device, cancellation: TestContext.Current.CancellationToken).Graph;
            return string.Join(", ", graph.Edges
                .Select(edge => string.Join(' ', new[] { edge.From, edge.To }.Select(v => graph.Variables[v].Name).Order(StringComparer.Ordinal)))
                .Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Progress_rises_to_one_and_a_search_can_be_stopped()
    {
        var dag = Dag.Parse("A --> B --> C --> D, A --> D");
        var shares = new Shares();
        PcSearch.Run(
            new DSeparationOracle(dag), dag.Variables, Exact, progress: shares, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(1, shares.Seen[^1]);
        Assert.Equal(shares.Seen.Order(), shares.Seen);
        Assert.Throws<OperationCanceledException>(() => PcSearch.Run(
            new DSeparationOracle(dag), dag.Variables, Exact, cancellation: new CancellationToken(canceled: true)));
    }

    sealed class Shares : IProgress<double>
    {
        public List<double> Seen { get; } = [];

        public void Report(double value) => Seen.Add(value);
    }
}
