namespace CausalMixFT.Engine.TabPfn;

/// <summary>Maps a column to [0, 1] by its training rows' quantiles: scikit-learn's QuantileTransformer, uniform.</summary>
/// <remarks>
/// There are n / 10 quantiles of the n training rows (n / 5 if fine), at least 2 and at most 20,000. Equal quantiles would make
/// the map ambiguous, so that it is the mean of the interpolation read upwards and the one read downwards.
/// </remarks>
sealed class QuantileTransform
{
    const int RowsPerQuantile = 10, RowsPerFineQuantile = 5, Fewest = 2, Most = 20_000;

    readonly double[] _quantiles, _references, _negatedQuantiles, _negatedReferences;

    internal QuantileTransform(ReadOnlySpan<double> train)
        : this(train, Count(train.Length, RowsPerQuantile))
    { }

    /// <summary>The map by this number of quantiles.</summary>
    internal QuantileTransform(ReadOnlySpan<double> train, int count)
    {
        _references = References(count);
        _quantiles = Quantiles(train, _references);
        _negatedQuantiles = Negated(_quantiles);
        _negatedReferences = Negated(_references);
    }

    /// <summary>The map by a quantile for every fifth row.</summary>
    internal static QuantileTransform Fine(ReadOnlySpan<double> train) => new(train, Count(train.Length, RowsPerFineQuantile));

    /// <summary>The quantiles, rising.</summary>
    internal ReadOnlySpan<double> LearntQuantiles => _quantiles;

    /// <summary>The column with every cell replaced; NaN stays.</summary>
    internal double[] Apply(double[] column) => Array.ConvertAll(column, Apply);

    double Apply(double value)
    {
        // The lower bound wins where all quantiles are equal.
        if (value == _quantiles[0])
        {
            return 0;
        }

        if (value == _quantiles[^1])
        {
            return 1;
        }

        return double.IsNaN(value) ? value : Centred(value);
    }

    /// <summary>The map of a present value without the rule for both ends: ties there lie in their middle too.</summary>
    internal double Centred(double value) => 0.5 * (
        Interpolated(value, _quantiles, _references) - Interpolated(-value, _negatedQuantiles, _negatedReferences));

    /// <summary>The value at a share in [0, 1]: the way back.</summary>
    internal double Value(double share) => Interpolated(share, _references, _quantiles);

    static int Count(int rows, int rowsPerQuantile) =>
        Math.Max(1, Math.Min(Math.Max(rows / rowsPerQuantile, Fewest), Math.Min(rows, Most)));

    // numpy.linspace(0, 1, count): the last value is 1 whatever the rounding.
    static double[] References(int count)
    {
        double step = 1.0 / (count - 1);
        double[] references = [.. Enumerable.Range(0, count).Select(i => i * step)];
        references[^1] = count > 1 ? 1 : 0;
        return references;
    }

    // numpy.nanpercentile, linear: between neighbours from whichever is nearer, so that both ends are exact.
    static double[] Quantiles(ReadOnlySpan<double> train, double[] references)
    {
        double[] sorted = [.. train];
        sorted = [.. sorted.Where(value => !double.IsNaN(value)).Order()];
        var quantiles = new double[references.Length];
        for (int i = 0; i < quantiles.Length; i++)
        {
            double place = (sorted.Length - 1) * (references[i] * 100 / 100);
            int below = Math.Min((int)Math.Floor(place), sorted.Length - 1), above = Math.Min(below + 1, sorted.Length - 1);
            double share = place - below, difference = sorted[above] - sorted[below];
            quantiles[i] = share >= 0.5 ? sorted[above] - difference * (1 - share) : sorted[below] + difference * share;

            // Rounding must not make them fall.
            quantiles[i] = i > 0 ? Math.Max(quantiles[i], quantiles[i - 1]) : quantiles[i];
        }

        return quantiles;
    }

    static double[] Negated(double[] values)
    {
        double[] negated = Array.ConvertAll(values, value => -value);
        Array.Reverse(negated);
        return negated;
    }

    // numpy.interp: the last place whose x is not above the value, and a straight line to the next.
    static double Interpolated(double value, double[] x, double[] y)
    {
        int low = 0, high = x.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = x[middle] <= value ? (middle + 1, high) : (low, middle);
        }

        int place = low - 1;
        return place < 0 ? y[0]
            : place == x.Length - 1 || x[place] == value ? y[place]
            : (y[place + 1] - y[place]) / (x[place + 1] - x[place]) * (value - x[place]) + y[place];
    }
}
