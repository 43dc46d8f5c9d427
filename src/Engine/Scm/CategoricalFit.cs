namespace CausalMixFT.Engine.Scm;

/// <summary>Fits a <see cref="CategoricalMechanism"/>: basis by cross-validated log-loss, then all rows.</summary>
static class CategoricalFit
{
    // Rows · classes · columns of one pass over the data: some 5 ms in the cross-validation, 100 ms in the last fit.
    const long MostWorkOfFold = 2_500_000;
    const long MostWork = 50_000_000;

    // Mean log-loss settled to six digits; choosing a basis needs four.
    const double Tolerance = 1e-6, ToleranceOfFold = 1e-4;

    const int MostSteps = 100, MostStepsOfFold = 20;

    // The ridge that cross-validation may choose from, as factors on the option's.
    static readonly double[] RidgeFactors = [1, 10, 100];

    /// <summary>The mechanism of a column whose values are classes.</summary>
    public static (ICausalMechanism Mechanism, FitDiagnostics Fit) Run(
        ColumnProfile node,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        var (predictor, fit) = Predictor(node.Codes, node.Counts, parents, index, options, forEach);
        return (new CategoricalMechanism(predictor), fit);
    }

    /// <summary>The log-odds of one code against all others.</summary>
    public static (Predictor Gate, FitDiagnostics Fit) Gate(
        ColumnProfile node,
        int code,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        int[] classes = [.. node.Codes.Select(c => c < 0 ? -1 : c == code ? 1 : 0)];
        int[] counts = [node.Present - node.Counts[code], node.Counts[code]];
        var (both, fit) = Predictor(classes, counts, parents, index, options, forEach);
        var terms = both.Terms.Select(term => term with { Weights = Difference(term.Weights) });
        return (new(Difference(both.Intercepts), [.. terms]), fit);

        // Weights are (2 outputs, n).
        static double[] Difference(double[] weights) =>
            [.. weights[(weights.Length / 2)..].Zip(weights, (one, zero) => one - zero)];
    }

    static (Predictor Predictor, FitDiagnostics Fit) Predictor(
        int[] codes,
        int[] counts,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        int classes = counts.Length;
        long present = counts.Sum(count => (long)count);

        // Each parent costs one column a pass, or six with hinges.
        long columns = 1 + parents.Sum(parent => parent.IsCoded ? 1 : 6);
        int cap = Cap(options, MostWorkOfFold / (classes * columns));
        var sample = new FitRows(codes, true, parents, index, options, cap);
        double[] marginal = [.. counts.Select(count => (count + 0.5) / (present + 0.5 * classes))];
        var design = new Design(parents, sample.ParentCodes, sample.FoldStarts);
        var candidates = design.Candidates().ToArray();
        double nullLoss = sample.Rows.Average(row => -Math.Log(marginal[codes[row]]));
        double loss = nullLoss, ridge = options.Ridge;
        int chosen = 0;

        // Each fold's weights: the next candidate starts there, on the same rows, and the last fit at those of the
        // first fold.
        var last = new double[]?[design.Folds];
        if (design.Folds > 1)
        {
            var model = Model(ridge);
            var losses = new double[candidates.Length][];
            losses[0] = OutOfFold(model, candidates[0]);
            foreach (double factor in RidgeFactors.Skip(1))
            {
                var stiffer = Model(options.Ridge * factor);
                double[] stifferLosses = OutOfFold(stiffer, candidates[0]);
                if (stifferLosses.Sum() >= losses[0].Sum())
                {
                    break;
                }

                (ridge, model, losses[0]) = (options.Ridge * factor, stiffer, stifferLosses);
            }

            for (int c = 1; c < candidates.Length; c++)
            {
                losses[c] = OutOfFold(model, candidates[c]);
            }

            chosen = BasisChoice.OneStandardError(losses);
            loss = losses[chosen].Average();
        }

        int rows = Cap(options, MostWork / (classes * columns));
        if (rows > sample.Rows.Length && sample.Rows.Length < present)
        {
            sample = new FitRows(codes, true, parents, index, options, rows);
            design = new Design(parents, sample.ParentCodes, sample.FoldStarts);
        }

        double[] weights = Model(ridge).Fit(candidates[chosen], null, Tolerance, MostSteps, last[0]);
        return (design.ToPredictor(candidates[chosen], weights, classes), new(
            sample.Rows.Length, candidates[chosen].ToString().ToLowerInvariant(), loss, nullLoss, 0, 0, 0,
            sample.Imputed ? NumericFit.ImputedNote : ""));

        SoftmaxRegression Model(double strength) =>
            new(design, [.. sample.Rows.Select(row => codes[row])], marginal, strength);

        double[] OutOfFold(SoftmaxRegression model, BasisSet set)
        {
            var losses = new double[design.Rows];
            forEach(design.Folds, fold =>
            {
                last[fold] = model.Fit(set, fold, ToleranceOfFold, MostStepsOfFold, last[fold]);
                model.Losses(last[fold]!, set, fold, losses);
            });

            return losses;
        }
    }

    static int Cap(ScmOptions options, long rows) =>
        (int)Math.Clamp(rows, Math.Min(1000, options.MaxFitRows), options.MaxFitRows);
}
