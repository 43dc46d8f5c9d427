namespace CausalMixFT.Engine.Scm;

/// <summary>Fits a <see cref="CategoricalMechanism"/>: basis by cross-validated log-loss, then all rows.</summary>
static class CategoricalFit
{
    // Rows · classes · columns of one pass over the data: some 20 ms for the cross-validation, 200 ms for the last fit.
    const long MostWorkOfFold = 5_000_000;
    const long MostWork = 50_000_000;

    // Mean log-loss settled to six digits; choosing a basis needs four.
    const double Tolerance = 1e-6, ToleranceOfFold = 1e-4;

    const int MostSteps = 100, MostStepsOfFold = 30;

    public static (ICausalMechanism Mechanism, FitDiagnostics Fit) Run(
        ColumnProfile node, IReadOnlyList<ColumnProfile> parents, int index, ScmOptions options)
    {
        int classes = node.Values.Length;

        // Each parent costs one column a pass, or six with hinges.
        long columns = 1 + parents.Sum(parent => parent.IsCoded ? 1 : 6);
        var sample = new FitRows(node, parents, index, options, Cap(options, MostWorkOfFold / (classes * columns)));
        double[] marginal = [.. node.Counts.Select(count => (count + 0.5) / (node.Present + 0.5 * classes))];
        var model = Model(node, parents, sample, marginal, options, out var design);
        var candidates = design.Candidates().ToArray();
        var losses = candidates.Select(set => new double[design.Rows]).ToArray();
        if (design.Folds > 1)
        {
            for (int c = 0; c < candidates.Length; c++)
            {
                for (int fold = 0; fold < design.Folds; fold++)
                {
                    double[] weights = model.Fit(candidates[c], fold, ToleranceOfFold, MostStepsOfFold);
                    model.Losses(weights, candidates[c], fold, losses[c]);
                }
            }
        }

        int chosen = design.Folds > 1 ? BasisChoice.OneStandardError(losses) : 0;
        double nullLoss = sample.Rows.Average(row => -Math.Log(marginal[node.Codes[row]]));
        double loss = design.Folds > 1 ? losses[chosen].Average() : nullLoss;

        int rows = Cap(options, MostWork / (classes * columns));
        if (rows > sample.Rows.Length && sample.Rows.Length < node.Present)
        {
            sample = new FitRows(node, parents, index, options, rows);
            model = Model(node, parents, sample, marginal, options, out design);
        }

        double[] last = model.Fit(candidates[chosen], null, Tolerance, MostSteps);
        var predictor = design.ToPredictor(candidates[chosen], last, classes);
        return (new CategoricalMechanism(predictor), new(
            sample.Rows.Length, candidates[chosen].ToString().ToLowerInvariant(), loss, nullLoss, 0, 0,
            sample.Imputed ? NumericFit.ImputedNote : ""));
    }

    static int Cap(ScmOptions options, long rows) => (int)Math.Clamp(rows, Math.Min(1000, options.MaxFitRows), options.MaxFitRows);

    static SoftmaxRegression Model(
        ColumnProfile node,
        IReadOnlyList<ColumnProfile> parents,
        FitRows sample,
        double[] marginal,
        ScmOptions options,
        out Design design)
    {
        design = new Design(parents, sample.ParentCodes, sample.FoldStarts);
        return new SoftmaxRegression(design, [.. sample.Rows.Select(row => node.Codes[row])], marginal, options.Ridge);
    }
}
