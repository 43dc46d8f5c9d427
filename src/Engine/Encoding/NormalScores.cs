using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Encoding;

/// <summary>The map from a value to Φ⁻¹((r − ½) / n), with r its mid-rank among n training values.</summary>
/// <remarks>Between training values the score is linear; beyond the smallest and the largest it is theirs.</remarks>
sealed class NormalScores
{
    readonly double[] _values;
    readonly double[] _scores;

    NormalScores(double[] values, double[] scores)
    {
        _values = values;
        _scores = scores;
    }

    /// <summary>Learns the map from sorted values.</summary>
    public static NormalScores Fit(List<double> sorted)
    {
        var values = new List<double>();
        var scores = new List<double>();
        for (int first = 0; first < sorted.Count;)
        {
            int next = first + 1;
            while (next < sorted.Count && sorted[next] == sorted[first])
            {
                next++;
            }

            // Values first … next − 1 are tied: their ranks first + 1 … next have the mean (first + next + 1) / 2.
            values.Add(sorted[first]);
            scores.Add(Normal.InvCDF(0, 1, (first + next) / (2.0 * sorted.Count)));
            first = next;
        }

        return new([.. values], [.. scores]);
    }

    /// <summary>The score of any value; 0 where training had none.</summary>
    public double At(double value)
    {
        if (_values.Length == 0)
        {
            return 0;
        }

        int at = Array.BinarySearch(_values, value);
        if (at >= 0)
        {
            return _scores[at];
        }

        int above = ~at;
        if (above == 0 || above == _values.Length)
        {
            return _scores[above == 0 ? 0 : ^1];
        }

        // Halved, so that the distance between two numbers near ±1.8e308 stays finite.
        double share = (value / 2 - _values[above - 1] / 2) / (_values[above] / 2 - _values[above - 1] / 2);
        return _scores[above - 1] + share * (_scores[above] - _scores[above - 1]);
    }
}
