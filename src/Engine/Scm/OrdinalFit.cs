using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// The proportional-odds model of a few ordered numbers (McCullagh 1980): X is value i where i thresholds are at most
/// f(parents) + N, with logistic N.
/// </summary>
/// <remarks>
/// Maximum likelihood with a ridge on f. One function of the parents serves all values, where a multinomial logit has one for
/// each: fewer weights, and a better bet where rows are few and the order means something.
/// </remarks>
sealed class OrdinalFit
{
    const int FewestValues = 3, LogisticNoise = 4096;
    const double Tolerance = 1e-6, ToleranceOfFold = 1e-5;
    const int MostSteps = 200, MostStepsOfFold = 30;

    readonly Design _design;
    readonly BasisSet _set;
    readonly int[] _codes, _numeric, _lookups, _columns;
    readonly int _cuts;
    readonly double _ridge;

    OrdinalFit(int[] codes, int values, Design design, BasisSet set, double ridge)
    {
        (_codes, _cuts, _design, _set, _ridge) = (codes, values - 1, design, set, ridge);
        (_numeric, _lookups) = (design.NumericOf(set), design.LookupsOf(set));
        _columns = [.. design.ColumnsOf(set).Where(column => column > 0)];
    }

    /// <summary>
    /// The best basis' out-of-fold log-loss of each row, and the model; null where the values are names or too few.
    /// </summary>
    public static (double[] Losses, PostNonlinearModel Model)? Run(
        ColumnProfile node, FitRows sample, Design design, ScmOptions options, Action<int, Action<int>> forEach)
    {
        if (node.Column.IsDiscrete || node.Values.Length < FewestValues || design.Folds < 2)
        {
            return null;
        }

        int[] codes = [.. sample.Rows.Select(row => node.Codes[row])];
        var fits = design.Candidates().Where(set => set <= BasisSet.Hinges)
            .Select(set => new OrdinalFit(codes, node.Values.Length, design, set, options.Ridge))
            .Select(fit => (Fit: fit, Whole: fit.Minimise(fit.Start(node.Counts), null, Tolerance, MostSteps)))
            .Select(fit => (fit.Fit, fit.Whole, Losses: fit.Fit.OutOfFold(fit.Whole, forEach)))
            .ToArray();
        var (chosen, parameters, losses) = fits[BasisChoice.OneStandardError([.. fits.Select(fit => fit.Losses)])];
        return (losses, chosen.ToModel(parameters));
    }

    // Parameters: weights by the design's columns, whose first, the intercept, is unused; then the thresholds.
    double[] Start(int[] counts)
    {
        var start = new double[_design.Width + _cuts];
        double below = 0, all = counts.Sum() + 0.5 * counts.Length;
        for (int cut = 0; cut < _cuts; cut++)
        {
            below += counts[cut] + 0.5;
            start[_design.Width + cut] = Math.Log(below / (all - below));
        }

        return start;
    }

    double[] Minimise(double[] start, int? without, double tolerance, int steps) =>
        Lbfgs.Minimise(start, (at, gradient) => Evaluate(at, without, gradient), null, tolerance * _design.Rows, steps);

    double[] OutOfFold(double[] start, Action<int, Action<int>> forEach)
    {
        var losses = new double[_design.Rows];
        forEach(_design.Folds, fold =>
        {
            double[] at = Minimise(start, fold, ToleranceOfFold, MostStepsOfFold);
            Losses(at, fold, losses, null);
        });
        return losses;
    }

    double Evaluate(double[] at, int? without, double[] gradient)
    {
        for (int cut = 1; cut < _cuts; cut++)
        {
            if (!(at[_design.Width + cut] > at[_design.Width + cut - 1]))
            {
                return double.PositiveInfinity;
            }
        }

        Array.Clear(gradient);
        double loss = 0;
        var losses = new double[_design.Rows];
        for (int fold = 0; fold < _design.Folds; fold++)
        {
            if (fold != without)
            {
                Losses(at, fold, losses, gradient);
                loss += TensorPrimitives.Sum<double>(losses.AsSpan(_design.FoldStarts[fold].._design.FoldStarts[fold + 1]));
            }
        }

        foreach (int column in _columns)
        {
            loss += 0.5 * _ridge * at[column] * at[column];
            gradient[column] += _ridge * at[column];
        }

        return loss;
    }

