using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>FCI by Fisher's z, with its possible-d-sep step and, as RFCI, without.</summary>
/// <remarks>Sets of possible-d-sep are bounded at three, the default: pcalg without a bound ran past five minutes at 30 columns.</remarks>
public class FciBench : DiscoveryBench
{
    [Params("1000x30", "1000x50")]
    public string Size { get; set; } = "1000x30";

    [Params(SearchAlgorithm.Fci, SearchAlgorithm.Rfci)]
    public SearchAlgorithm Algorithm { get; set; }

    protected override string Shape => Size;

    protected override DiscoveryOptions Options => base.Options with
    {
        Algorithm = Algorithm,
        Fci = new() { MaxPossibleDSepDepth = 3 },
    };

    protected override Table Simulate() => SimulatedTable.Numbers(Rows, Columns);
}
