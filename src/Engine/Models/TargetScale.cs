namespace CausalMixFT.Engine.Models;

/// <summary>How numbers to predict become standardised labels and back.</summary>
/// <param name="Mean">The mean of the context's numbers.</param>
/// <param name="Deviation">Their standard deviation, of the population (N), as in PriorLabs/TabPFN.</param>
public readonly record struct TargetScale(double Mean, double Deviation)
{
    /// <summary>Learns the scale of numbers that are not all the same.</summary>
    public static TargetScale Of(IReadOnlyCollection<double> values)
    {
        // Squares of numbers up to 1.8e308 need the size taken out first.
        double size = values.Max(Math.Abs), mean = values.Average(value => value / size);
        double variance = values.Average(value => (value / size - mean) * (value / size - mean));
        return new(mean * size, Math.Sqrt(variance) * size);
    }

    /// <summary>A number as a label.</summary>
    public float Label(double value) => (float)((value - Mean) / Deviation);

    /// <summary>The number that a label stands for.</summary>
    public double Value(double label) => Mean + Deviation * label;
}
