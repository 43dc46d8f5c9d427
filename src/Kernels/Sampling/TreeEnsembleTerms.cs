using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>Trees whose leaves add up to predictors: tree t adds to output t mod outputs.</summary>
/// <param name="Outputs">How many predictors: one, or one for each class.</param>
/// <param name="Trees">The trees; without any, the predictors are 0.</param>
/// <param name="Columns">The block's column of each feature that the trees split.</param>
public sealed record TreeEnsembleTerms(int Outputs, IReadOnlyList<Tree> Trees, int[] Columns)
{
    /// <summary>Copies the trees to a device, as a grid where that is small enough, else as masks of leaves.</summary>
    public TreeEnsembleTable Load(ComputeDevice device) => Load(device, TreeGrid.MostCells);

    internal TreeEnsembleTable Load(ComputeDevice device, int mostCells)
    {
        var features = TreeFeatures.Of(Trees);
        return TreeGrid.CellsOf(this, features) <= mostCells
            ? new(device, this, features, new TreeGrid(this, features))
            : new(device, this, features, new LeafMasks(this, features));
    }
}

/// <summary>An ensemble of trees on a device. Whoever loads it disposes it.</summary>
public sealed class TreeEnsembleTable : IDisposable
{
    internal TreeEnsembleTable(ComputeDevice device, TreeEnsembleTerms terms, TreeFeatures features, TreeGrid grid)
        : this(device, terms, features) => Grid = new(device, grid);

    internal TreeEnsembleTable(ComputeDevice device, TreeEnsembleTerms terms, TreeFeatures features, LeafMasks masks)
        : this(device, terms, features) => Masks = new(device, masks);

    TreeEnsembleTable(ComputeDevice device, TreeEnsembleTerms terms, TreeFeatures features)
    {
        Outputs = terms.Outputs;
        Columns = device.Allocate<int>([.. features.Used.Select(feature => terms.Columns[feature])]);
    }

    /// <summary>How many predictors.</summary>
    public int Outputs { get; }

    /// <summary>Whether all sums are tabulated, so that a row costs the same for any number of trees.</summary>
    public bool IsGrid => Grid is not null;

    /// <summary>The block's column of each feature in use.</summary>
    internal DeviceArray<int> Columns { get; }

    /// <summary>One of the two layouts; the other is null.</summary>
    internal TreeGridTable? Grid { get; }

    /// <inheritdoc cref="Grid"/>
    internal LeafMasksTable? Masks { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Columns.Dispose();
        Grid?.Dispose();
        Masks?.Dispose();
    }
}
