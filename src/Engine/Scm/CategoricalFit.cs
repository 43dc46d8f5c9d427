using CausalMixFT.Engine.Boosting;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// Fits the mechanism of a column whose values are classes: the simplest of an ordered model (numbers only), multinomial
/// logits on richer and richer bases, and boosted trees that cross-validated log-loss allows.
/// </summary>
sealed class CategoricalFit
{
    // Rows · classes · columns of one pass over the data: some 5 ms in the cross-validation, 100 ms in the last fit.
    const long MostWorkOfFold = 2_500_000;
    const long MostWork = 50_000_000;

    // Mean log-loss settled to six digits; choosing a basis needs four.
    const double Tolerance = 1e-6, ToleranceOfFold = 1e-4;

    const int MostSteps = 100, MostStepsOfFold = 20;

    // The ridge that cross-validation may choose from, as factors on the option's.
    static readonly double[] RidgeFactors = [1, 10, 100];

    readonly int[] _codes;
    readonly int _present;
    readonly IReadOnlyList<ColumnProfile> _parents;
    readonly int _index;
    readonly ScmOptions _options;
    readonly Action<int, Action<int>> _forEach;
    readonly double[] _marginal;
    readonly long _work;
    readonly FitRows _sample;
    readonly Design _design;

    // Each fold's weights: the next logit starts there, on the same rows, and the last fit at those of the first fold.
    readonly double[]?[] _last;

    CategoricalFit(
        int[] codes,
        int[] counts,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        (_codes, _parents, _index, _options, _forEach) = (codes, parents, index, options, forEach);
        _present = counts.Sum();
        _marginal = [.. counts.Select(count => (count + 0.5) / (_present + 0.5 * counts.Length))];

        // Each parent costs one column a pass, or six with hinges.
        _work = counts.Length * (1 + parents.Sum(parent => parent.IsCoded ? 1L : 6));
        _sample = new FitRows(codes, true, parents, index, options, Cap(MostWorkOfFold));
        _design = new Design(parents, _sample.ParentCodes, _sample.FoldStarts);
        _last = new double[_design.Folds][];
    }

    /// <summary>A way to model the classes: its loss on each row, out of fold, and how to fit it to all rows.</summary>
    sealed record Candidate(string Name, double[] Losses, Func<ICausalMechanism> Fit);

    /// <summary>The mechanism of a column whose values are classes.</summary>
    public static (ICausalMechanism Mechanism, FitDiagnostics Fit) Run(
        ColumnProfile node,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        var fit = new CategoricalFit(node.Codes, node.Counts, parents, index, options, forEach);
        var candidates = new List<Candidate>();
        if (OrdinalFit.Run(node, fit._sample, fit._design, options, forEach) is { } ordinal)
        {
            candidates.Add(new("ordinal", ordinal.Losses, () => ordinal.Model));
        }

        candidates.AddRange(fit.Logits());
        if (fit.Trees(options.Boosting, candidates.MinBy(candidate => candidate.Losses.Sum())!.Losses) is { } trees)
        {
            candidates.Add(trees);
        }

        return fit.Choose(candidates);
    }

    /// <summary>
    /// The log-odds of one code against all others; with <paramref name="orNone"/>, their constant where the parents do not
    /// help, called basis "none".
    /// </summary>
    public static (Predictor Gate, FitDiagnostics Fit) Gate(
        ColumnProfile node,
        int code,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach,
        bool orNone = false)
    {
        int[] classes = [.. node.Codes.Select(c => c < 0 ? -1 : c == code ? 1 : 0)];
        int[] counts = [node.Present - node.Counts[code], node.Counts[code]];
        var fit = new CategoricalFit(classes, counts, parents, index, options, forEach);
        List<Candidate> candidates = [.. orNone ? [fit.None()] : Array.Empty<Candidate>(), .. fit.Logits()];
        var (mechanism, diagnostics) = fit.Choose(candidates);
        var both = ((CategoricalMechanism)mechanism).Predictor;
        var terms = both.Terms.Select(term => term with { Weights = Difference(term.Weights) });
        return (new(Difference(both.Intercepts), [.. terms]), diagnostics);

        // Weights are (2 outputs, n).
        static double[] Difference(double[] weights) =>
            [.. weights[(weights.Length / 2)..].Zip(weights, (one, zero) => one - zero)];
    }

