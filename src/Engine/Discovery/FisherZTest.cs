using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Partial correlation of numeric columns, by Fisher's transform: √(n − |S| − 3) · atanh r is standard normal.</summary>
public sealed class FisherZTest : ISeparatorSearch, IDisposable
{
    // Where pcalg cuts: atanh stays finite, and p stays far below any level in use.
    const double LargestCorrelation = 0.9999999;

    readonly FisherZ _fisherZ;
    readonly FirstSeparator _firstSeparator;
    readonly DeviceArray<double> _correlation;
    readonly double[] _marginal;
    readonly int _rows, _variables;

    /// <summary>The test of <paramref name="blocks"/>, whose variables are all numbers.</summary>
    public FisherZTest(BlockEncoding blocks, ComputeDevice device)
        : this(Correlate(blocks, device), (blocks ?? throw new ArgumentNullException(nameof(blocks))).Rows, device) { }

    /// <summary>The test of a correlation matrix of <paramref name="rows"/> observations, row by row.</summary>
    public FisherZTest(ReadOnlySpan<double> correlation, int rows, ComputeDevice device)
        : this(correlation.ToArray(), rows, device) { }

    FisherZTest(double[] correlation, int rows, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _fisherZ = FisherZ.On(device);
        _firstSeparator = FirstSeparator.On(device);
        _rows = rows;
        _variables = (int)Math.Round(Math.Sqrt(correlation.Length));
        _marginal = correlation;
        _correlation = device.Allocate<double>(correlation);
    }

    /// <inheritdoc/>
    public string Name => "fisherz";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    ReadOnlySpan<double> ISeparatorSearch.Marginal => _marginal;

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        PartialCorrelations(queries, pValues);
        for (int query = 0; query < queries.Count; query++)
        {
            Undecided += double.IsNaN(pValues[query]) ? 1 : 0;
            pValues[query] = double.IsNaN(pValues[query]) ? 0 : PValue(pValues[query], queries.Depth);
        }
    }

    /// <summary>Writes the partial correlation of each question; NaN where S determines x or y.</summary>
    public void PartialCorrelations(QueryBatch queries, Span<double> partial) =>
        _fisherZ.PartialCorrelations(_correlation, _variables, queries, partial);

    /// <summary>The p-value of a partial correlation given <paramref name="depth"/> variables.</summary>
    /// <returns>1 without degrees of freedom: the data say nothing then, and nothing is what separates.</returns>
    public double PValue(double statistic, int depth)
    {
        int freedom = _rows - depth - 3;
        double r = Math.Min(Math.Abs(statistic), LargestCorrelation);
        return freedom <= 0 ? 1 : TailProbability.NormalTwoSided(Math.Sqrt(freedom) * Math.Atanh(r));
    }

    double ISeparatorSearch.LargestIndependent(double alpha, int depth)
    {
        if (PValue(1, depth) >= alpha)
        {
            return 2;
        }

        if (!(PValue(0, depth) >= alpha))
        {
            return -1;
        }

        // Halving the range of bit patterns, which are in the order of the numbers, ends at the last double that reaches
        // alpha: deciding by r is then the same as deciding by p.
        long reaches = 0, fails = BitConverter.DoubleToInt64Bits(1);
        while (fails - reaches > 1)
        {
            long middle = reaches + (fails - reaches) / 2;
            if (PValue(BitConverter.Int64BitsToDouble(middle), depth) >= alpha)
            {
                reaches = middle;
            }
            else
            {
                fails = middle;
            }
        }

        return BitConverter.Int64BitsToDouble(reaches);
    }

    void ISeparatorSearch.FindSeparators(
        SkeletonLevel level, double alpha, Action<double>? progress, CancellationToken cancellation)
    {
        double largest = ((ISeparatorSearch)this).LargestIndependent(alpha, level.Depth);
        _firstSeparator.Search(_correlation, level, largest, progress, cancellation);
        Undecided += level.Undecided;
    }

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
