namespace CausalMixFT.Engine.Boosting;

/// <summary>Trees with as many rounds as cross-validation chose, and how they did on rows that they had not seen.</summary>
/// <param name="Model">The trees of all rows.</param>
/// <param name="Rounds">The rounds that made the summed loss of the left-out rows least.</param>
/// <param name="Loss">That loss, a mean over rows by their weights.</param>
/// <param name="OutOfFold">Each row's raw scores by the trees of the other folds, (rows, outputs).</param>
public sealed record CrossValidatedTrees(TreeModel Model, int Rounds, double Loss, double[] OutOfFold);
