using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciRunFacts
{
    [Theory, InlineData("g10"), InlineData("f12")]
    public void The_order_of_columns_the_threads_and_the_way_of_asking_do_not_change_what_is_found(string name)
    {
        var golden = new GoldenDiscovery(name);
        var options = FciSearchFacts.Exact with { Fci = FciSearchFacts.Exact.Fci with { MaxPossibleDSepDepth = 3 } };
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
                test, golden.Variables, FciSearchFacts.Exact, cancellation: TestContext.Current.CancellationToken).Graph.ToString();
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
        Assert.Equal(result.Graph.Edges.Select(FciSearchFacts.Pair).Order(), result.Extension.Edges.Select(FciSearchFacts.Pair).Order());
    }

    [Fact]
    public void Progress_rises_to_one_and_a_search_can_be_stopped()
    {
        var dag = Dag.Parse("A --> B --> C --> D, A --> D");
        var shares = new Shares();
        FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, FciSearchFacts.Exact, progress: shares, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(1, shares.Seen[^1]);
        Assert.Equal(shares.Seen.Order(), shares.Seen);
        Assert.Throws<OperationCanceledException>(() => FciSearch.Run(
            new DSeparationOracle(dag), dag.Variables, FciSearchFacts.Exact, cancellation: new CancellationToken(canceled: true)));
    }

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
}
