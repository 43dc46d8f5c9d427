using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>KCI, the kernel test of conditional independence: finds dependence of any form, for up to 5,000 rows.</summary>
/// <remarks>
/// Zhang, Peters, Janzing and Schölkopf (2011), with causal-learn's kernels and widths
/// (<see cref="KernelConditionalIndependence"/>). A discrete column enters by its standardised indicators.
/// </remarks>
public sealed class KciTest : IIndependenceTest, IDisposable
{
    // A smooth function of S leaves about 1e-6 of its kernel; the faintest noise that a test can use leaves 1e-3.
    const double Determined = 1e-5;

    readonly KernelConditionalIndependence _kernels;
    KernelResult[] _results = [];

    /// <summary>The test of <paramref name="blocks"/>.</summary>
    /// <exception cref="InputException">There are more rows than the test can take.</exception>
    public KciTest(BlockEncoding blocks, ComputeDevice device, KernelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        if (blocks.Rows > KernelConditionalIndependence.MostRows)
        {
            throw new InputException(
                $"The test kci compares all pairs of rows and takes {KernelConditionalIndependence.MostRows} at the most, " +
                $"not {blocks.Rows}: use rcot, which approximates it for tables of any length.");
        }

        _kernels = new(blocks.Columns, blocks.Rows, blocks.Starts, options ?? new(), device);
    }

    /// <inheritdoc/>
    public string Name => "kci";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var results = Statistics(queries);
        for (int query = 0; query < queries.Count; query++)
        {
            var result = results[query];
            bool constant = result.ShareX == 0 || result.ShareY == 0;
            bool determined = !constant && Math.Min(result.ShareX, result.ShareY) < Determined;
            Undecided += determined ? 1 : 0;
            pValues[query] = constant ? 1 : determined ? 0 : result.PValue;
        }
    }

    /// <summary>The statistic and null moments of each question, valid until the next call.</summary>
    public ReadOnlySpan<KernelResult> Statistics(QueryBatch queries)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (_results.Length < queries.Count)
        {
            _results = new KernelResult[queries.Count];
        }

        _kernels.Compute(queries, _results);
        return _results.AsSpan(0, queries.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _kernels.Dispose();
}
