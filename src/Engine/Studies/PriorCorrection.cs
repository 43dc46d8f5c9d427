namespace CausalMixFT.Engine.Studies;

/// <summary>DistPFN's correction of a model that leans towards the classes that are common in its context.</summary>
/// <remarks>
/// p' ∝ p · (p / π) = p² / π, where p are the model's probabilities and π the class shares of its context (arXiv 2605.04363).
/// The second factor is the model's own estimate of how much likelier each class is than it was beforehand. It needs no
/// training and no validation rows.
/// </remarks>
static class PriorCorrection
{
    /// <summary>Corrects (rows, classes) probabilities, row-major; a class that training lacks keeps probability 0.</summary>
    public static float[] Apply(ReadOnlySpan<float> probabilities, ReadOnlySpan<int> trainCounts)
    {
        int classes = trainCounts.Length;
        double rows = 0;
        foreach (int count in trainCounts)
        {
            rows += count;
        }

        var corrected = new float[probabilities.Length];
        var weights = new double[classes];
        for (int start = 0; start < probabilities.Length; start += classes)
        {
            double sum = 0;
            for (int k = 0; k < classes; k++)
            {
                double p = probabilities[start + k];
                weights[k] = trainCounts[k] == 0 ? 0 : p * p / (trainCounts[k] / rows);
                sum += weights[k];
            }

            for (int k = 0; k < classes; k++)
            {
                corrected[start + k] = sum > 0 ? (float)(weights[k] / sum) : probabilities[start + k];
            }
        }

        return corrected;
    }
}
