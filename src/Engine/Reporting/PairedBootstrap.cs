using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The uncertainty of ROC-AUC, and of differences between models, that comes from having scored these test rows and no others.</summary>
/// <remarks>
/// Each resample draws test rows with replacement within each class, the same rows for all models, and computes ROC-AUC
/// as <see cref="Evaluation.ClassificationScores"/> does. Resample r of a seed is always the same.
/// </remarks>
sealed class PairedBootstrap
{
    const uint Purpose = 0x626F6F74; // "boot" in ASCII
    const double Tail = 0.025;

    readonly double[][] _areas; // of each model, one for each resample

    /// <summary>Resamples the test rows.</summary>
    /// <param name="models">(rows, classes) probabilities of each model.</param>
    /// <param name="labels">The true class of each row.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="minority">The class that is ranked when there are two.</param>
    /// <param name="seed">Draws the rows.</param>
    /// <param name="resamples">How often.</param>
    public PairedBootstrap(IReadOnlyList<float[]> models, int[] labels, int classes, int minority, ulong seed, int resamples = 1000)
    {
        int[][] rowsOfClass = [.. Enumerable.Range(0, classes)
            .Select(c => Enumerable.Range(0, labels.Length).Where(row => labels[row] == c).ToArray())];
        int[] ranked = [.. Enumerable.Range(0, classes)
            .Where(c => (classes > 2 || c == minority) && rowsOfClass[c].Length > 0 && rowsOfClass[c].Length < labels.Length)];
        Ranking[][] rankings = [.. models.Select(
            model => ranked.Select(c => new Ranking(model, labels, classes, c)).ToArray())];
        _areas = [.. models.Select(_ => new double[resamples])];

        var random = new Philox(seed).Branch(Purpose);
        var drawn = new int[labels.Length];
        for (int resample = 0; resample < resamples; resample++)
        {
            Array.Clear(drawn);
            for (int c = 0; c < classes; c++)
            {
                int[] rows = rowsOfClass[c];
                for (int i = 0; i < rows.Length; i++)
                {
                    drawn[rows[random.Below(rows.Length, (uint)i, (uint)resample, (uint)c)]]++;
                }
            }

            for (int model = 0; model < models.Count; model++)
            {
                _areas[model][resample] = rankings[model].Select(ranking => ranking.RocAuc(drawn)).DefaultIfEmpty(double.NaN).Average();
            }
        }
    }

    /// <summary>The 2.5 % and 97.5 % quantiles of one model's ROC-AUC minus another's.</summary>
    public (double Low, double High) Difference(int model, int other)
    {
        double[] sorted = [.. _areas[model].Zip(_areas[other], (a, b) => a - b).Order()];
        return (Quantile(Tail), Quantile(1 - Tail));

        double Quantile(double share)
        {
            double place = share * (sorted.Length - 1);
            int below = (int)place, above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
        }
    }

    // Rows by rising probability of a class: sorted once, each resample only counts.
    sealed class Ranking
    {
        readonly int[] _rows;
        readonly bool[] _tiedWithNext, _isPositive;

        public Ranking(float[] probabilities, int[] labels, int classes, int c)
        {
            _rows = [.. Enumerable.Range(0, labels.Length).OrderBy(row => probabilities[row * classes + c])];
            _isPositive = [.. _rows.Select(row => labels[row] == c)];
            _tiedWithNext = [.. _rows.Select((row, i) =>
                i + 1 < _rows.Length && probabilities[row * classes + c] == probabilities[_rows[i + 1] * classes + c])];
        }

        // The share of pairs (positive, negative) in which the positive one ranks higher, ties half.
        public double RocAuc(int[] drawn)
        {
            double above = 0, below = 0, positives = 0, tiedPositives = 0, tiedNegatives = 0;
            for (int i = 0; i < _rows.Length; i++)
            {
                int times = drawn[_rows[i]];
                _ = _isPositive[i] ? tiedPositives += times : tiedNegatives += times;
                if (!_tiedWithNext[i])
                {
                    above += tiedPositives * (below + tiedNegatives / 2);
                    positives += tiedPositives;
                    below += tiedNegatives;
                    (tiedPositives, tiedNegatives) = (0, 0);
                }
            }

            return above / (positives * below);
        }
    }
}
