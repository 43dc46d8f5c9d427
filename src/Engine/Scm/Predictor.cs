using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>A function of a node's parents, linear in a basis: one output, or one for each class.</summary>
/// <param name="Intercepts">One for each output.</param>
/// <param name="Terms">The terms.</param>
public sealed record Predictor(double[] Intercepts, IReadOnlyList<PredictorTerm> Terms);

/// <summary>One term of a <see cref="Predictor"/>.</summary>
/// <param name="Basis">The basis function.</param>
/// <param name="Parent">Which of the node's parents, counted from 0.</param>
/// <param name="Second">The other parent of a product; else the same.</param>
/// <param name="Knot">Where a hinge bends; else 0.</param>
/// <param name="Weights">One for each output; for a lookup (outputs, values of the parent).</param>
public sealed record PredictorTerm(Basis Basis, int Parent, int Second, double Knot, double[] Weights);
