using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class LevelSearchFacts
{
    static readonly DiscoveryOptions Deep = new() { MaxDepth = null };

    [Theory, InlineData("g10", 0.01), InlineData("g20", 0.01), InlineData("g20", 0.3)]
    public void A_whole_level_at_once_gives_what_one_question_after_another_gives(string name, double alpha)
    {
        var golden = new GoldenDiscovery(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);
        string[] names = [.. golden.Variables.Select(variable => variable.Name)];
        BackgroundKnowledge?[] known =
        [
            null,
            new() { Tiers = [names[..4], names[4..7], names[7..]], Forbid = [(names[0], names[1]), (names[1], names[0])] },
            new() { Require = [(names[0], names[^1]), (names[2], names[5])], Sinks = [names[3]], Roots = [names[4]] },
        ];
        foreach (var knowledge in known)
        {
            foreach (int? most in new int?[] { null, 0, 1, 2 })
            {
                var options = Deep with { Alpha = alpha, MaxDepth = most };
                var level = PcSearch.Run(test, golden.Variables, options, knowledge, cancellation: TestContext.Current.CancellationToken);
                var single = PcSearch.Run(
                    new OneByOne(test), golden.Variables, options, knowledge, cancellation: TestContext.Current.CancellationToken);

                Assert.Equal(single.Graph.ToString(), level.Graph.ToString());
                Assert.Equal(Lines(single.SeparatingSets), Lines(level.SeparatingSets));
                Assert.InRange(level.Queries, 1, single.Queries); // batches ask a few in vain
            }
        }
    }

    [Fact]
    public void Deciding_by_the_largest_correlation_is_deciding_by_the_p_value()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var random = new Random(61);
        foreach (int rows in new[] { 4, 5, 12, 200, 100_000 })
        {
            using var test = new FisherZTest([1], rows, device);
            foreach (double alpha in new[] { 0.0, 1e-12, 0.01, 0.05, 0.5, 1.0, 1.5 })
            {
                for (int depth = 0; depth < 4; depth++)
                {
                    double largest = ((ISeparatorSearch)test).LargestIndependent(alpha, depth);
                    double[] close = [largest, Math.BitIncrement(largest), largest * (1 - 1e-12), largest * (1 + 1e-12), random.NextDouble(), 0, 1];
                    foreach (double r in close.Where(r => r is >= 0 and <= 1))
                    {
                        Assert.Equal(test.PValue(r, depth) >= alpha, r <= largest);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_search_is_the_same_for_one_thread_and_two_and_for_the_emulated_gpu()
    {
        var golden = new GoldenDiscovery("g20");
        var blocks = BlockEncoding.Of(golden.Table, new());

        var (one, two) = (Run(new() { Threads = 1 }), Run(new() { Threads = 2 }));
        Assert.Equal(one.Graph.ToString(), two.Graph.ToString());
        Assert.Equal(Lines(one.SeparatingSets), Lines(two.SeparatingSets));
        Assert.Equal(one.Queries, two.Queries);

        var small = new Table([.. golden.Table.Columns.Take(8)]);
        using var cpu = ComputeDevice.Open(DeviceKind.Cpu);
        using var emulated = ComputeDevice.Open(DeviceKind.Emulated);
        var (onCpu, onGpu) = (Small(cpu), Small(emulated));
        Assert.Equal(onCpu.Graph.ToString(), onGpu.Graph.ToString());
        Assert.Equal(onCpu.Queries, onGpu.Queries);
        Assert.Equal(
            onCpu.SeparatingSets.All.Select(set => (set.X, set.Y, string.Join(' ', set.Given))),
            onGpu.SeparatingSets.All.Select(set => (set.X, set.Y, string.Join(' ', set.Given))));

        PcResult Run(DeviceOptions options)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, options);
            using var test = new FisherZTest(blocks, device);
            return PcSearch.Run(test, golden.Variables, Deep, cancellation: TestContext.Current.CancellationToken);
        }

        PcResult Small(ComputeDevice device)
        {
            using var test = new FisherZTest(BlockEncoding.Of(small, new()), device);
            return PcSearch.Run(test, golden.Variables[..8], Deep, cancellation: TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Progress_rises_to_one_and_a_search_can_be_stopped()
    {
        var golden = new GoldenDiscovery("g20");
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = new FisherZTest(BlockEncoding.Of(golden.Table, new()), device);
        var shares = new Shares();

        PcSearch.Run(test, golden.Variables, Deep, progress: shares, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(1, shares.Seen[^1]);
        Assert.Equal(shares.Seen.Order(), shares.Seen);
        Assert.Throws<OperationCanceledException>(() => PcSearch.Run(
            test, golden.Variables, Deep, cancellation: new CancellationToken(canceled: true)));
    }

    static IEnumerable<string> Lines(SeparatingSets sets) =>
        sets.All.Select(set => $"{set.X} {set.Y} | {string.Join(' ', set.Given)}: {set.PValue:r}");

    /// <summary>The test without its own way to search.</summary>
    sealed class OneByOne(FisherZTest test) : IIndependenceTest
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
