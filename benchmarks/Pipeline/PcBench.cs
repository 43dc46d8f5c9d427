using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>PC by Fisher's z, at the peers' sizes and at those of cuPC's hardest and easiest sets (DREAM5-Insilico, NCI-60).</summary>
public class PcFisherZBench : DiscoveryBench
{
    [Params("1000x50", "1000x100", "1000x200", "1000x500", "100000x50", "850x1643", "47x1190")]
    public string Size { get; set; } = "1000x50";

    protected override string Shape => Size;

    protected override Table Simulate() => SimulatedTable.Numbers(Rows, Columns);
}

/// <summary>PC by G² on categories of three levels; 5000 × 37 is the size of the peers' alarm table.</summary>
public class PcGSquaredBench : DiscoveryBench
{
    [Params("5000x37", "5000x100")]
    public string Size { get; set; } = "5000x37";

    protected override string Shape => Size;

    protected override DiscoveryOptions Options => base.Options with { Test = TestChoice.GSquared };

    protected override Table Simulate() => SimulatedTable.Categories(Rows, Columns);
}

/// <summary>PC by the mixed likelihood ratio, on numbers and categories of three levels by turns.</summary>
public class PcMixedBench : DiscoveryBench
{
    [Params("20000x40")]
    public string Size { get; set; } = "20000x40";

    protected override string Shape => Size;

    protected override DiscoveryOptions Options => base.Options with { Test = TestChoice.Mixed };

    protected override Table Simulate() => SimulatedTable.Mixed(Rows, Columns);
}
