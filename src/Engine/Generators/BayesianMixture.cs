using MathNet.Numerics;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// A variational Bayesian mixture of normals in one dimension, with a Dirichlet process's prior on the weights: components that the
/// numbers do not ask for lose their weight.
/// </summary>
/// <remarks>
/// Blei and Jordan (2006), with scikit-learn's priors and order of updates (BayesianGaussianMixture, a full covariance of one
/// dimension): stick-breaking Beta(1, γ); normal-Wishart with mean precision 1, one degree of freedom, and the numbers' own mean and
/// variance. Numbers have weights, so a million cells with a hundred values cost a hundred.
/// </remarks>
sealed class BayesianMixture
{
    // scikit-learn's defaults.
    const double Regularisation = 1e-6, Tolerance = 1e-3;
    const int MostIterations = 100;

    // Of a double, 2⁻⁵²: keeps an empty component's mean a number.
    const double MachineEpsilon = 2.220446049250313e-16;

    readonly double[] _values, _weights;
    readonly double _priorWeight, _priorMean, _priorVariance;
    readonly double[] _stickA, _stickB, _meanPrecision, _freedom;

    BayesianMixture(double[] values, double[] weights, int components, double priorWeight)
    {
        (_values, _weights, _priorWeight) = (values, weights, priorWeight);
        double total = weights.Sum();
        _priorMean = Dot(weights, values) / total;
        double squares = 0;
        for (int i = 0; i < values.Length; i++)
        {
            squares += weights[i] * (values[i] - _priorMean) * (values[i] - _priorMean);
        }

        _priorVariance = squares / (total - 1);
        (_stickA, _stickB) = (new double[components], new double[components]);
        (_meanPrecision, _freedom) = (new double[components], new double[components]);
        (Means, Variances) = (new double[components], new double[components]);
    }

    /// <summary>The components' means.</summary>
    internal double[] Means { get; }

    /// <summary>The components' variances.</summary>
    internal double[] Variances { get; }

    /// <summary>How many rounds were made.</summary>
    internal int Iterations { get; private set; }

    /// <summary>The evidence lower bound, up to a constant.</summary>
    internal double LowerBound { get; private set; } = double.NegativeInfinity;

    /// <summary>The expected weights, which sum to 1.</summary>
    internal double[] Weights
    {
        get
        {
            var weights = new double[_stickA.Length];
            double left = 1, sum = 0;
            for (int k = 0; k < weights.Length; k++)
            {
                double all = _stickA[k] + _stickB[k];
                weights[k] = _stickA[k] / all * left;
                left *= _stickB[k] / all;
                sum += weights[k];
            }

            return Array.ConvertAll(weights, weight => weight / sum);
        }
    }

    /// <summary>Fits at most ten components, starting from clusters of the numbers.</summary>
    /// <param name="values">Two different numbers or more, ascending.</param>
    /// <param name="weights">How often each occurs.</param>
    /// <param name="components">How many components at most.</param>
    internal static BayesianMixture Fit(double[] values, double[] weights, int components = 10) =>
        Fit(values, weights, Clusters(values, weights, Math.Min(components, values.Length)));

    /// <summary>Fits from given shares of the components in each number, [number][component].</summary>
    internal static BayesianMixture Fit(
        double[] values, double[] weights, double[][] shares, double priorWeight = 1e-3, int mostIterations = MostIterations)
    {
        int components = shares[0].Length;
        var mixture = new BayesianMixture(values, weights, components, priorWeight);
        mixture.Maximise(shares);
        shares = [.. values.Select(_ => new double[components])];
        while (mixture.Iterations < mostIterations)
        {
            mixture.Iterations++;
            double before = mixture.LowerBound, entropy = 0;
            for (int i = 0; i < values.Length; i++)
            {
                entropy -= weights[i] * mixture.Shares(values[i], shares[i]);
            }

            mixture.Maximise(shares);
            mixture.LowerBound = entropy + mixture.Divergences();
            if (Math.Abs(mixture.LowerBound - before) < Tolerance)
            {
                break;
            }
        }

        return mixture;
    }

    /// <summary>Writes each component's share in a number; gives Σ share · log share.</summary>
    internal double Shares(double value, double[] shares)
    {
        double stick = 0, most = double.NegativeInfinity;
        for (int k = 0; k < shares.Length; k++)
        {
            var (logWeight, logStick) = _logs[k];
            double off = value - Means[k];

            // E log of the weight and of the normal's density, over what is believed of both.
            shares[k] = stick + logWeight - 0.5 * (Math.Log(2 * Math.PI) + off * off / Variances[k]) + _logDensity[k];
            stick += logStick;
            most = Math.Max(most, shares[k]);
        }

        double sum = 0, entropy = 0;
        foreach (double share in shares)
        {
            sum += Math.Exp(share - most);
        }

        double logSum = most + Math.Log(sum);
        for (int k = 0; k < shares.Length; k++)
        {
            double log = shares[k] - logSum;
            shares[k] = Math.Exp(log);
            entropy += shares[k] * log;
        }

        return entropy;
    }