    // −log P(code) of a fold's rows, and the gradient of their sum. P(code ≤ k) = σ(θ_k − f).
    void Losses(double[] at, int fold, double[] losses, double[]? gradient)
    {
        int start = _design.FoldStarts[fold], rows = _design.FoldStarts[fold + 1] - start;
        var f = new double[rows];
        foreach (int i in _numeric)
        {
            TensorPrimitives.MultiplyAdd(_design.Numeric[i].AsSpan(start, rows), at[i + 1], f, f);
        }

        foreach (int i in _lookups)
        {
            var codes = _design.Lookups[i].AsSpan(start, rows);
            for (int row = 0; row < rows; row++)
            {
                f[row] += at[_design.LookupStarts[i] + codes[row]];
            }
        }

        for (int row = 0; row < rows; row++)
        {
            int code = _codes[start + row], cut = _design.Width + code;
            double upper = code < _cuts ? Logistic(at[cut] - f[row]) : 1, lower = code > 0 ? Logistic(at[cut - 1] - f[row]) : 0;

            // Differences of σ near 1 cancel; where they do, the same is said of 1 − σ.
            double p = Math.Max(
                upper + lower > 1 && code < _cuts && code > 0
                    ? Logistic(f[row] - at[cut - 1]) - Logistic(f[row] - at[cut])
                    : code == _cuts ? Logistic(f[row] - at[cut - 1]) : upper - lower,
                1e-300);
            losses[start + row] = -Math.Log(p);
            if (gradient is not null)
            {
                // (σ'(a) − σ'(b)) / (σ(a) − σ(b)) = 1 − σ(a) − σ(b).
                f[row] = 1 - upper - lower;
                if (code < _cuts)
                {
                    gradient[cut] -= upper * (1 - upper) / p;
                }

                if (code > 0)
                {
                    gradient[cut - 1] += lower * (1 - lower) / p;
                }
            }
        }

        if (gradient is not null)
        {
            AddWeights(f, start, gradient);
        }
    }

    // ∂loss/∂w_j = Σ_rows x_j · slope.
    void AddWeights(double[] slopes, int start, double[] gradient)
    {
        foreach (int i in _numeric)
        {
            gradient[i + 1] += TensorPrimitives.Dot<double>(_design.Numeric[i].AsSpan(start, slopes.Length), slopes);
        }

        foreach (int i in _lookups)
        {
            var codes = _design.Lookups[i].AsSpan(start, slopes.Length);
            for (int row = 0; row < slopes.Length; row++)
            {
                gradient[_design.LookupStarts[i] + codes[row]] += slopes[row];
            }
        }
    }

    PostNonlinearModel ToModel(double[] at)
    {
        var f = new double[_design.Rows];
        foreach (int i in _numeric)
        {
            TensorPrimitives.MultiplyAdd(_design.Numeric[i], at[i + 1], f, f);
        }

        foreach (int i in _lookups)
        {
            for (int row = 0; row < f.Length; row++)
            {
                f[row] += at[_design.LookupStarts[i] + _design.Lookups[i][row]];
            }
        }

        double[] weights = at[.._design.Width];
        weights[0] = 0;
        double[] noise = [.. Enumerable.Range(0, LogisticNoise).Select(i => (i + 0.5) / LogisticNoise).Select(p => Math.Log(p / (1 - p)))];
        return new(_design.ToPredictor(_set, weights, 1), new(f.Min(), f.Max()), noise, at[_design.Width..], null);
    }

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
