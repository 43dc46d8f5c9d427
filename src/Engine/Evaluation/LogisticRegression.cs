using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>Logistic regression of two classes with scikit-learn's default ridge, C = 1.</summary>
/// <remarks>
/// Minimises Σ log(1 + exp(−y f)) + ½ |w|², f = b + w · x, the intercept free, by Newton's method; each step is solved by
/// conjugate gradients preconditioned with the Hessian's diagonal, so that columns of very different scales do not slow it.
/// The loss is convex: the answer does not depend on where it starts. Everything is summed in row order.
/// </remarks>
sealed class LogisticRegression
{
    const int MostSteps = 25;
    const double Tolerance = 1e-6;

    readonly double[] _weights;

    LogisticRegression(double[] weights) => _weights = weights;

    /// <summary>Fits (rows, width) features to 0/1 labels.</summary>
    public static LogisticRegression Fit(double[] features, int width, ReadOnlySpan<bool> labels)
    {
        var problem = new Problem(features, width, labels.ToArray());
        var weights = new double[width + 1];
        double loss = problem.Loss(weights);
        for (int step = 0; step < MostSteps; step++)
        {
            var gradient = problem.Gradient(weights);
            if (TensorPrimitives.Norm<double>(gradient) <= Tolerance * labels.Length)
            {
                break;
            }

            double[] direction = problem.Newton(gradient);
            double slope = TensorPrimitives.Dot<double>(gradient, direction), length = 1, next = double.PositiveInfinity;
            var trial = new double[weights.Length];
            for (int halving = 0; halving < 30; halving++, length /= 2)
            {
                TensorPrimitives.MultiplyAdd(direction, -length, weights, trial);
                next = problem.Loss(trial);
                if (next <= loss - 1e-4 * length * slope)
                {
                    break;
                }
            }

            if (!(next < loss))
            {
                break;
            }

            (weights, loss) = (trial, next);
        }

        return new(weights);
    }

    /// <summary>The probability of class 1 of each of (rows, width) feature rows.</summary>
    public double[] Probabilities(double[] features)
    {
        int width = _weights.Length - 1;
        var probabilities = new double[width == 0 ? 0 : features.Length / width];
        for (int row = 0; row < probabilities.Length; row++)
        {
            double f = _weights[width] + TensorPrimitives.Dot<double>(features.AsSpan(row * width, width), _weights.AsSpan(0, width));
            probabilities[row] = 1 / (1 + Math.Exp(-f));
        }

        return probabilities;
    }

    // Weights are those of the features, then the intercept.
    sealed class Problem(double[] features, int width, bool[] labels)
    {
        readonly double[] _scores = new double[labels.Length], _curvature = new double[labels.Length];

        public double Loss(double[] weights)
        {
            double loss = 0.5 * TensorPrimitives.SumOfSquares<double>(weights.AsSpan(0, width));
            for (int row = 0; row < labels.Length; row++)
            {
                double f = weights[width] + TensorPrimitives.Dot<double>(Row(row), weights.AsSpan(0, width));
                double margin = labels[row] ? f : -f;
                loss += margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin;
                _scores[row] = f;
            }

            return loss;
        }

        // At the weights that the loss was last asked of; leaves each row's p (1 − p) behind.
        public double[] Gradient(double[] weights)
        {
            _ = Loss(weights);
            var gradient = new double[width + 1];
            weights.AsSpan(0, width).CopyTo(gradient);
            for (int row = 0; row < labels.Length; row++)
            {
                double p = 1 / (1 + Math.Exp(-_scores[row])), residual = p - (labels[row] ? 1 : 0);
                _curvature[row] = p * (1 - p);
                TensorPrimitives.MultiplyAdd(Row(row), residual, gradient.AsSpan(0, width), gradient.AsSpan(0, width));
                gradient[width] += residual;
            }

            return gradient;
        }

        // Solves H d = gradient.
        public double[] Newton(double[] gradient)
        {
            var diagonal = Diagonal();
            var solution = new double[width + 1];
            double[] residual = [.. gradient], direction = Divide(residual, diagonal);
            double[] preconditioned = [.. direction];
            double rho = TensorPrimitives.Dot<double>(residual, preconditioned), target = 1e-4 * rho;
            int most = Math.Min(width + 1, 100);
            for (int step = 0; step < most && rho > target; step++)
            {
                double[] image = Hessian(direction);
                double alpha = rho / TensorPrimitives.Dot<double>(direction, image);
                TensorPrimitives.MultiplyAdd(direction, alpha, solution, solution);
                TensorPrimitives.MultiplyAdd(image, -alpha, residual, residual);
                preconditioned = Divide(residual, diagonal);
                double next = TensorPrimitives.Dot<double>(residual, preconditioned);
                TensorPrimitives.MultiplyAdd(direction, next / rho, preconditioned, direction);
                rho = next;
            }

            return solution;
        }

        // Each row's x is also 1 for the intercept, which has no ridge but a trace of one, as p may be 0 or 1 in every row.
        double[] Hessian(double[] v)
        {
            var image = new double[width + 1];
            v.AsSpan(0, width).CopyTo(image);
            image[width] = 1e-9 * v[width];
            for (int row = 0; row < labels.Length; row++)
            {
                double along = _curvature[row] * (v[width] + TensorPrimitives.Dot<double>(Row(row), v.AsSpan(0, width)));
                TensorPrimitives.MultiplyAdd(Row(row), along, image.AsSpan(0, width), image.AsSpan(0, width));
                image[width] += along;
            }

            return image;
        }

        double[] Diagonal()
        {
            var diagonal = new double[width + 1];
            Array.Fill(diagonal, 1);
            diagonal[width] = 1e-9;
            for (int row = 0; row < labels.Length; row++)
            {
                var x = Row(row);
                for (int i = 0; i < width; i++)
                {
                    diagonal[i] += _curvature[row] * x[i] * x[i];
                }

                diagonal[width] += _curvature[row];
            }

            return diagonal;
        }

        static double[] Divide(double[] a, double[] b)
        {
            var quotient = new double[a.Length];
            TensorPrimitives.Divide<double>(a, b, quotient);
            return quotient;
        }

        ReadOnlySpan<double> Row(int row) => features.AsSpan(row * width, width);
    }
}
