namespace CausalMixFT.Engine.Scm;

/// <summary>Calibrates raw class scores by one factor: p = softmax(factor · scores).</summary>
/// <remarks>Scores are (rows, outputs): one for each class, or of two classes the log-odds of the second.</remarks>
static class Calibration
{
    const double Narrowest = 0.2, Widest = 2, Settled = 1e-3;

    // A class that a fold has never seen has a probability of 0 there.
    const double MostLoss = 34.5;

    /// <summary>The factor of least mean log-loss, which is convex in it: by golden section.</summary>
    public static double Factor(double[] scores, int[] classes, int outputs)
    {
        double ratio = (Math.Sqrt(5) - 1) / 2, low = Narrowest, high = Widest;
        double left = high - ratio * (high - low), right = low + ratio * (high - low);
        double lossLeft = Mean(left), lossRight = Mean(right);
        while (high - low > Settled)
        {
            if (lossLeft <= lossRight)
            {
                (high, right, lossRight) = (right, left, lossLeft);
                left = high - ratio * (high - low);
                lossLeft = Mean(left);
            }
            else
            {
                (low, left, lossLeft) = (left, right, lossRight);
                right = low + ratio * (high - low);
                lossRight = Mean(right);
            }
        }

        return (low + high) / 2;

        double Mean(double factor) => Losses(scores, classes, outputs, factor).Average();
    }

    /// <summary>−log p of each row's class.</summary>
    public static double[] Losses(double[] scores, int[] classes, int outputs, double factor)
    {
        var losses = new double[classes.Length];
        for (int row = 0; row < losses.Length; row++)
        {
            var own = scores.AsSpan(row * outputs, outputs);
            double loss;
            if (outputs == 1)
            {
                double against = factor * (classes[row] == 1 ? -own[0] : own[0]);
                loss = against > 0 ? against + Math.Log(1 + Math.Exp(-against)) : Math.Log(1 + Math.Exp(against));
            }
            else
            {
                double largest = double.NegativeInfinity, sum = 0;
                foreach (double score in own)
                {
                    largest = Math.Max(largest, score);
                }

                foreach (double score in own)
                {
                    sum += Math.Exp(factor * (score - largest));
                }

                loss = Math.Log(sum) - factor * (own[classes[row]] - largest);
            }

            losses[row] = Math.Min(loss, MostLoss);
        }

        return losses;
    }
}
