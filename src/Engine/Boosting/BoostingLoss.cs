using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Boosting;

/// <summary>The losses of <see cref="BoostingObjective"/>, of means and probabilities.</summary>
static class BoostingLoss
{
    // A class that a fold has never seen gets about this probability from LightGBM.
    const double LeastProbability = 1e-15;

    /// <summary>
    /// The summed loss, by weight, of a task's rows from <paramref name="start"/> on, whose predictions are (outputs,
    /// rows).
    /// </summary>
    public static double Sum(BoostingTask task, int start, ReadOnlySpan<double> predictions)
    {
        int rows = predictions.Length / task.Outputs;
        var losses = new double[rows];
        var target = task.Target.AsSpan(start, rows);
        switch (task.Objective)
        {
            case BoostingObjective.SquaredError:
                for (int row = 0; row < rows; row++)
                {
                    double error = target[row] - predictions[row];
                    losses[row] = 0.5 * error * error;
                }

                break;
            case BoostingObjective.Poisson:
                TensorPrimitives.Log(predictions, losses);
                for (int row = 0; row < rows; row++)
                {
                    losses[row] = predictions[row] - target[row] * losses[row];
                }

                break;
            default:
                for (int row = 0; row < rows; row++)
                {
                    double probability = task.Objective == BoostingObjective.Multiclass
                        ? predictions[(int)target[row] * rows + row]
                        : target[row] > 0 ? predictions[row] : 1 - predictions[row];
                    losses[row] = Math.Max(probability, LeastProbability);
                }

                TensorPrimitives.Log(losses, losses);
                TensorPrimitives.Negate(losses, losses);
                break;
        }

        double sum = 0;
        for (int row = 0; row < rows; row++)
        {
            sum += task.Weights is null ? losses[row] : losses[row] * task.Weights[start + row];
        }

        return sum;
    }
}
