using BenchmarkDotNet.Attributes;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>How sure each edge is: a search and a hundred more on resamples of the rows, side by side on all cores, and eight DAGs drawn by them.</summary>
public class BootstrapBench : DiscoveryBench
{
    [Params("1000x50")]
    public string Size { get; set; } = "1000x50";

    [Params(SearchAlgorithm.Pc, SearchAlgorithm.Fci)]
    public SearchAlgorithm Algorithm { get; set; }

    [Params(0, 8)]
    public int Ensemble { get; set; }

    protected override string Shape => Size;

    protected override DiscoveryOptions Options => base.Options with
    {
        Algorithm = Algorithm,
        Bootstraps = 100,
        EnsembleSize = Ensemble,
        Fci = new() { MaxPossibleDSepDepth = 3 },
    };

    protected override Table Simulate() => SimulatedTable.Numbers(Rows, Columns);
}
