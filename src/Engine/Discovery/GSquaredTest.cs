using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>G² or Pearson's χ² of discrete columns, summed over the strata of S.</summary>
public sealed class GSquaredTest : IIndependenceTest, IDisposable
{
    readonly GSquared _gSquared;
    readonly DiscreteColumns _columns;
    readonly ContingencyStatistic _statistic;
    ContingencyResult[] _results = [];

    /// <summary>The test of <paramref name="blocks"/>, whose variables are all discrete.</summary>
    public GSquaredTest(
        BlockEncoding blocks, ComputeDevice device, ContingencyStatistic statistic = ContingencyStatistic.LikelihoodRatio)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        _gSquared = GSquared.On(device);
        _columns = new(device, blocks.Codes, blocks.Rows, blocks.Levels);
        _statistic = statistic;
    }

    /// <inheritdoc/>
    public string Name => _statistic == ContingencyStatistic.Pearson ? "chisq" : "gsq";

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var results = Statistics(queries);
        for (int query = 0; query < queries.Count; query++)
        {
            pValues[query] = TailProbability.ChiSquare(results[query].Statistic, results[query].DegreesOfFreedom);
        }
    }

    /// <summary>The statistic and degrees of freedom of each question, valid until the next call.</summary>
    public ReadOnlySpan<ContingencyResult> Statistics(QueryBatch queries)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (_results.Length < queries.Count)
        {
            _results = new ContingencyResult[queries.Count];
        }

        _gSquared.Compute(_columns, queries, _statistic, _results);
        return _results.AsSpan(0, queries.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _columns.Dispose();
}
