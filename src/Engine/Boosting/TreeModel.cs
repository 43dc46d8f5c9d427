using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Boosting;

/// <summary>Trained trees as plain data: tree t adds to score t mod outputs; the first trees hold the base score.</summary>
/// <param name="Features">How many features the trees were trained on.</param>
/// <param name="Outputs">Scores of a row: one, or one for each class.</param>
/// <param name="Trees">The trees, round by round.</param>
public sealed record TreeModel(int Features, int Outputs, Tree[] Trees)
{
    /// <summary>The raw scores of all rows, (rows, outputs), summed in double: the reference for faster evaluations.</summary>
    /// <param name="columns">The features, column by column.</param>
    public double[] Predict(float[][] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        int rows = columns[0].Length;
        var scores = new double[(long)rows * Outputs];
        for (int row = 0; row < rows; row++)
        {
            for (int t = 0; t < Trees.Length; t++)
            {
                scores[row * Outputs + t % Outputs] += Trees[t].Leaves[Trees[t].LeafOf(columns, row)];
            }
        }

        return scores;
    }

    /// <summary>The trees for a device, to be evaluated on the features in <paramref name="columns"/> of a block.</summary>
    public TreeEnsembleTerms Terms(int[] columns) => new(Outputs, Trees, columns);
}
