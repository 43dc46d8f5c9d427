namespace CausalMixFT.Kernels.Transformer;

/// <summary>How a vector is normalised.</summary>
public enum NormKind
{
    /// <summary>Centred, then scaled to variance 1.</summary>
    LayerNorm,

    /// <summary>Scaled to mean square 1, not centred.</summary>
    RmsNorm,
}

/// <summary>How queries weigh keys.</summary>
public enum AttentionKind
{
    /// <summary>By the softmax of their products.</summary>
    Softmax,

    /// <summary>By products of positive features, relu(z / √headWidth) + 1e-6: linear in the number of rows (TinyPFN).</summary>
    Linear,
}

/// <summary>What of a cell the encoder reads.</summary>
public enum CellEncoding
{
    /// <summary>(x − mean) / std of the context rows, clipped to ±100; what is missing is 0 (nanoTabPFN).</summary>
    Standardized,

    /// <summary>TabPFN v2's: standardised, scaled by the group's columns in use, and beside it an indicator of NaN and ±∞.</summary>
    Indicated,

    /// <summary>The cell itself; the last group is scaled by the columns it has (My-Small-PFN).</summary>
    Raw,
}

/// <summary>What of a label the encoder reads.</summary>
public enum LabelEncoding
{
    /// <summary>The label; of a query row the mean label of the context (nanoTabPFN).</summary>
    Value,

    /// <summary>That and an indicator, −2 for a query row (TabPFN v2).</summary>
    Indicated,

    /// <summary>The label, 0 for a query row, and a flag that is 1 for a query row (My-Small-PFN).</summary>
    Flagged,

    /// <summary>A number for each class, 1 for the label's own; all are 0 for a query row.</summary>
    OneHot,
}

/// <summary>What the decoder reads of a query row.</summary>
public enum DecoderInput
{
    /// <summary>The label column's token.</summary>
    LabelToken,

    /// <summary>The mean of the feature tokens.</summary>
    FeatureMean,
}

/// <summary>The sizes and rules of a <see cref="TabularTransformer"/>; the defaults are nanoTabPFN's, with ten classes.</summary>
/// <remarks>
/// One architecture with switches: a table's columns become tokens by groups, the label is the last token, and layers
/// attend over the tokens of a row, then over the rows of a token's column, then transform every token.
/// </remarks>
public sealed record TransformerConfig
{
    /// <summary>Elements of a token.</summary>
    public int Width { get; init; } = 96;

    /// <summary>Attention heads; they divide the width.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Hidden elements of each layer's perceptron and of the decoder.</summary>
    public int Hidden { get; init; } = 192;

    /// <summary>Layers: each attends over columns, then over rows, then transforms every token.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Outputs of the decoder: the most classes a table can have, or the buckets of a regression.</summary>
    public int Classes { get; init; } = 10;

    /// <summary>How the residual stream is normalised.</summary>
    public NormKind Norm { get; init; } = NormKind.LayerNorm;

    /// <summary>
    /// Whether a sub-layer reads the normalised stream and adds to the stream as it is (and the decoder reads it
    /// normalised); otherwise the sum of the stream and the sub-layer is normalised.
    /// </summary>
    public bool NormBefore { get; init; }

    /// <summary>Whether norms have weights (and biases, for <see cref="NormKind.LayerNorm"/>).</summary>
    public bool AffineNorm { get; init; } = true;

    /// <summary>Whether the layers' projections have biases; the decoder's always do.</summary>
    public bool Biases { get; init; } = true;

    /// <summary>How queries weigh keys, in both directions.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.Softmax;

    /// <summary>Whether query rows attend, with all heads, to the first head's keys and values only.</summary>
    public bool MultiQuery { get; init; }

    /// <summary>Learned rows that precede the context of every table.</summary>
    public int ThinkingRows { get; init; }

    /// <summary>Columns that share a token.</summary>
    public int GroupSize { get; init; } = 1;

    /// <summary>
    /// Whether groups overlap: token i then reads columns i, i + 1, i + 3, i + 7 … (modulo the number of columns), so
    /// there are as many tokens as columns; otherwise adjacent columns share a token.
    /// </summary>
    public bool ShiftedGroups { get; init; }

    /// <summary>What of a cell the encoder reads.</summary>
    public CellEncoding Cells { get; init; } = CellEncoding.Standardized;

    /// <summary>
    /// Whether the columns after one that is constant over all rows move up through all groups of the table, as in TabPFN 2.5;
    /// otherwise within their group, as in TabPFN v2. <see cref="CellEncoding.Indicated"/> only.
    /// </summary>
    public bool PackColumns { get; init; }

    /// <summary>Hidden elements of the encoders of cells and labels, between them a GELU; 0 for one linear map.</summary>
    public int EncoderHidden { get; init; }

    /// <summary>Whether the encoder of labels is one linear map, whatever that of cells is (TabPFN 2.5 with a perceptron).</summary>
    public bool LinearLabels { get; init; }

    /// <summary>Hidden elements of the encoder of labels.</summary>
    public int LabelEncoderHidden => LinearLabels ? 0 : EncoderHidden;

    /// <summary>Whether the encoder of cells has biases; the label's always has.</summary>
    public bool EncoderBias { get; init; } = true;

    /// <summary>What of a label the encoder reads.</summary>
    public LabelEncoding Labels { get; init; } = LabelEncoding.Value;

    /// <summary>Whether a label becomes the number of distinct smaller labels in the context; so does the mean of a query row.</summary>
    public bool DensifyLabels { get; init; }

    /// <summary>Elements of the fixed random vector that tells a token which column it is; 0 for none.</summary>
    public int ColumnEmbedding { get; init; }

    /// <summary>What the decoder reads.</summary>
    public DecoderInput Decoder { get; init; } = DecoderInput.LabelToken;

    /// <summary>
    /// Whether a column that is constant in the context is 0 everywhere. nanoTabPFN divides by 1e-20 instead, which turns
    /// any other value into ±100; set this to false for its weights. <see cref="CellEncoding.Standardized"/> only.
    /// </summary>
    public bool ZeroConstantColumns { get; init; } = true;

    /// <summary>Numbers that the encoder reads of one token's cells.</summary>
    public int CellInputs => Cells == CellEncoding.Indicated ? 2 * GroupSize : GroupSize;

    /// <summary>Numbers that the encoder reads of a label.</summary>
    public int LabelInputs => Labels switch { LabelEncoding.Value => 1, LabelEncoding.OneHot => Classes, _ => 2 };

    /// <summary>Tokens of a row with <paramref name="columns"/> feature columns, the label's among them.</summary>
    public int Tokens(int columns) => 1 + (ShiftedGroups ? columns : (columns + GroupSize - 1) / GroupSize);

    internal void Validate()
    {
        if (Width < 1 || Heads < 1 || Hidden < 1 || Layers < 1 || Classes < 2 || Width % Heads != 0
            || ThinkingRows < 0 || GroupSize < 1 || EncoderHidden < 0 || ColumnEmbedding < 0)
        {
            throw new ArgumentException(
                $"{this}: sizes must be positive, classes at least 2, and the heads must divide the width.");
        }
    }
}
