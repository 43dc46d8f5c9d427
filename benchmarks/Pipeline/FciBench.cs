using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>FCI by Fisher's z, with its possible-d-sep step and, as RFCI, without.</summary>
public class FciBench : DiscoveryBench
{
    [Params("1000x30", "1000x50")]
    public string Size { get; set; } = "1000x30";

    [Params(SearchAlgorithm.Fci, SearchAlgorithm.Rfci)]
    public SearchAlgorithm Algorithm { get; set; }

    protected override string Shape => Size;

    protected override DiscoveryOptions Options => base.Options with { Algorithm = Algorithm };

    protected override Table Simulate() => SimulatedTable.Numbers(Rows, Columns);
}
