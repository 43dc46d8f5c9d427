using System.Globalization;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// Fits an <see cref="AdditiveNoiseModel"/> or, where that misses the marginal, a <see cref="PostNonlinearModel"/>.
/// </summary>
/// <remarks>
/// On each of two scales, X standardised and the normal scores of its ranks, f is a basis or boosted trees and noise has
/// one width or one that depends on the parents; the continuous ranked probability score of the out-of-fold predictive
/// distributions chooses, the simpler unless the richer is better by more than a standard error. Noise is the
/// out-of-fold errors, for errors on rows that f has seen are too small. Between the two scales decides
/// 1. an atom: a value in more than 30 % of rows gets a probability of its own (<see cref="TwoPartModel"/>) and all of
///    this is done on the other rows; one in more than 10 % has no additive-noise model, so the link is used;
/// 2. the marginal: where the additive model's sampled column is farther from the observed one than chance allows
///    (Kolmogorov's distance above 1 / √n, where the largest of 52 true additive models gave 0.89, and above 0.02), the
///    link is used;
/// 3. else the score, by the one-standard-error rule in favour of the additive model.
/// </remarks>
sealed class NumericFit
{
    public const string ImputedNote =
        "few complete rows: missing parents were read as their median or most frequent value";

    const double LargestAtom = 0.1, SmallestGatedAtom = 0.3;
    const double LargestDistance = 0.02;

    // Values that many rows share are kept as a list; else the link interpolates and gives values between observed
    // ones.
    const int MostListedValues = 2048, FewestRowsPerListedValue = 10;
    const int MostLinkKnots = 2048;

    // Noise draws per row behind the link's quantiles, and residuals behind a predictive distribution's score.
    const int DrawsPerRow = 16, MostDraws = 1_000_000, ScoredResiduals = 64, MostScoredKnots = 512;

    // A link must lower the score by this share: what it takes from noise at 4000 rows is below 0.25 %.
    const double SmallestGain = 0.005;

    // The ridge that cross-validation may choose from, as factors on the option's.
    static readonly double[] RidgeFactors = [1, 10, 100];

    readonly ColumnProfile _node;
    readonly ScmOptions _options;
    readonly FitRows _sample;
    readonly Design _design;
    readonly RidgeRegression _regression;
    readonly BoostingRows _boosting;
    readonly int _index;
    readonly Action<int, Action<int>> _forEach;

    // How often each value occurs in the rows that are modelled: all, or all without the atom.
    readonly int[] _counts;
    readonly int _present;

    NumericFit(
        ColumnProfile node,
        int? atom,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        (_node, _options, _index, _forEach) = (node, options, index, forEach);
        _counts = [.. node.Counts];
        int[] codes = node.Codes;
        if (atom is { } left)
        {
            _counts[left] = 0;
            codes = [.. codes.Select(code => code == left ? -1 : code)];
        }

        _present = _counts.Sum();
        _sample = new FitRows(codes, false, parents, index, options, options.MaxFitRows);
        _design = new Design(parents, _sample.ParentCodes, _sample.FoldStarts);
        _regression = new RidgeRegression(_design);
        _boosting = new BoostingRows(parents, _sample);
    }

