using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Partial correlation of numeric columns, by Fisher's transform: √(n − |S| − 3) · atanh r is standard normal.</summary>
public sealed class FisherZTest : IIndependenceTest, IDisposable
{
    // Where pcalg cuts: atanh stays finite, and p stays far below any level in use.
    const double LargestCorrelation = 0.9999999;

    readonly FisherZ _fisherZ;
    readonly DeviceArray<double> _correlation;
    readonly int _rows, _variables;

    /// <summary>The test of <paramref name="blocks"/>, whose variables are all numbers.</summary>
    public FisherZTest(BlockEncoding blocks, ComputeDevice device)
        : this(Correlate(blocks, device), (blocks ?? throw new ArgumentNullException(nameof(blocks))).Rows, device) { }

    /// <summary>The test of a correlation matrix of <paramref name="rows"/> observations, row by row.</summary>
    public FisherZTest(ReadOnlySpan<double> correlation, int rows, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _fisherZ = FisherZ.On(device);
        _rows = rows;
        _variables = (int)Math.Round(Math.Sqrt(correlation.Length));
        _correlation = device.Allocate(correlation);
    }

    /// <inheritdoc/>
    public string Name => "fisherz";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        PartialCorrelations(queries, pValues);
        int freedom = _rows - queries.Depth - 3;
        for (int query = 0; query < queries.Count; query++)
        {
            // Without degrees of freedom the data say nothing, and nothing is what separates.
            double r = Math.Min(Math.Abs(pValues[query]), LargestCorrelation);
            Undecided += double.IsNaN(r) ? 1 : 0;
            pValues[query] = double.IsNaN(r) ? 0
                : freedom <= 0 ? 1
                : TailProbability.NormalTwoSided(Math.Sqrt(freedom) * Math.Atanh(r));
        }
    }

    /// <summary>Writes the partial correlation of each question; NaN where S determines x or y.</summary>
    public void PartialCorrelations(QueryBatch queries, Span<double> partial) =>
        _fisherZ.PartialCorrelations(_correlation, _variables, queries, partial);

    /// <inheritdoc/>
    public void Dispose() => _correlation.Dispose();

    // A constant column has an empty block; it gets a row of zeros, and so correlates with nothing.
    static double[] Correlate(BlockEncoding blocks, ComputeDevice device)
    {
        var own = Correlation.Of(blocks, device);
        int variables = blocks.Starts.Count - 1, columns = blocks.Starts[^1];
        if (columns == variables)
        {
            return own;
        }

        var all = new double[variables * variables];
        for (int i = 0; i < variables; i++)
        {
            for (int j = 0; j < variables; j++)
            {
                bool present = blocks.Starts[i] < blocks.Starts[i + 1] && blocks.Starts[j] < blocks.Starts[j + 1];
                all[i * variables + j] = present ? own[blocks.Starts[i] * columns + blocks.Starts[j]] : i == j ? 1 : 0;
            }
        }

        return all;
    }
}
