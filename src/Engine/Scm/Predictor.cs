using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>
/// A function of a node's parents, one output or one for each class: linear in a basis, or a sum of trees.
/// </summary>
/// <param name="Intercepts">One for each output; of trees, 0, for what they add up to is whole.</param>
/// <param name="Terms">The terms; none of trees.</param>
/// <param name="Trees">
/// The trees, whose features are the node's parents: a number's feature, a level's code. Null for a basis.
/// </param>
public sealed record Predictor(double[] Intercepts, IReadOnlyList<PredictorTerm> Terms, TreeModel? Trees = null)
{
    /// <summary>A sum of trees.</summary>
    public static Predictor Of(TreeModel trees) => new(new double[trees.Outputs], [], trees);

    /// <summary>How many outputs there are.</summary>
    public int Outputs => Trees?.Outputs ?? Intercepts.Length;
}

/// <summary>One term of a <see cref="Predictor"/>.</summary>
/// <param name="Basis">The basis function.</param>
/// <param name="Parent">Which of the node's parents, counted from 0.</param>
/// <param name="Second">The other parent of a product or of slopes; else the same.</param>
/// <param name="Knot">Where a hinge bends; else 0.</param>
/// <param name="Weights">One for each output; for a lookup (outputs, values of the parent), for slopes (outputs, values of the second).</param>
/// <param name="IsRaw">Whether it reads the parent's standardised number where children see ranks.</param>
public sealed record PredictorTerm(
    Basis Basis, int Parent, int Second, double Knot, double[] Weights, bool IsRaw = false);
