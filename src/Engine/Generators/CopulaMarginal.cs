using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Generators;

/// <summary>The distribution of a column within a class, as steps of the values that occur: a step is as wide as its share of rows.</summary>
/// <remarks>
/// A value that several rows have is a step of its own: ties and spikes come out as often as they went in. Between numbers that one row each
/// has, the distribution is linear. Names are steps side by side, and a missing name is one of them.
/// </remarks>
sealed class CopulaMarginal
{
    /// <summary>Terms of the Hermite series: at a correlation of .95 what follows is below .95¹⁵ of a share that falls.</summary>
    internal const int Terms = 14;

    readonly double[] _values;
    readonly int[] _ends;
    readonly bool _interpolates;
    readonly Dictionary<double, double> _scores = [];

    CopulaMarginal(double[] values, int[] ends, bool interpolates)
    {
        (_values, _ends, _interpolates) = (values, ends, interpolates);
        Hermite = new double[Terms];
        double before = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Learn(i, before, before = (double)ends[i] / ends[^1]);
        }
    }

    /// <summary>Whether more than one value occurs.</summary>
    public bool Varies => _values.Length > 1;

    /// <summary>The values that occur, in the order of steps.</summary>
    public IReadOnlyList<double> Steps => _values;

    /// <summary>
    /// Coefficients 1, 2, … of the score in normalised Hermite polynomials of the latent normal, over the score's standard deviation: the
    /// scores of two latents of correlation ρ have the correlation Σ aₖ bₖ ρᵏ.
    /// </summary>
    internal double[] Hermite { get; }

    /// <summary>Of cells without gaps, if they are numbers; a gap among names is a name.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="rank">The place of each value in the order of steps.</param>
    /// <param name="interpolates">Whether values between those of single rows can be.</param>
    public static CopulaMarginal Of(IEnumerable<double> cells, Func<double, double> rank, bool interpolates)
    {
        var steps = cells.CountBy(cell => cell).OrderBy(step => rank(step.Key)).ToArray();
        var ends = new int[steps.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i] = steps[i].Value + (i > 0 ? ends[i - 1] : 0);
        }

        return new([.. steps.Select(step => step.Key)], ends, interpolates);
    }

    /// <summary>The mean of the latent normal where it gives this value.</summary>
    public double Score(double cell) => _scores[cell];

    /// <summary>The value at a share of the rows, from 0 to 1.</summary>
    public double At(double share)
    {
        double place = share * _ends[^1];
        int step = Math.Min(UpperBound(place), _values.Length - 1);
        int start = step == 0 ? 0 : _ends[step - 1];
        if (!_interpolates || _ends[step] - start > 1)
        {
            return _values[step];
        }

        // A single row's value is in the middle of its step; from there to the middle of the next single one is a line.
        double beyond = place - start - 0.5;
        int other = step + Math.Sign(beyond);
        return other >= 0 && other < _values.Length && Count(other) == 1
            ? _values[step] + Math.Abs(beyond) * (_values[other] - _values[step])
            : _values[step];
    }

    int Count(int step) => _ends[step] - (step == 0 ? 0 : _ends[step - 1]);

    // The first step that ends beyond the place.
    int UpperBound(double place)
    {
        int low = 0, high = _ends.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _ends[middle] > place ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    // E[z | a < z < b] = (φ(a) − φ(b)) / p, and ∫ₐᵇ Heₖ φ = Heₖ₋₁(a) φ(a) − Heₖ₋₁(b) φ(b).
    void Learn(int step, double from, double to)
    {
        double a = from <= 0 ? double.NegativeInfinity : Normal.InvCDF(0, 1, from), b = to >= 1 ? double.PositiveInfinity : Normal.InvCDF(0, 1, to);
        Span<double> lower = stackalloc double[Terms], upper = stackalloc double[Terms];
        Weighted(a, lower);
        Weighted(b, upper);
        double score = (lower[0] - upper[0]) / (to - from);
        _scores[_values[step]] = score;
        for (int k = 0; k < Terms; k++)
        {
            Hermite[k] += score * (lower[k] - upper[k]);
        }

        if (step == _values.Length - 1)
        {
            Normalise();
        }
    }

    // The score's own variance is Σ p score² = its first coefficient, for the score is a projection of z.
    void Normalise()
    {
        double deviation = Math.Sqrt(Hermite[0]);
        for (int k = 0; k < Terms && deviation > 0; k++)
        {
            Hermite[k] /= deviation;
        }
    }

    // φ(x) Heₖ(x) / √(k + 1)! for k = 0, 1, …; 0 at infinity.
    static void Weighted(double x, Span<double> values)
    {
        if (double.IsInfinity(x))
        {
            values.Clear();
            return;
        }

        double before = 0, value = Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        for (int k = 0; k < values.Length; k++)
        {
            // In hₖ = Heₖ / √k!: hₖ₊₁ = (x hₖ − √k hₖ₋₁) / √(k + 1). Then Heₖ / √(k + 1)! = hₖ / √(k + 1).
            values[k] = value / Math.Sqrt(k + 1);
            (before, value) = (value, (x * value - Math.Sqrt(k) * before) / Math.Sqrt(k + 1));
        }
    }
}
