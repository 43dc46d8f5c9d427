using System.Globalization;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>A model and the size of one table that it reads.</summary>
/// <param name="Model">nano (nanoTabPFN) or v2 (TabPFN v2).</param>
/// <param name="ContextRows">Rows N whose labels are given.</param>
/// <param name="QueryRows">Rows M whose labels are asked for.</param>
/// <param name="Columns">Feature columns F.</param>
sealed record TransformerCase(string Model, int ContextRows, int QueryRows, int Columns)
{
    static readonly string[] Sizes = ["256+64x10", "1000+250x10", "1000+250x50", "5000+1000x10"];

    /// <summary>TabPFN v2's classifier.</summary>
    public static TransformerConfig V2 { get; } = new()
    {
        Width = 192,
        Heads = 6,
        Hidden = 768,
        Layers = 12,
        AffineNorm = false,
        Biases = false,
        MultiQuery = true,
        GroupSize = 2,
        Cells = CellEncoding.Indicated,
        EncoderBias = false,
        Labels = LabelEncoding.Indicated,
        DensifyLabels = true,
        ColumnEmbedding = 48,
    };

    /// <summary>nanoTabPFN.</summary>
    public static TransformerConfig Nano { get; } = new() { Classes = 2 };

    public static IEnumerable<TransformerCase> All =>
        from model in (string[])["nano", "v2"] from size in Sizes select Parse($"{model}:{size}");

    /// <summary>The smallest size, on which a process compiles its code before it is timed.</summary>
    public TransformerCase Small => Parse($"{Model}:{Sizes[0]}");

    public TransformerConfig Config => ConfigOf(Model);

    /// <summary>Operations of one forward pass over every token in every layer; a product with its sum counts as two.</summary>
    /// <remarks>Keys and values of attention over rows are counted for context rows alone. A backward pass counts twice as much.</remarks>
    public double Operations => LayerOperations(Config.Layers) + DecoderOperations;

    /// <summary>Those that are left when the last layer computes only what the decoder reads, as ours does.</summary>
    public double OperationsNeeded
    {
        get
        {
            double d = Config.Width, rows = ContextRows + QueryRows, tokens = Config.Tokens(Columns);
            double overColumns = 4 * d * d * (rows * tokens + rows) + 4 * tokens * d * rows;
            double overRows = 4 * d * d * (ContextRows + QueryRows) + 4 * ContextRows * d * QueryRows;
            return LayerOperations(Config.Layers - 1) + overColumns + overRows + 4 * d * Config.Hidden * QueryRows + DecoderOperations;
        }
    }

    double DecoderOperations => QueryRows * (2.0 * Config.Width * Config.Hidden + 2.0 * Config.Hidden * Config.Classes);

    public static TransformerConfig ConfigOf(string model) => model switch
    {
        "v2" => V2,
        "nano" => Nano,
        _ => throw new ArgumentException($"No model is named '{model}': nano and v2 are."),
    };

    /// <summary>Reads what <see cref="ToString"/> writes, such as v2:1000+250x10.</summary>
    public static TransformerCase Parse(string text)
    {
        string[] parts = text.Split(':', '+', 'x');
        int Number(int part) => int.Parse(parts[part], CultureInfo.InvariantCulture);
        return new(parts[0], Number(1), Number(2), Number(3));
    }

    /// <summary>A table of uniform numbers with two classes in turn.</summary>
    public EpisodeBatch Table()
    {
        var random = new Random(1);
        float[] cells = [.. Enumerable.Range(0, (ContextRows + QueryRows) * Columns).Select(_ => random.NextSingle())];
        return new(1, ContextRows, QueryRows, Columns, cells, Labels(ContextRows).Select(label => (float)label).ToArray());
    }

    /// <summary>The classes of the query rows.</summary>
    public int[] QueryLabels() => Labels(QueryRows);

    public override string ToString() => $"{Model}:{ContextRows}+{QueryRows}x{Columns}";

    static int[] Labels(int rows) => [.. Enumerable.Range(0, rows).Select(row => row % 2)];

    double LayerOperations(int layers)
    {
        double d = Config.Width, groups = Config.Tokens(Columns), tokens = groups * (ContextRows + QueryRows);
        double projections = 12 * d * d * tokens + 4 * d * d * groups * ContextRows;
        return layers * (projections + 4 * d * Config.Hidden * tokens + 4 * groups * d * tokens + 4 * ContextRows * d * tokens);
    }
}
