using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Likelihood ratio of block regression, for numbers and categories together; symmetric and calibrated.</summary>
/// <remarks>
/// With one column per number and K − 1 indicators per category of K levels, <c>−b · ln Λ</c> follows χ² with |X||Y|
/// degrees of freedom, where Λ = det S(x|yz) / det S(x|z) is Wilks' and <c>b = n − 1 − |Z| − (|X| + |Y| + 1)/2</c> is
/// Bartlett's factor; |·| counts columns that what is given does not determine. Bartlett (1938); Anderson (2003), §8.5.
/// For two numbers it is the F-test of a partial correlation to order 1/n², for two categories a relative of Pearson's χ².
/// </remarks>
public sealed class MixedLikelihoodRatioTest : IIndependenceTest, IDisposable
{
    readonly WilksLambda _wilks;
    readonly DeviceArray<double> _correlation;
    readonly DeviceArray<int> _starts;
    readonly int[] _widths;
    readonly int _rows;
    WilksResult[] _results = [];
    QueryBatch _canonical = new(0);

    /// <summary>The test of <paramref name="blocks"/>.</summary>
    public MixedLikelihoodRatioTest(BlockEncoding blocks, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        _wilks = WilksLambda.On(device);
        _rows = blocks.Rows;
        int[] starts = [.. blocks.Starts];
        _widths = [.. starts.Zip(starts.Skip(1), (start, end) => end - start)];
        _correlation = device.Allocate<double>(Correlation.Of(blocks, device));
        _starts = device.Allocate<int>(starts);
    }

    /// <inheritdoc/>
    public string Name => "mixed";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        if (_results.Length < queries.Count)
        {
            _results = new WilksResult[queries.Count];
        }

        _wilks.Compute(_correlation, _starts, Canonical(queries), _results);
        for (int query = 0; query < queries.Count; query++)
        {
            var (lambda, x, y, _) = _results[query];
            var variables = queries[query];
            double factor = _results[query].BartlettFactor(_rows);
            bool constant = _widths[variables[0]] == 0 || _widths[variables[1]] == 0;
            bool determined = !constant && (x == 0 || y == 0);
            Undecided += determined ? 1 : 0;
            pValues[query] = constant ? 1
                : determined ? 0
                : factor <= 0 ? 1
                : TailProbability.ChiSquare(-factor * Math.Log(lambda), x * y);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _correlation.Dispose();
        _starts.Dispose();
    }

    // Λ is symmetric, its rounding is not: each question is asked one way round, so that p is the same to the last bit.
    QueryBatch Canonical(QueryBatch queries)
    {
        _canonical = _canonical.Depth == queries.Depth ? _canonical : new(queries.Depth);
        _canonical.Clear();
        Span<int> given = stackalloc int[queries.Depth];
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            variables[2..].CopyTo(given);
            given.Sort();
            _canonical.Add(Math.Min(variables[0], variables[1]), Math.Max(variables[0], variables[1]), given);
        }

        return _canonical;
    }
}
