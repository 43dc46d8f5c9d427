namespace CausalMixFT.Engine.Evaluation;

/// <summary>How probabilities become a class.</summary>
/// <remarks>
/// Two classes: the rarer one (in training) when its probability reaches <see cref="Threshold"/>. More: the class whose
/// probability times its weight is largest, the first of several.
/// </remarks>
public sealed record DecisionRule
{
    // Passes over the classes; the macro F1 of a validation set stops rising after one or two.
    const int MostPasses = 3;

    DecisionRule(int minority, double? threshold, double[] weights)
    {
        Minority = minority;
        Threshold = threshold;
        Weights = weights;
    }

    /// <summary>The class rarest in training.</summary>
    public int Minority { get; }

    /// <summary>The least probability of the rarer of two classes; null when there are more.</summary>
    public double? Threshold { get; }

    /// <summary>What each of three or more classes' probability is multiplied with; empty for two.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>The class with the smallest prior, the last of several.</summary>
    public static int RarestOf(ReadOnlySpan<double> prior)
    {
        int rarest = 0;
        for (int c = 1; c < prior.Length; c++)
        {
            rarest = prior[c] <= prior[rarest] ? c : rarest;
        }

        return rarest;
    }

    /// <summary>The share of each class among labels.</summary>
    public static double[] PriorOf(ReadOnlySpan<int> labels, int classes)
    {
        var prior = new double[classes];
        foreach (int label in labels)
        {
            prior[label]++;
        }

        for (int c = 0; c < classes; c++)
        {
            prior[c] /= labels.Length;
        }

        return prior;
    }

    /// <summary>The likeliest class: threshold ½, or the largest probability.</summary>
    public static DecisionRule Half(ReadOnlySpan<double> trainingPrior) => trainingPrior.Length == 2
        ? new(RarestOf(trainingPrior), 0.5, [])
        : new(RarestOf(trainingPrior), null, [.. Enumerable.Repeat(1.0, trainingPrior.Length)]);

    /// <summary>
    /// The class that is likelier than it was before the row was seen: threshold at the prior, or the largest
    /// p / prior.
    /// </summary>
    public static DecisionRule Prior(ReadOnlySpan<double> trainingPrior)
    {
        int rarest = RarestOf(trainingPrior);
        if (trainingPrior.Length == 2)
        {
            return new(rarest, trainingPrior[rarest], []);
        }

        var weights = new double[trainingPrior.Length];
        for (int c = 0; c < weights.Length; c++)
        {
            // A class that training never saw cannot be predicted.
            weights[c] = trainingPrior[c] > 0 ? 1 / trainingPrior[c] : 0;
        }

        return new(rarest, null, weights);
    }

    /// <summary>The rule that does best on validation rows.</summary>
    /// <remarks>
    /// Two classes: of the mid-points between neighbouring scores, the one with the largest F1 of the rarer class, and of
    /// equals the one nearest the prior. More: one weight after another, each moved to the mid-point with the largest macro
    /// F1 while the others stay, from the better of <see cref="Half"/> and <see cref="Prior"/>, in at most three passes.
    /// Rows that cannot tell (one score, or no row of the rarer class) leave the rule of <see cref="Prior"/>.
    /// </remarks>
    public static DecisionRule Tune(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, ReadOnlySpan<double> trainingPrior)
    {
        Check(probabilities, labels.Length, trainingPrior.Length);
        return trainingPrior.Length == 2 ? TuneThreshold(probabilities, labels, trainingPrior)
            : TuneWeights(probabilities, labels, trainingPrior);
    }

    /// <summary>The class of every row of (rows, classes) probabilities.</summary>
    public int[] Predict(ReadOnlySpan<float> probabilities)
    {
        int classes = Threshold is null ? Weights.Count : 2;
        var predicted = new int[probabilities.Length / classes];
        for (int row = 0; row < predicted.Length; row++)
        {
            var p = probabilities.Slice(row * classes, classes);
            predicted[row] = Threshold is double threshold
                ? (p[Minority] >= threshold ? Minority : 1 - Minority)
                : Best(p, Weights, except: -1);
        }

        return predicted;
    }

