namespace CausalMixFT.Engine.Models;

/// <summary>What a model predicts.</summary>
public enum ModelTask
{
    /// <summary>The class of a row.</summary>
    Classification,

    /// <summary>A number, as probabilities of buckets.</summary>
    Regression,
}

/// <summary>Where the fixed random vectors come from that tell columns apart.</summary>
public enum ColumnVectorSource
{
    /// <summary>torch.randn with PyTorch's CPU generator, seeded with <see cref="ModelTraits.ColumnSeed"/> (TabPFN v2).</summary>
    TorchGenerator,

    /// <summary>
    /// A table of 2000 × 48 numbers that comes with TabPFN 2.5 and 2.6 but is in no checkpoint; further columns, and vectors
    /// of another length, are drawn as for <see cref="TorchGenerator"/>.
    /// </summary>
    StoredTable,
}

/// <summary>How a table is shown to a model, and what it says is put together.</summary>
public enum ModelEnsemble
{
    /// <summary>As <see cref="EncodedRows"/>: two views of the numbers, classes renamed.</summary>
    TwoViews,

    /// <summary>As the package tabpfn does for TabPFN v2.</summary>
    TabPfn,
}

/// <summary>What a model's weights mean beyond <see cref="Kernels.Transformer.TransformerConfig"/>: how its inputs are drawn and its outputs are read.</summary>
public sealed record ModelTraits
{
    /// <summary>What it predicts.</summary>
    public ModelTask Task { get; init; } = ModelTask.Classification;

    /// <summary>How tables are shown to it.</summary>
    public ModelEnsemble Ensemble { get; init; } = ModelEnsemble.TwoViews;

    /// <summary>Outputs are divided by it before the softmax.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Where the vectors of columns come from; of no account without a column embedding.</summary>
    public ColumnVectorSource ColumnVectors { get; init; } = ColumnVectorSource.TorchGenerator;

    /// <summary>The seed of the vectors of columns that are drawn.</summary>
    public int ColumnSeed { get; init; }

    /// <summary>
    /// The borders of a regression's buckets, one more than buckets, ascending, of standardised labels; null where the buckets
    /// are equally likely under N(0, 1), and for classification.
    /// </summary>
    public IReadOnlyList<float>? Borders { get; init; }

    /// <summary>The buckets' mean losses in pre-training, which TabPFN's files hold beside the borders; null where unknown.</summary>
    public IReadOnlyList<float>? BucketLosses { get; init; }

    /// <summary>TabPFN's settings of inference, JSON, kept so that they can be written again; null where unknown.</summary>
    public string? InferenceSettings { get; init; }

    /// <summary>What whoever passes the weights on has to know, or null for nothing.</summary>
    public string? Notice { get; init; }
}
