using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Models;

/// <summary>A number's distribution: the probabilities of buckets that cover the line, and what it is like inside each.</summary>
/// <remarks>
/// What a regressor's outputs mean. Müller et al. (2022), "Transformers can do Bayesian inference": the Riemann distribution.
/// Numbers are standardised labels. All is in double: a bucket of TabPFN is 1e-3 wide, so that single precision costs digits.
/// </remarks>
public abstract class BarDistribution
{
    readonly double[] _borders, _means;

    private protected BarDistribution(double[] borders, double[] means) => (_borders, _means) = (borders, means);

    /// <summary>The distribution that a regressor's outputs are of.</summary>
    /// <param name="traits">The model's traits: its borders, or none for buckets that are equally likely under N(0, 1).</param>
    /// <param name="buckets">Number of the model's outputs.</param>
    public static BarDistribution Of(ModelTraits traits, int buckets)
    {
        ArgumentNullException.ThrowIfNull(traits);
        return traits.Borders is { } borders
            ? new FlatBuckets([.. borders.Select(border => (double)border)]) : new NormalBuckets(buckets);
    }

    /// <summary>Number of buckets.</summary>
    public int Buckets => _means.Length;

    /// <summary>Where each bucket begins, and where the last ends; ascending.</summary>
    public ReadOnlySpan<double> Borders => _borders;

    /// <summary>The mean inside each bucket.</summary>
    public ReadOnlySpan<double> BucketMeans => _means;

    /// <summary>The buckets' probabilities: the softmax of the logits divided by the temperature.</summary>
    public static double[] Probabilities(ReadOnlySpan<float> logits, double temperature = 1)
    {
        var probabilities = new double[logits.Length];
        for (int k = 0; k < logits.Length; k++)
        {
            probabilities[k] = logits[k] / temperature;
        }

        TensorPrimitives.SoftMax<double>(probabilities, probabilities);
        return probabilities;
    }

    /// <summary>The mean.</summary>
    public double Mean(ReadOnlySpan<double> probabilities) => TensorPrimitives.Dot(probabilities, BucketMeans);

    /// <summary>The number where the density is largest; of a bucket where that is constant, the middle.</summary>
    public double Mode(ReadOnlySpan<double> probabilities)
    {
        int highest = 0;
        double most = double.NegativeInfinity;
        for (int k = 0; k < Buckets; k++)
        {
            double height = probabilities[k] * Height(k);
            if (height > most)
            {
                (highest, most) = (k, height);
            }
        }

        return Peak(highest);
    }

    /// <summary>The number that lies above a share of the probability, from 0 to 1.</summary>
    public double Quantile(ReadOnlySpan<double> probabilities, double share)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(share, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        double below = 0;
        int bucket = 0;

        // Rounding may leave the sum of all below the share: then it is the last bucket's.
        while (bucket < Buckets - 1 && below + probabilities[bucket] < share)
        {
            below += probabilities[bucket++];
        }

        double inside = probabilities[bucket] > 0 ? (share - below) / probabilities[bucket] : 0;
        return Inside(bucket, Math.Clamp(inside, 0, 1));
    }

    /// <summary>The share of the probability at or below a number.</summary>
    public double Cdf(ReadOnlySpan<double> probabilities, double value)
    {
        int bucket = BucketOf(value);
        return Math.Min(1, TensorPrimitives.Sum(probabilities[..bucket]) + probabilities[bucket] * ShareBelow(bucket, value));
    }

    /// <summary>The density at a number.</summary>
    public double Density(ReadOnlySpan<double> probabilities, double value) => Math.Exp(LogDensity(probabilities, value));

    /// <summary>The logarithm of the density at a number: the log-likelihood of a label.</summary>
    public double LogDensity(ReadOnlySpan<double> probabilities, double value)
    {
        int bucket = BucketOf(value);
        return Math.Log(probabilities[bucket]) + LogDensityInside(bucket, value);
    }

    /// <summary>The number above a share of a bucket.</summary>
    private protected abstract double Inside(int bucket, double share);

    /// <summary>The share of a bucket at or below a number of it: the way back.</summary>
    private protected abstract double ShareBelow(int bucket, double value);

    /// <summary>The logarithm of a bucket's own density, which integrates to 1, at a number of it.</summary>
    private protected abstract double LogDensityInside(int bucket, double value);

    /// <summary>What buckets are compared by when the mode is sought: the largest own density.</summary>
    private protected abstract double Height(int bucket);

    /// <summary>Where a bucket's own density is largest.</summary>
    private protected abstract double Peak(int bucket);

    // A border belongs to the bucket that it ends; what is beyond all borders to the bucket at that end.
    int BucketOf(double value)
    {
        int low = 0, high = Buckets - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _borders[middle + 1] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