    internal static void Check(ReadOnlySpan<float> probabilities, int rows, int classes)
    {
        if (classes < 2 || probabilities.Length != rows * classes)
        {
            throw new ArgumentException(
                $"{probabilities.Length} probabilities are not {rows} rows of {classes} classes.",
                nameof(probabilities));
        }
    }

    static DecisionRule TuneThreshold(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, ReadOnlySpan<double> prior)
    {
        var fallback = Prior(prior);
        int rarest = fallback.Minority;
        var scores = new float[labels.Length];
        var hits = new bool[labels.Length];
        for (int row = 0; row < scores.Length; row++)
        {
            scores[row] = probabilities[2 * row + rarest];
            hits[row] = labels[row] == rarest;
        }

        // Falling thresholds: every step predicts a few more rows to be of the rarer class.
        Array.Sort(scores, hits);
        int positives = hits.AsSpan().Count(true), found = 0;
        double best = 0;
        double? threshold = null;
        for (int row = scores.Length - 1; row > 0; row--)
        {
            found += hits[row] ? 1 : 0;
            if (scores[row - 1] == scores[row])
            {
                continue;
            }

            double f1 = 2.0 * found / (positives + scores.Length - row);
            double middle = ((double)scores[row - 1] + scores[row]) / 2;
            if (f1 > best || (f1 == best && threshold is double other
                && Math.Abs(middle - prior[rarest]) < Math.Abs(other - prior[rarest])))
            {
                (best, threshold) = (f1, middle);
            }
        }

        return threshold is null ? fallback : new(rarest, threshold, []);
    }

    static DecisionRule TuneWeights(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, ReadOnlySpan<double> prior)
    {
        var start = Prior(prior);
        double best = MacroF1(start, probabilities, labels, prior.Length);
        var half = Half(prior);
        double bestOfHalf = MacroF1(half, probabilities, labels, prior.Length);
        if (bestOfHalf > best)
        {
            (start, best) = (half, bestOfHalf);
        }

        double[] weights = [.. start.Weights];
        for (int pass = 0; pass < MostPasses; pass++)
        {
            double before = best;
            for (int c = 0; c < weights.Length; c++)
            {
                best = MoveWeight(probabilities, labels, weights, c, best);
            }

            if (best == before)
            {
                break;
            }
        }

        return new(start.Minority, null, weights);
    }

    static double MacroF1(DecisionRule rule, ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, int classes) =>
        LabelScores.Compute(rule.Predict(probabilities), labels, classes, rule.Minority).F1Macro;

    // As c's weight rises, row after row goes over to c, each when p_c w_c passes the best of the other classes.
    static double MoveWeight(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<int> labels, double[] weights, int c, double best)
    {
        int classes = weights.Length;
        var counts = new ConfusionCounts(classes);
        var turns = new List<(double Weight, int Row, int From)>();
        for (int row = 0; row < labels.Length; row++)
        {
            var p = probabilities.Slice(row * classes, classes);
            int other = Best(p, weights, except: c);
            counts.Add(labels[row], other);
            double turn = p[other] * weights[other] / p[c];
            if (double.IsFinite(turn))
            {
                turns.Add((turn, row, other));
            }
        }

        turns.Sort();
        for (int i = 0; i < turns.Count; i++)
        {
            counts.Change(labels[turns[i].Row], turns[i].From, c);
            if (i + 1 < turns.Count && turns[i + 1].Weight > turns[i].Weight)
            {
                double f1 = counts.F1Macro();
                if (f1 > best)
                {
                    best = f1;
                    weights[c] = (turns[i].Weight + turns[i + 1].Weight) / 2;
                }
            }
        }

        return best;
    }

    static int Best(ReadOnlySpan<float> p, IReadOnlyList<double> weights, int except)
    {
        int best = -1;
        for (int c = 0; c < p.Length; c++)
        {
            if (c != except && (best < 0 || p[c] * weights[c] > p[best] * weights[best]))
            {
                best = c;
            }
        }

        return best;
    }
}
