namespace CausalMixFT.Engine.Pretraining;

/// <summary>Tells tables whose features say something about the class from those that are noise to any learner.</summary>
/// <remarks>
/// A small forest of random trees (Geurts, Ernst and Wehenkel, 2006), each grown on half of the rows and judged on the
/// others: the prior of TabICL (Qu et al., 2025) is filtered likewise. What is measured is the chance that a row of a class
/// gets more votes for it than a row of another, the mean over classes.
/// </remarks>
sealed class LearnableScreen(DrawSequence draw, TableShape shape)
{
    const int Trees = 12, Depth = 6, Candidates = 5, FewestRows = 4;

    readonly int _rows = shape.Rows;
    readonly int _classes = shape.Classes;

    /// <summary>The area under the curve of receiver operating characteristics, of rows that a tree was not grown on.</summary>
    public double Auc(ReadOnlySpan<float> features, ReadOnlySpan<int> labels)
    {
        var votes = new float[_rows * _classes];
        var counts = new int[_classes];
        for (int tree = 0; tree < Trees; tree++)
        {
            var rows = draw.Permutation(_rows);
            Grow(features, labels, rows.AsSpan(0, _rows / 2), rows.AsSpan(_rows / 2), Depth, votes);
        }

        foreach (int label in labels)
        {
            counts[label]++;
        }

        double sum = 0;
        int shown = 0;
        for (int k = 0; k < _classes; k++)
        {
            if (counts[k] > 0)
            {
                sum += Auc(votes, labels, k, counts[k]);
                shown++;
            }
        }

        return sum / shown;
    }

    // Splits the rows that grow the tree, and along with them those that are judged, which get a leaf's shares as votes.
    void Grow(ReadOnlySpan<float> features, ReadOnlySpan<int> labels, Span<int> grown, Span<int> judged, int depth, float[] votes)
    {
        if (judged.IsEmpty)
        {
            return;
        }

        if (depth == 0 || grown.Length < FewestRows || !TryChoose(features, labels, grown, out int feature, out float threshold))
        {
            Vote(labels, grown, judged, votes);
            return;
        }

        int split = Partition(features, grown, feature, threshold), judgedSplit = Partition(features, judged, feature, threshold);
        Grow(features, labels, grown[..split], judged[..judgedSplit], depth - 1, votes);
        Grow(features, labels, grown[split..], judged[judgedSplit..], depth - 1, votes);
    }

    bool TryChoose(
        ReadOnlySpan<float> features, ReadOnlySpan<int> labels, ReadOnlySpan<int> rows, out int feature, out float threshold)
    {
        (feature, threshold) = (-1, 0);
        double best = 0;
        Span<int> left = stackalloc int[_classes], right = stackalloc int[_classes];
        for (int candidate = 0; candidate < Candidates; candidate++)
        {
            int column = draw.Below(shape.Columns);
            float cut = features[rows[draw.Below(rows.Length)] * shape.Columns + column];
            left.Clear();
            right.Clear();
            foreach (int row in rows)
            {
                (features[row * shape.Columns + column] > cut ? right : left)[labels[row]]++;
            }

            // Purer halves have larger sums of squares: this is Gini's gain up to what all candidates share.
            double purity = Purity(left) + Purity(right);
            if (right.IndexOfAnyExcept(0) >= 0 && purity > best)
            {
                (best, feature, threshold) = (purity, column, cut);
            }
        }

        return feature >= 0;
    }

    static double Purity(ReadOnlySpan<int> counts)
    {
        double sum = 0, squares = 0;
        foreach (int count in counts)
        {
            sum += count;
            squares += (double)count * count;
        }

        return sum == 0 ? 0 : squares / sum;
    }

    // Rows that are not above the threshold first, missing cells among them; returns how many.
    int Partition(ReadOnlySpan<float> features, Span<int> rows, int feature, float threshold)
    {
        int below = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            if (!(features[rows[i] * shape.Columns + feature] > threshold))
            {
                (rows[below], rows[i]) = (rows[i], rows[below]);
                below++;
            }
        }

        return below;
    }

    void Vote(ReadOnlySpan<int> labels, ReadOnlySpan<int> grown, ReadOnlySpan<int> judged, float[] votes)
    {
        Span<float> shares = stackalloc float[_classes];
        foreach (int row in grown)
        {
            shares[labels[row]] += 1f / grown.Length;
        }

        foreach (int row in judged)
        {
            for (int k = 0; k < _classes; k++)
            {
                votes[row * _classes + k] += shares[k];
            }
        }
    }

    // Mann and Whitney: from the mid-ranks of the class's rows.
    double Auc(float[] votes, ReadOnlySpan<int> labels, int k, int count)
    {
        var keys = new float[_rows];
        var order = new int[_rows];
        for (int row = 0; row < _rows; row++)
        {
            (keys[row], order[row]) = (votes[row * _classes + k], row);
        }

        Array.Sort(keys, order);
        double ranks = 0;
        for (int start = 0; start < _rows;)
        {
            int end = start, hits = 0;
            for (; end < _rows && keys[end] == keys[start]; end++)
            {
                hits += labels[order[end]] == k ? 1 : 0;
            }

            ranks += hits * (start + end + 1) / 2.0;
            start = end;
        }

        return (ranks - count * (count + 1.0) / 2) / ((double)count * (_rows - count));
    }
}
