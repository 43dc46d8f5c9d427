using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>The one-standard-error rule.</summary>
static class BasisChoice
{
    /// <summary>
    /// The first candidate whose mean loss is within one standard error of the best one's; candidates come simplest
    /// first.
    /// </summary>
    /// <param name="losses">For each candidate, each row's out-of-fold loss.</param>
    /// <remarks>The standard error is that of the mean of paired differences, row by row.</remarks>
    public static int OneStandardError(IReadOnlyList<double[]> losses)
    {
        int best = Enumerable.Range(0, losses.Count).MinBy(i => TensorPrimitives.Sum<double>(losses[i]));
        for (int i = 0; i < best; i++)
        {
            var (mean, error) = Difference(losses[i], losses[best]);
            if (mean <= error)
            {
                return i;
            }
        }

        return best;
    }

    /// <summary>Each candidate's mean loss, and the standard error of its difference from the chosen one's.</summary>
    public static IReadOnlyList<CandidateScore> Scores(
        IReadOnlyList<(string Name, double[] Losses)> candidates, int chosen) =>
        [.. candidates.Select(candidate => new CandidateScore(
            candidate.Name, candidate.Losses.Average(),
            Difference(candidate.Losses, candidates[chosen].Losses).Error))];

    static (double Mean, double Error) Difference(double[] losses, double[] others)
    {
        int rows = losses.Length;
        var difference = new double[rows];
        TensorPrimitives.Subtract(losses, others, difference);
        double mean = TensorPrimitives.Sum<double>(difference) / rows;
        double variance = TensorPrimitives.SumOfSquares<double>(difference) / rows - mean * mean;
        return (mean, Math.Sqrt(Math.Max(variance, 0) / rows));
    }
}