    public static (ICausalMechanism Mechanism, Support Support, FitDiagnostics Fit) Run(
        ColumnProfile node,
        IReadOnlyList<ColumnProfile> parents,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
    {
        int atom = node.ModeCode;
        double share = (double)node.Counts[atom] / node.Present;
        if (share < SmallestGatedAtom)
        {
            return new NumericFit(node, null, parents, index, options, forEach).Choose();
        }

        var (gate, gateFit) = CategoricalFit.Gate(node, atom, parents, index, options, forEach);
        var (body, support, fit) = new NumericFit(node, atom, parents, index, options, forEach).Choose();
        string note = string.Create(CultureInfo.InvariantCulture,
            $"{node.Values[atom]} in {100 * share:F1} % of rows has its own probability: "
            + $"log-loss {gateFit.Loss:F4}, without parents {gateFit.NullLoss:F4}");
        return (new TwoPartModel(node.Values[atom], gate, body), support, fit with { Note = note });
    }

    (ICausalMechanism Mechanism, Support Support, FitDiagnostics Fit) Choose()
    {
        var (linked, linkedScores) = Fit(ColumnProfile.NormalScores(_counts));
        double largestAtom = (double)_counts.Max() / _present;
        if (largestAtom <= LargestAtom)
        {
            var (additive, scores) = Fit(_node.Standardised);
            var range = _node.RangeSupport();
            double[] sampled = Sampled(additive);
            for (int i = 0; i < sampled.Length; i++)
            {
                sampled[i] = Math.Clamp(range.Centre + range.Spread * sampled[i], range.Min, range.Max);
                if (range.Grid > 0)
                {
                    sampled[i] = range.Min + Math.Round((sampled[i] - range.Min) / range.Grid) * range.Grid;
                }
            }

            double distance = Distance(sampled);
            double critical = Math.Max(LargestDistance, 1 / Math.Sqrt(_sample.Rows.Length));
            if (distance <= critical && !LinkIsBetter(additive, linked))
            {
                var mechanism = new AdditiveNoiseModel(
                    additive.Location.Predictor, additive.Location.Fitted, additive.Residuals, additive.Scale);
                return (mechanism, range, Diagnostics(additive, scores, _node.Standardised));
            }
        }

        bool listed = _node.Values.Length <= Math.Min(MostListedValues, _present / FewestRowsPerListedValue);
        double[] scale = Sampled(linked);
        Array.Sort(scale);
        var model = new PostNonlinearModel(
            linked.Location.Predictor,
            linked.Location.Fitted,
            linked.Residuals,
            listed ? Thresholds(scale) : null,
            listed ? null : Link(scale),
            linked.Scale);
        var fit = Diagnostics(linked, linkedScores, ColumnProfile.NormalScores(_counts));
        return (model, listed ? _node.ListSupport() : _node.RangeSupport(), fit);
    }

    // The best candidate for a response, given for each distinct value, and the scores of all.
    (NoisyFit Best, IReadOnlyList<CandidateScore> Scores) Fit(double[] responseOfCode)
    {
        double[] response = Response(responseOfCode);
        double[] ridges = [.. RidgeFactors.Select(factor => factor * _options.Ridge)];
        var candidates = new List<NoisyFit>();
        var linear = LocationFit.Linear(_design, _regression, response, ridges);
        Add(linear);
        if (BoostedFit.Location(_boosting, response, linear, _options, _forEach) is { } trees)
        {
            Add(trees);
        }

        int chosen = BasisChoice.OneStandardError([.. candidates.Select(candidate => candidate.Scores)]);
        return (candidates[chosen], BasisChoice.Scores(candidates.ConvertAll(c => (c.Name, c.Scores)), chosen));

        void Add(LocationFit location)
        {
            candidates.Add(NoisyFit.Constant(location, _options.MaxResiduals));
            if (NoisyFit.Scaled(location, _design, _regression, ridges[0], _options.MaxResiduals) is { } scaled)
            {
                candidates.Add(scaled);
            }
        }
    }

    double[] Response(double[] responseOfCode) => [.. _sample.Rows.Select(row => responseOfCode[_node.Codes[row]])];

    FitDiagnostics Diagnostics(NoisyFit fit, IReadOnlyList<CandidateScore> scores, double[] responseOfCode)
    {
        double[] response = Response(responseOfCode);
        double mean = response.Average(), variance = response.Average(y => (y - mean) * (y - mean));
        double deviation = Math.Sqrt(fit.Location.Errors.Average(error => error * error));
        return new(
            _design.Rows,
            fit.Name,
            variance > 0 ? fit.Location.Losses.Average() / variance : 0,
            1,
            deviation,
            fit.Location.OutOfFoldDeviation,
            fit.Location.InSampleDeviation,
            _sample.Imputed ? ImputedNote : "",
            scores);
    }

    // What the model gives before its link at the observed parents: f + s · N, with N drawn from the residuals.
    double[] Sampled(NoisyFit candidate) => Sampled(candidate, [.. Enumerable.Range(0, _design.Rows)]);

    double[] Sampled(NoisyFit candidate, int[] rows)
    {
        var random = new Philox(_options.Seed).Branch(0x6C696E6B); // "link"
        int draws = Math.Max(1, Math.Min(DrawsPerRow, MostDraws / rows.Length));
        var values = new double[rows.Length * draws];
        for (int i = 0; i < values.Length; i++)
        {
            int pick = random.Below(candidate.Residuals.Length, (uint)i, (uint)_index);
            int row = rows[i % rows.Length];
            values[i] = candidate.Location.Predicted[row] + Math.Exp(candidate.LogScaleOf(row)) * candidate.Residuals[pick];
        }

        return values;
    }

    // Kolmogorov's distance of sampled values from the observed column.
    double Distance(double[] sampled)
    {
        Array.Sort(sampled);
        double largest = 0, below = 0;
        int place = 0;
        for (int i = 0; i < _node.Values.Length; i++)
        {
            // Just below the value and at it; half a grid step allows for rounding.
            double slack = 1e-9 * (Math.Abs(_node.Values[i]) + _node.Spread);
            place = Advance(sampled, place, _node.Values[i] - slack);
            largest = Math.Max(largest, Math.Abs(below / _present - (double)place / sampled.Length));
            below += _counts[i];
            place = Advance(sampled, place, _node.Values[i] + slack);
            largest = Math.Max(largest, Math.Abs(below / _present - (double)place / sampled.Length));
        }

        return largest;

        static int Advance(double[] sorted, int from, double value)
        {
            while (from < sorted.Length && sorted[from] <= value)
            {
                from++;
            }

            return from;
        }
    }

    // Thresholds between values: at the same cumulated shares on the model's own scale.
    double[] Thresholds(double[] scale)
    {
        var thresholds = new double[_node.Values.Length - 1];
        long below = 0;
        for (int i = 0; i < thresholds.Length; i++)
        {
            below += _counts[i];
            thresholds[i] = OrderStatistics.Quantile(scale, (double)below / _present);
        }

        return thresholds;
    }

    // Quantiles of the model's own scale against quantiles of the column.
    Curve Link(double[] scale)
    {
        int knots = Math.Min(_present, MostLinkKnots);
        double[] at = new double[knots + 2], to = new double[knots + 2];
        int code = Array.FindIndex(_counts, count => count > 0);
        long upTo = _counts[code];
        (at[0], to[0]) = (scale[0], _node.Standardised[code]);
        (at[^1], to[^1]) = (scale[^1], _node.Standardised[Array.FindLastIndex(_counts, count => count > 0)]);
        for (int i = 0; i < knots; i++)
        {
            double p = (i + 0.5) / knots;
            while (upTo < p * _present && code + 1 < _node.Values.Length)
            {
                upTo += _counts[++code];
            }

            at[i + 1] = OrderStatistics.Quantile(scale, p);
            to[i + 1] = _node.Standardised[code];
        }

        return new(at, to);
    }

    // Whether the link's predictive distributions score better than the additive ones: by more than one standard error,
    // and by more than a link's thousands of knots are worth. Each fold is scored with a link made without it.
    bool LinkIsBetter(NoisyFit additive, NoisyFit linked)
    {
        double[] noise = OrderStatistics.Thin(additive.Residuals, ScoredResiduals);
        double[] linkedNoise = OrderStatistics.Thin(linked.Residuals, ScoredResiduals);
        double low = _node.Standardised[0], high = _node.Standardised[^1];
        double[] additiveLosses = new double[_design.Rows], linkedLosses = new double[_design.Rows];
        var ensemble = new double[Math.Max(noise.Length, linkedNoise.Length)];
        for (int fold = 0; fold < _design.Folds; fold++)
        {
            var link = LinkWithout(fold, linked);
            for (int row = _design.FoldStarts[fold]; row < _design.FoldStarts[fold + 1]; row++)
            {
                double observed = _node.Standardised[_node.Codes[_sample.Rows[row]]];
                double width = Math.Exp(additive.LogScaleOf(row)), linkedWidth = Math.Exp(linked.LogScaleOf(row));
                for (int i = 0; i < noise.Length; i++)
                {
                    ensemble[i] = Math.Clamp(additive.Location.Predicted[row] + width * noise[i], low, high);
                }

                additiveLosses[row] = Score(ensemble.AsSpan(0, noise.Length), observed);
                for (int i = 0; i < linkedNoise.Length; i++)
                {
                    ensemble[i] = Equation.Interpolate(link, linked.Location.Predicted[row] + linkedWidth * linkedNoise[i]);
                }

                linkedLosses[row] = Score(ensemble.AsSpan(0, linkedNoise.Length), observed);
            }
        }

        return BasisChoice.OneStandardError([additiveLosses, linkedLosses]) == 1
            && linkedLosses.Sum() < (1 - SmallestGain) * additiveLosses.Sum();
    }

    // The link of all folds but one: quantiles of f + N and of the column over their rows.
    Curve LinkWithout(int fold, NoisyFit linked)
    {
        int start = _design.FoldStarts[fold], end = _design.FoldStarts[fold + 1], rows = _design.Rows - (end - start);
        int[] others = [.. Enumerable.Range(0, _design.Rows).Where(row => row < start || row >= end)];
        if (rows == 0)
        {
            others = [.. Enumerable.Range(0, _design.Rows)];
        }

        double[] scale = Sampled(linked, others);
        Array.Sort(scale);
        double[] observed = [.. others.Select(row => _node.Standardised[_node.Codes[_sample.Rows[row]]]).Order()];
        int[] places = OrderStatistics.Places(observed.Length, MostScoredKnots);
        return new(
            [.. places.Select(i => OrderStatistics.Quantile(scale, (i + 0.5) / observed.Length))],
            [.. places.Select(i => observed[i])]);
    }

    // CRPS of an ascending ensemble: mean |x − y| − ½ mean |x − x'| (Gneiting and Raftery 2007, eq. 21).
    static double Score(ReadOnlySpan<double> ensemble, double observed)
    {
        double error = 0, spread = 0;
        int m = ensemble.Length;
        for (int i = 0; i < m; i++)
        {
            error += Math.Abs(ensemble[i] - observed);
            spread += (2 * i + 1 - m) * ensemble[i];
        }

        return error / m - spread / ((double)m * m);
    }
}
