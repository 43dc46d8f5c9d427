using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>RCoT, the kernel test on random features: finds most forms of dependence, for hundreds of thousands of rows.</summary>
/// <remarks>
/// Strobl, Zhang and Visweswaran (2019); see <see cref="RandomisedConditionalCorrelation"/>. A discrete column enters by its
/// standardised indicators.
/// </remarks>
public sealed class RcotTest : IIndependenceTest, IDisposable
{
    // The ridge of 1e-10 leaves a function of S less than this; noise of 0.1 % of a deviation leaves 1e-6.
    const double Determined = 1e-8;

    readonly RandomisedConditionalCorrelation _features;
    RandomFeatureResult[] _results = [];

    /// <summary>The test of <paramref name="blocks"/>.</summary>
    public RcotTest(BlockEncoding blocks, ComputeDevice device, RandomFeatureOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        _features = new(blocks.Columns, blocks.Rows, blocks.Starts, options ?? new(), device);
    }

    /// <inheritdoc/>
    public string Name => "rcot";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (_results.Length < queries.Count)
        {
            _results = new RandomFeatureResult[queries.Count];
        }

        _features.Compute(queries, _results);
        for (int query = 0; query < queries.Count; query++)
        {
            var result = _results[query];
            bool constant = result.ShareX == 0 || result.ShareY == 0;
            bool determined = !constant && Math.Min(result.ShareX, result.ShareY) < Determined;
            Undecided += determined ? 1 : 0;
            pValues[query] = constant ? 1 : determined ? 0 : result.PValue;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _features.Dispose();
}
