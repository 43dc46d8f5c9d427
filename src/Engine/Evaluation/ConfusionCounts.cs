namespace CausalMixFT.Engine.Evaluation;

/// <summary>How often each class is true, predicted, and both: enough for every metric of hard labels.</summary>
sealed class ConfusionCounts(int classes)
{
    readonly long[] _true = new long[classes];
    readonly long[] _predicted = new long[classes];
    readonly long[] _both = new long[classes];

    public void Add(int label, int prediction)
    {
        _true[label]++;
        _predicted[prediction]++;
        _both[label] += label == prediction ? 1 : 0;
    }

    /// <summary>Takes back one prediction and makes another for the same row.</summary>
    public void Change(int label, int from, int to)
    {
        _predicted[from]--;
        _both[label] -= label == from ? 1 : 0;
        _predicted[to]++;
        _both[label] += label == to ? 1 : 0;
    }

    public double F1(int c)
    {
        long either = _true[c] + _predicted[c];
        return either == 0 ? double.NaN : 2.0 * _both[c] / either;
    }

    public double F1Macro()
    {
        double sum = 0;
        int met = 0;
        for (int c = 0; c < classes; c++)
        {
            double f1 = F1(c);
            sum += double.IsNaN(f1) ? 0 : f1;
            met += double.IsNaN(f1) ? 0 : 1;
        }

        return sum / met;
    }

    public double BalancedAccuracy()
    {
        double sum = 0;
        int met = 0;
        for (int c = 0; c < classes; c++)
        {
            sum += _true[c] == 0 ? 0 : (double)_both[c] / _true[c];
            met += _true[c] == 0 ? 0 : 1;
        }

        return sum / met;
    }

    /// <summary>The geometric mean of recall over the true classes: 0 as soon as one class is never recognised.</summary>
    public double GMean()
    {
        double product = 1;
        int met = 0;
        for (int c = 0; c < classes; c++)
        {
            product *= _true[c] == 0 ? 1 : (double)_both[c] / _true[c];
            met += _true[c] == 0 ? 0 : 1;
        }

        return met == 0 ? double.NaN : Math.Pow(product, 1.0 / met);
    }

    public double Accuracy() => (double)_both.Sum() / _true.Sum();

    // Gorodkin (2004): with n rows, c right, t_k true and p_k predicted of class k,
    // (c n − Σ t_k p_k) / √((n² − Σ p_k²)(n² − Σ t_k²)).
    public double Matthews()
    {
        double rows = _true.Sum(), right = _both.Sum(), cross = 0, predicted = 0, actual = 0;
        for (int c = 0; c < classes; c++)
        {
            cross += (double)_true[c] * _predicted[c];
            predicted += (double)_predicted[c] * _predicted[c];
            actual += (double)_true[c] * _true[c];
        }

        double spreadOfTrue = rows * rows - actual, spreadOfPredicted = rows * rows - predicted;
        return spreadOfTrue == 0 ? double.NaN
            : spreadOfPredicted == 0 ? 0
            : (right * rows - cross) / Math.Sqrt(spreadOfPredicted * spreadOfTrue);
    }
}
