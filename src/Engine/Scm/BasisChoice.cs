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
        int rows = losses[0].Length;
        for (int i = 0; i < best; i++)
        {
            var difference = new double[rows];
            TensorPrimitives.Subtract(losses[i], losses[best], difference);
            double mean = TensorPrimitives.Sum<double>(difference) / rows;
            double variance = TensorPrimitives.SumOfSquares<double>(difference) / rows - mean * mean;
            if (mean <= Math.Sqrt(Math.Max(variance, 0) / rows))
            {
                return i;
            }
        }

        return best;
    }
}
