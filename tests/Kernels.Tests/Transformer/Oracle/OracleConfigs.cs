using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>The models that oracle and transformer are compared on: known ones at odd tiny sizes, then drawn ones.</summary>
public static class OracleConfigs
{
    static readonly TransformerConfig Nano = new() { Width = 10, Heads = 2, Hidden = 14, Layers = 2, Classes = 3 };

    static readonly TransformerConfig V2 = Nano with
    {
        AffineNorm = false,
        Biases = false,
        MultiQuery = true,
        GroupSize = 2,
        Cells = CellEncoding.Indicated,
        EncoderBias = false,
        Labels = LabelEncoding.Indicated,
        DensifyLabels = true,
        ColumnEmbedding = 3,
    };

    static readonly TransformerConfig V25 = V2 with { Width = 6, Heads = 3, ThinkingRows = 3, GroupSize = 3, PackColumns = true, EncoderHidden = 9, LinearLabels = true };

    static readonly TransformerConfig TinyPfn = Nano with
    {
        Width = 6,
        Heads = 1,
        Hidden = 8,
        Attention = AttentionKind.Linear,
        ZeroConstantColumns = false,
    };

    static readonly TransformerConfig MySmallPfn = Nano with
    {
        Cells = CellEncoding.Raw,
        Labels = LabelEncoding.Flagged,
        GroupSize = 3,
        ThinkingRows = 2,
        EncoderHidden = 8,
        Classes = 5,
    };

    static readonly TransformerConfig ShiftedBefore = Nano with
    {
        Norm = NormKind.RmsNorm,
        NormBefore = true,
        GroupSize = 5,
        ShiftedGroups = true,
        ThinkingRows = 2,
        Decoder = DecoderInput.FeatureMean,
    };

    static readonly TransformerConfig MeanBefore = V25 with
    {
        NormBefore = true,
        AffineNorm = true,
        Decoder = DecoderInput.FeatureMean,
    };

    public static IReadOnlyList<OracleCase> All { get; } =
    [
        new("nanoTabPFN", Nano with { ZeroConstantColumns = false }),
        new("nanoTabPFN, constants zeroed", Nano),
        new("nanoTabPFN, one context row", Nano) { ContextRows = 1 },
        new("nanoTabPFN, gaps in labels", Nano with { DensifyLabels = true, Heads = 5 }),
        new("nanoTabPFN, one column", Nano with { Layers = 1 }) { Tables = 1, Columns = 1, QueryRows = 1 },
        new("TabPFN v2", V2),
        new("TabPFN v2, one context row", V2) { ContextRows = 1 },
        new("TabPFN v2, one column", V2 with { ShiftedGroups = true }) { Columns = 1 },
        new("TabPFN v2.5", V25),
        new("TabPFN v2.6", V25 with { Norm = NormKind.RmsNorm, AffineNorm = true }),
        new("TabPFN v2 for regression", V2 with { DensifyLabels = false, Classes = 7 }),
        new("TinyPFN", TinyPfn) { Columns = 5 },
        new("My-Small-PFN", MySmallPfn),
        new("My-Small-PFN, whole groups, classes", MySmallPfn with { DensifyLabels = true }) { Columns = 6 },
        new("norms before, shifted groups", ShiftedBefore),
        new("norms before, mean of features", MeanBefore),
        new("norms before, a number for each class", ShiftedBefore with { Labels = LabelEncoding.OneHot, Decoder = DecoderInput.LabelToken }),
        new("TabPFN v2, a number for each class", V2 with { Labels = LabelEncoding.OneHot, DensifyLabels = false, ThinkingRows = 1 }),
        .. Enumerable.Range(1, 14).Select(Drawn),
    ];

    /// <summary>Those that are no drawn ones: enough of them for the emulated device, which needs seconds for each.</summary>
    public static IEnumerable<OracleCase> Known => All.Where(one => !one.Name.StartsWith("drawn", StringComparison.Ordinal));

    /// <summary>The names of <see cref="All"/>.</summary>
    public static TheoryData<string> Names => [.. All.Select(one => one.Name)];

    public static OracleCase Named(string name) => All.Single(one => one.Name == name);

    // Every switch by itself, so that they meet in ways that no known model has.
    static OracleCase Drawn(int seed)
    {
        var random = new Random(seed);
        bool Coin() => random.Next(2) == 0;
        int Or0(int most) => Coin() ? 0 : random.Next(1, most + 1);
        int heads = random.Next(1, 4);
        var attention = random.Next(3) == 0 ? AttentionKind.Linear : AttentionKind.Softmax;
        var config = new TransformerConfig
        {
            Heads = heads,
            Width = heads * random.Next(3, 6),
            Hidden = random.Next(7, 14),
            Layers = random.Next(1, 3),
            Classes = random.Next(2, 5),
            Norm = (NormKind)random.Next(2),
            NormBefore = Coin(),
            AffineNorm = Coin(),
            Biases = Coin(),
            Attention = attention,
            MultiQuery = attention == AttentionKind.Softmax && Coin(),
            ThinkingRows = Or0(3),
            GroupSize = random.Next(1, 5),
            ShiftedGroups = Coin(),
            Cells = (CellEncoding)random.Next(3),
            EncoderHidden = Coin() ? 0 : random.Next(5, 9),
            EncoderBias = Coin(),
            Labels = (LabelEncoding)random.Next(3),
            DensifyLabels = Coin(),
            ColumnEmbedding = Or0(5),
            Decoder = (DecoderInput)random.Next(2),
            ZeroConstantColumns = Coin(),
            PackColumns = seed % 2 == 1,
            LinearLabels = seed % 3 == 0,
        };
        return new($"drawn {seed}", config)
        {
            Tables = random.Next(1, 3),
            ContextRows = random.Next(5, 8),
            QueryRows = random.Next(2, 5),
            Columns = random.Next(3, 8),
        };
    }
}