    (ICausalMechanism Mechanism, FitDiagnostics Fit) Choose(List<Candidate> candidates)
    {
        int chosen = BasisChoice.OneStandardError(candidates.ConvertAll(candidate => candidate.Losses));
        return (candidates[chosen].Fit(), new(
            _sample.Rows.Length, candidates[chosen].Name, candidates[chosen].Losses.Average(), Constant().Average(), 0, 0, 0,
            _sample.Imputed ? NumericFit.ImputedNote : "",
            BasisChoice.Scores(candidates.ConvertAll(candidate => (candidate.Name, candidate.Losses)), chosen)));
    }

    double[] Constant() => [.. _sample.Rows.Select(row => -Math.Log(_marginal[_codes[row]]))];

    Candidate None() => new("none", Constant(), () => new CategoricalMechanism(new([.. _marginal.Select(share => Math.Log(share))], [])));

    // Logits on every basis, with the ridge that suits the simplest. With one fold nothing can be left out, and the simplest
    // is taken unseen.
    IEnumerable<Candidate> Logits()
    {
        var sets = _design.Candidates().ToArray();
        if (_design.Folds < 2)
        {
            return [new(Name(sets[0]), Constant(), () => FitLogit(sets[0], _options.Ridge))];
        }

        double ridge = _options.Ridge;
        var model = Model(_sample, _design, ridge);
        double[] losses = OutOfFold(model, sets[0]);
        foreach (double factor in RidgeFactors.Skip(1))
        {
            var stiffer = Model(_sample, _design, _options.Ridge * factor);
            double[] stifferLosses = OutOfFold(stiffer, sets[0]);
            if (stifferLosses.Sum() >= losses.Sum())
            {
                break;
            }

            (ridge, model, losses) = (_options.Ridge * factor, stiffer, stifferLosses);
        }

        return
        [
            new(Name(sets[0]), losses, () => FitLogit(sets[0], ridge)),
            .. sets.Skip(1).Select(set => new Candidate(Name(set), OutOfFold(model, set), () => FitLogit(set, ridge))),
        ];

        static string Name(BasisSet set) => set.ToString().ToLowerInvariant();
    }

    // On all rows that time allows, which may be more than the folds had.
    CategoricalMechanism FitLogit(BasisSet set, double ridge)
    {
        var (sample, design) = (_sample, _design);
        int rows = Cap(MostWork);
        if (rows > sample.Rows.Length && sample.Rows.Length < _present)
        {
            sample = new FitRows(_codes, true, _parents, _index, _options, rows);
            design = new Design(_parents, sample.ParentCodes, sample.FoldStarts);
        }

        double[] weights = Model(sample, design, ridge).Fit(set, null, Tolerance, MostSteps, _last[0]);
        return new(design.ToPredictor(set, weights, _marginal.Length));
    }

    Candidate? Trees(BoostingOptions? boosting, double[] rival) =>
        BoostedFit.Classes(
            new BoostingRows(_parents, _sample), ClassesOf(_sample), _marginal.Length, rival, boosting, _options.Seed,
            _forEach) is { } trees
            ? new("trees", trees.Losses, () => new CategoricalMechanism(trees.Predictor))
            : null;

    SoftmaxRegression Model(FitRows sample, Design design, double ridge) => new(design, ClassesOf(sample), _marginal, ridge);

    int[] ClassesOf(FitRows sample) => [.. sample.Rows.Select(row => _codes[row])];

    double[] OutOfFold(SoftmaxRegression model, BasisSet set)
    {
        var losses = new double[_design.Rows];
        _forEach(_design.Folds, fold =>
        {
            _last[fold] = model.Fit(set, fold, ToleranceOfFold, MostStepsOfFold, _last[fold]);
            model.Losses(_last[fold]!, set, fold, losses);
        });

        return losses;
    }

    int Cap(long work) => (int)Math.Clamp(work / _work, Math.Min(1000, _options.MaxFitRows), _options.MaxFitRows);
}