    // What Shares reads, once a round: E log v and E log (1 − v) of the sticks, and the density's constant.
    (double Weight, double Stick)[] _logs = [];
    double[] _logDensity = [];

    void Maximise(double[][] shares)
    {
        int components = Means.Length;
        var (counts, means, variances) = (new double[components], new double[components], new double[components]);
        for (int i = 0; i < _values.Length; i++)
        {
            for (int k = 0; k < components; k++)
            {
                counts[k] += _weights[i] * shares[i][k];
                means[k] += _weights[i] * shares[i][k] * _values[i];
            }
        }

        for (int k = 0; k < components; k++)
        {
            counts[k] += 10 * MachineEpsilon;
            means[k] /= counts[k];
        }

        for (int i = 0; i < _values.Length; i++)
        {
            for (int k = 0; k < components; k++)
            {
                double off = _values[i] - means[k];
                variances[k] += _weights[i] * shares[i][k] * off * off;
            }
        }

        double behind = 0;
        for (int k = components - 1; k >= 0; k--)
        {
            double count = counts[k], off = means[k] - _priorMean;
            _stickA[k] = 1 + count;
            _stickB[k] = _priorWeight + behind;
            behind += count;
            _meanPrecision[k] = 1 + count;
            Means[k] = (_priorMean + count * means[k]) / _meanPrecision[k];
            _freedom[k] = 1 + count;
            double variance = variances[k] / count + Regularisation;
            Variances[k] = (_priorVariance + count * (variance + off * off / _meanPrecision[k])) / _freedom[k];
        }

        _logs = [.. Enumerable.Range(0, components).Select(Sticks)];
        _logDensity = [.. Enumerable.Range(0, components).Select(k => 0.5 * (
            -Math.Log(Variances[k]) - Math.Log(_freedom[k]) + Math.Log(2) + SpecialFunctions.DiGamma(0.5 * _freedom[k])
            - 1 / _meanPrecision[k]))];
    }

    (double Weight, double Stick) Sticks(int k)
    {
        double both = SpecialFunctions.DiGamma(_stickA[k] + _stickB[k]);
        return (SpecialFunctions.DiGamma(_stickA[k]) - both, SpecialFunctions.DiGamma(_stickB[k]) - both);
    }

    // The lower bound's terms of the components: normalisers of Wisharts, sticks and means.
    double Divergences()
    {
        double sum = 0;
        for (int k = 0; k < Means.Length; k++)
        {
            double logPrecision = -0.5 * Math.Log(Variances[k]) - 0.5 * Math.Log(_freedom[k]);
            sum += _freedom[k] * logPrecision + _freedom[k] * 0.5 * Math.Log(2) + SpecialFunctions.GammaLn(0.5 * _freedom[k]);
            sum += SpecialFunctions.GammaLn(_stickA[k]) + SpecialFunctions.GammaLn(_stickB[k])
                - SpecialFunctions.GammaLn(_stickA[k] + _stickB[k]);
            sum -= 0.5 * Math.Log(_meanPrecision[k]);
        }

        return sum;
    }

    // Lloyd's algorithm from evenly spaced quantiles: in one dimension it needs no chance.
    static double[][] Clusters(double[] values, double[] weights, int clusters)
    {
        const int MostRounds = 50;
        var centres = new double[clusters];
        double total = weights.Sum(), below = 0;
        for (int i = 0, k = 0; i < values.Length && k < clusters; i++)
        {
            below += weights[i];
            while (k < clusters && below >= (k + 0.5) / clusters * total)
            {
                // A value that many cells share would be several centres; the later ones move on to the next values.
                centres[k] = values[Math.Min(values.Length - clusters + k, Math.Max(i, k == 0 ? 0 : Place(values, centres[k - 1]) + 1))];
                k++;
            }
        }

        var nearest = new int[values.Length];
        for (int round = 0; round < MostRounds; round++)
        {
            bool moved = Assign(values, centres, nearest);
            if (!moved && round > 0)
            {
                break;
            }

            for (int k = 0; k < clusters; k++)
            {
                double sum = 0, count = 0;
                for (int i = 0; i < values.Length; i++)
                {
                    sum += nearest[i] == k ? weights[i] * values[i] : 0;
                    count += nearest[i] == k ? weights[i] : 0;
                }

                centres[k] = count > 0 ? sum / count : centres[k];
            }
        }

        return [.. nearest.Select(k => Enumerable.Range(0, clusters).Select(c => c == k ? 1.0 : 0).ToArray())];
    }

    static int Place(double[] values, double value)
    {
        int place = Array.BinarySearch(values, value);
        return place < 0 ? ~place : place;
    }

    static bool Assign(double[] values, double[] centres, int[] nearest)
    {
        bool moved = false;
        for (int i = 0; i < values.Length; i++)
        {
            int best = 0;
            for (int k = 1; k < centres.Length; k++)
            {
                best = Math.Abs(values[i] - centres[k]) < Math.Abs(values[i] - centres[best]) ? k : best;
            }

            moved |= nearest[i] != best;
            nearest[i] = best;
        }

        return moved;
    }

    static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
