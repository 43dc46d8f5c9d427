using CausalMixFT.Engine.Boosting;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>A well-known classifier that stands for whatever a reader would train on the rows.</summary>
abstract class ReferenceClassifier
{
    /// <summary>Its name in reports.</summary>
    public abstract string Name { get; }

    /// <summary>Logistic regression, which sees every column by itself.</summary>
    public static ReferenceClassifier Logistic { get; } = new LogisticClassifier();

    /// <summary>Boosted trees with LightGBM's defaults, which see how columns hang together.</summary>
    public static ReferenceClassifier Boosted { get; } = new BoostedTreesClassifier();

    /// <summary>Those that reports show.</summary>
    public static IReadOnlyList<ReferenceClassifier> All { get; } = [Boosted, Logistic];

    /// <summary>Trains on rows with labels and gives (rows, classes) probabilities of other rows, row-major.</summary>
    /// <param name="train">Training rows.</param>
    /// <param name="labels">Their classes, of which two occur at the least.</param>
    /// <param name="classes">How many classes there are.</param>
    /// <param name="rows">Rows of the same columns; a level has the same index in both.</param>
    public abstract float[] Probabilities(Table train, int[] labels, int classes, Table rows);

    // More than two classes: each against the rest, normalised.
    sealed class LogisticClassifier : ReferenceClassifier
    {
        public override string Name => "logistic regression";

        public override float[] Probabilities(Table train, int[] labels, int classes, Table rows)
        {
            var design = DesignMatrix.Fit(train);
            double[] features = design.Encode(train), others = design.Encode(rows);
            var scores = new double[classes][];
            for (int c = classes == 2 ? 1 : 0; c < classes; c++)
            {
                bool[] positives = Array.ConvertAll(labels, label => label == c);
                scores[c] = LogisticRegression.Fit(features, design.Width, positives).Probabilities(others);
            }

            var probabilities = new float[rows.Rows * classes];
            for (int row = 0; row < rows.Rows; row++)
            {
                if (classes == 2)
                {
                    probabilities[2 * row] = (float)(1 - scores[1][row]);
                    probabilities[2 * row + 1] = (float)scores[1][row];
                    continue;
                }

                double sum = scores.Sum(score => score[row]);
                for (int c = 0; c < classes; c++)
                {
                    probabilities[row * classes + c] = (float)(scores[c][row] / sum);
                }
            }

            return probabilities;
        }
    }

    sealed class BoostedTreesClassifier : ReferenceClassifier
    {
        // LightGBM's 20 rows a leaf leave tables of a hundred rows without a split.
        const int RowsPerLeaf = 20;

        public override string Name => "boosted trees";

        public override float[] Probabilities(Table train, int[] labels, int classes, Table rows)
        {
            var options = new BoostingOptions { MinRowsPerLeaf = Math.Clamp(train.Rows / (2 * RowsPerLeaf), 1, RowsPerLeaf) };
            using var trees = BoostedClassifier.Train(train, labels, classes, options);
            return Array.ConvertAll(trees.Probabilities(rows), probability => (float)probability);
        }
    }
}
