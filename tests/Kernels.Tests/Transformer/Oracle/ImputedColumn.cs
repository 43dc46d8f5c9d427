namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// A column as TabPFN v2 reads it: what is not finite becomes the mean of the finite context cells (0 if there are none)
/// and has an indicator; then the column is standardised by all its context rows.
/// </summary>
sealed class ImputedColumn
{
    // A float's spacing at 1, which TabPFN adds to deviations.
    const double Epsilon = 1.1920928955078125e-07;

    readonly double[] _x;
    readonly int[] _finiteContext;
    readonly StandardizedColumn _standardized;

    public ImputedColumn(double[] x, int contextRows)
    {
        _x = x;
        _finiteContext = [.. Enumerable.Range(0, contextRows).Where(row => double.IsFinite(x[row]))];
        double mean = _finiteContext.Length == 0 ? 0 : _finiteContext.Average(row => x[row]);
        double[] imputed = Array.ConvertAll(x, value => double.IsFinite(value) ? value : mean);
        _standardized = new(imputed, [.. Enumerable.Range(0, contextRows)], ifConstant: 1, Epsilon);
    }

    public double[] Values => _standardized.Values;

    public double[] Indicators => Array.ConvertAll(
        _x, x => double.IsNaN(x) ? -2.0 : double.IsPositiveInfinity(x) ? 2 : double.IsNegativeInfinity(x) ? 4 : 0);

    public double[] Backward(double[] dz)
    {
        double[] d = _standardized.Backward(dz);
        double dMean = 0;
        for (int row = 0; row < d.Length; row++)
        {
            if (!double.IsFinite(_x[row]))
            {
                dMean += d[row];
                d[row] = 0;
            }
        }

        foreach (int row in _finiteContext)
        {
            d[row] += dMean / _finiteContext.Length;
        }

        return d;
    }
}
