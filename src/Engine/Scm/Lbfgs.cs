using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>Minimises a smooth convex function by preconditioned L-BFGS (Nocedal 1980) with halved steps.</summary>
static class Lbfgs
{
    const int Memory = 8, MostHalvings = 30;

    /// <summary>Writes the gradient and returns the value; +∞ where the function is not defined.</summary>
    public delegate double Objective(double[] at, double[] gradient);

    /// <summary>The point found from <paramref name="start"/>.</summary>
    /// <param name="start">Where to begin; it is not changed.</param>
    /// <param name="objective">The function.</param>
    /// <param name="precondition">Overwrites a gradient with an approximate Newton step's negative; null for the gradient.</param>
    /// <param name="tolerance">Stops when a step gains less than this.</param>
    /// <param name="steps">Most steps.</param>
    public static double[] Minimise(
        double[] start, Objective objective, Action<double[]>? precondition, double tolerance, int steps)
    {
        double[] at = [.. start], gradient = new double[start.Length];
        double loss = objective(at, gradient);
        var history = new List<(double[] Step, double[] Change, double Rho)>();
        for (int iteration = 0; iteration < steps; iteration++)
        {
            double[] direction = Direction(gradient, precondition, history);
            double slope = TensorPrimitives.Dot<double>(gradient, direction);
            if (!(slope < 0))
            {
                break;
            }

            // Armijo: preconditioned, the first step is near Newton's, so halving is rare.
            double[] trial = new double[at.Length], trialGradient = new double[at.Length];
            double step = 1, trialLoss = double.PositiveInfinity;
            for (int halving = 0; halving < MostHalvings; halving++, step /= 2)
            {
                TensorPrimitives.MultiplyAdd(direction, step, at, trial);
                trialLoss = objective(trial, trialGradient);
                if (trialLoss <= loss + 1e-4 * step * slope)
                {
                    break;
                }
            }

            if (!(trialLoss < loss))
            {
                break;
            }

            double[] moved = new double[at.Length], change = new double[at.Length];
            TensorPrimitives.Subtract(trial, at, moved);
            TensorPrimitives.Subtract(trialGradient, gradient, change);
            double curvature = TensorPrimitives.Dot<double>(moved, change);
            if (curvature > 1e-12)
            {
                history.Add((moved, change, 1 / curvature));
                if (history.Count > Memory)
                {
                    history.RemoveAt(0);
                }
            }

            double gain = loss - trialLoss;
            (at, gradient, loss) = (trial, trialGradient, trialLoss);
            if (gain < tolerance)
            {
                break;
            }
        }

        return at;
    }

    // The two-loop recursion, with the preconditioner in the middle; without one, the last step's curvature scales it.
    static double[] Direction(
        double[] gradient, Action<double[]>? precondition, List<(double[] Step, double[] Change, double Rho)> history)
    {
        var direction = (double[])gradient.Clone();
        var alphas = new double[history.Count];
        for (int i = history.Count - 1; i >= 0; i--)
        {
            alphas[i] = history[i].Rho * TensorPrimitives.Dot<double>(history[i].Step, direction);
            TensorPrimitives.MultiplyAdd(history[i].Change, -alphas[i], direction, direction);
        }

        if (precondition is not null)
        {
            precondition(direction);
        }
        else if (history is [.., var (_, change, rho)])
        {
            double scale = 1 / (rho * TensorPrimitives.SumOfSquares<double>(change));
            TensorPrimitives.Multiply(direction, scale, direction);
        }
        else
        {
            TensorPrimitives.Divide(direction, Math.Max(1, TensorPrimitives.Norm<double>(gradient)), direction);
        }

        for (int i = 0; i < history.Count; i++)
        {
            double beta = history[i].Rho * TensorPrimitives.Dot<double>(history[i].Change, direction);
            TensorPrimitives.MultiplyAdd(history[i].Step, alphas[i] - beta, direction, direction);
        }

        TensorPrimitives.Negate(direction, direction);
        return direction;
    }
}
