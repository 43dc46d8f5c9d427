using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>Evaluates gradient-boosted or other trees: p_k = Σ_t leaf of tree t, over the trees of output k.</summary>
/// <remarks>
/// Shapes: columns is (columns, rows), a block of the table column by column, numbers or category codes, none missing;
/// predictors is (outputs, rows). Every device gives the same bits. Against sums in double, a grid errs by the one
/// rounding of the sum to float; masks err by three roundings of at most the base, the rest and the sum (2⁻²⁴ of each),
/// and by 2⁻³⁰ of the leaves' range for each tree.
/// </remarks>
public abstract partial class TreeEnsemble
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static TreeEnsemble On(ComputeDevice device) =>
        device.Choose<TreeEnsemble>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the predictors.</summary>
    public abstract void Evaluate(TreeEnsembleTable table, Tensor columns, Tensor predictors);
}
