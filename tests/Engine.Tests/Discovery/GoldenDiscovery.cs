using System.Globalization;
using System.Text.Json;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Formats;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>One golden data set with the results that other programs stored for it.</summary>
/// <remarks>
/// Read from tests/Data/discovery, or from the whole collection where CAUSALMIXFT_GOLDEN names its folder; the layout and
/// the encodings are in tests/Data/discovery/README.md.
/// </remarks>
sealed class GoldenDiscovery
{
    static readonly string Folder = Environment.GetEnvironmentVariable("CAUSALMIXFT_GOLDEN") is { Length: > 0 } folder
        ? folder
        : RepositoryFiles.At("tests", "Data", "discovery");

    readonly Lazy<Table> _table;

    public GoldenDiscovery(string name)
    {
        Name = name;
        Meta = Parse(DataFile("meta.json"));
        _table = new(ReadTable);
    }

    /// <summary>The data sets in the folder: ten in the repository, nineteen in the whole collection.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Directory.GetFiles(Path.Combine(Folder, "data"), "*.meta.json")
            .Select(file => Path.GetFileName(file)[..^".meta.json".Length]).Order(StringComparer.Ordinal),
    ];

    public string Name { get; }

    /// <summary>Kind, seed, size, columns and the generating edges.</summary>
    public JsonElement Meta { get; }

    /// <summary>gaussian, gaussian_latent, discrete, nonlinear or gaussian_missing.</summary>
    public string Kind => Meta.GetProperty("kind").GetString()!;

    /// <summary>The data: numbers, an empty cell as NaN, or the levels of the discrete sets in order of their codes.</summary>
    public Table Table => _table.Value;

    public Variable[] Variables => [.. Table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];

    public JsonElement CausalLearn => Stored("causal-learn");

    public JsonElement Pcalg => Stored("pcalg");

    public JsonElement Bnlearn => Stored("bnlearn");

    public JsonElement Tetrad => Stored("tetrad");

    /// <summary>true_cpdag, and true_pag of the sets with latent variables.</summary>
    public JsonElement Truth => Stored("truth");

    /// <summary>The DAG of the generator; of a set with latent variables they are its last ones.</summary>
    public Dag TrueDag
    {
        get
        {
            bool latent = Meta.TryGetProperty("full_p", out var all);
            int count = latent ? all.GetInt32() : Table.Columns.Count;
            var edges = Meta.GetProperty(latent ? "full_dag_edges" : "true_dag_edges").EnumerateArray()
                .Select(edge => (edge[0].GetInt32(), edge[1].GetInt32()));
            return Dag.FromEdges(
                [.. Enumerable.Range(0, count).Select(i => i < Table.Columns.Count ? Variables[i] : new(i, $"L{i}", ColumnKind.Numeric))],
                edges);
        }
    }

    /// <summary>The sets of the folder whose kind is one of <paramref name="kinds"/>.</summary>
    public static TheoryData<string> OfKind(params string[] kinds) =>
        [.. Names.Where(name => kinds.Contains(new GoldenDiscovery(name).Kind))];

    /// <summary>Whether <paramref name="program"/> (causal-learn, pcalg, bnlearn, tetrad, truth) stored anything for this set.</summary>
    public bool Has(string program) => File.Exists(OutFile(program));

    /// <summary>What a program stored under a dotted path such as "pc" or "ci.fisherz"; empty when it stored nothing there.</summary>
    public IEnumerable<JsonElement> Entries(string program, string path)
    {
        if (!Has(program))
        {
            return [];
        }

        var at = Stored(program);
        return path.Split('.').All(name => at.TryGetProperty(name, out at)) ? at.EnumerateArray() : [];
    }

    /// <summary>Whether the exact correlations are known.</summary>
    public bool HasPopulationCorrelation => File.Exists(DataFile("popcor.csv"));

    /// <summary>The exact correlation matrix of the observed columns, row by row.</summary>
    public double[] PopulationCorrelation() =>
        [.. File.ReadLines(DataFile("popcor.csv")).SelectMany(line => line.Split(',').Select(Number))];

    /// <summary>The CPDAG that a matrix of marks stands for.</summary>
    public Cpdag Cpdag(JsonElement marks) => Builder(marks).ToCpdag();

    /// <summary>The PAG that a matrix of marks stands for.</summary>
    public Pag Pag(JsonElement marks) => Builder(marks).ToPag();

    // marks[i][j] is the mark at j: 0 no edge, 1 circle, 2 arrowhead, 3 tail.
    GraphBuilder Builder(JsonElement marks)
    {
        var builder = new GraphBuilder(Variables);
        for (int i = 0; i < builder.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                var (atI, atJ) = (marks[j][i].GetInt32(), marks[i][j].GetInt32());
                if (atI != 0)
                {
                    builder.Connect(i, j, Mark(atI), Mark(atJ));
                }
            }
        }

        return builder;
    }

    static Endpoint Mark(int code) => code switch
    {
        1 => Endpoint.Circle,
        2 => Endpoint.Arrow,
        3 => Endpoint.Tail,
        _ => throw new InvalidDataException($"{code} is no mark of an edge's end."),
    };

    Table ReadTable()
    {
        string[][] cells = [.. File.ReadLines(DataFile("csv")).Select(line => line.Split(','))];
        return new([.. cells[0].Select((header, i) =>
        {
            double[] numbers = [.. cells.Skip(1).Select(row => Number(row[i]))];
            if (Kind != "discrete")
            {
                return new Column(header, ColumnKind.Numeric, numbers, decimals: 6);
            }

            double[] codes = [.. numbers.Distinct().Order()];
            return new Column(
                header, ColumnKind.Categorical, [.. numbers.Select(code => (double)Array.IndexOf(codes, code))],
                [.. codes.Select(code => code.ToString(CultureInfo.InvariantCulture))]);
        })]);
    }

    JsonElement Stored(string program) => Parse(OutFile(program));

    string DataFile(string ending) => Path.Combine(Folder, "data", $"{Name}.{ending}");

    string OutFile(string program) => Path.Combine(Folder, "out", $"{Name}.{program}.json");

    static JsonElement Parse(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    static double Number(string text) => text.Length == 0 ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
}
