namespace CausalMixFT.Engine.TabPfn;

/// <summary>Pulls cells towards the training mean that lie many standard deviations from it, 12 unless told otherwise.</summary>
/// <remarks>
/// Mean and deviation (N − 1) of the training cells, without those beyond as many deviations of a first pass, give the
/// bounds lo and hi; x becomes max(x, lo − ln(1 + |x|)), then min(x, hi + ln(1 + |x|)). NaN and infinite cells stay and do not count.
/// </remarks>
sealed class OutlierClip
{
    readonly double _lower, _upper;

    internal OutlierClip(ReadOnlySpan<float> train, double deviations = 12)
    {
        (double lower, double upper) = Bounds(train, deviations, double.NegativeInfinity, double.PositiveInfinity);
        (_lower, _upper) = Bounds(train, deviations, lower, upper);
    }

    /// <summary>One cell.</summary>
    internal float Apply(float cell)
    {
        if (!float.IsFinite(cell))
        {
            return cell;
        }

        double raised = Math.Max(cell, _lower - Math.Log(1 + Math.Abs((double)cell)));
        return (float)Math.Min(raised, _upper + Math.Log(1 + Math.Abs(raised)));
    }

    static (double Lower, double Upper) Bounds(ReadOnlySpan<float> train, double deviations, double lower, double upper)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (float cell in train)
        {
            if (Counts(cell))
            {
                sum += cell;
                count++;
            }
        }

        double mean = sum / Math.Max(count, 1);
        foreach (float cell in train)
        {
            squares += Counts(cell) ? (cell - mean) * (cell - mean) : 0;
        }

        double reach = deviations * Math.Sqrt(squares / Math.Max(count - 1, 1));
        return (mean - reach, mean + reach);

        bool Counts(float cell) => float.IsFinite(cell) && cell >= lower && cell <= upper;
    }
}
