using System.Globalization;
using System.Text.Json;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>One data set of tests/Data/discovery with the results other programs stored for it.</summary>
sealed class GoldenDiscovery
{
    readonly string _stem;

    public GoldenDiscovery(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CausalMixFT.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        }

        _stem = Path.Combine(folder.FullName, "tests", "Data", "discovery", name);
        Json = JsonDocument.Parse(File.ReadAllText(_stem + ".json")).RootElement;
        string[][] cells = [.. File.ReadLines(_stem + ".csv").Select(line => line.Split(','))];
        bool discrete = Json.TryGetProperty("gsq", out _);
        Table = new([.. cells[0].Select((header, i) =>
        {
            string[] texts = [.. cells.Skip(1).Select(row => row[i])];
            if (!discrete)
            {
                return new Column(header, ColumnKind.Numeric, [.. texts.Select(Number)], decimals: 6);
            }

            string[] levels = [.. texts.Distinct().Order(StringComparer.Ordinal)];
            return new Column(header, ColumnKind.Categorical, [.. texts.Select(text => (double)Array.IndexOf(levels, text))], levels);
        })]);
    }

    public JsonElement Json { get; }

    public Table Table { get; }

    public Variable[] Variables => [.. Table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];

    /// <summary>The exact correlation matrix, row by row.</summary>
    public double[] PopulationCorrelation() =>
        [.. File.ReadLines(_stem + ".popcor.csv").SelectMany(line => line.Split(',').Select(Number))];

    /// <summary>The graph that a matrix of marks stands for.</summary>
    public Cpdag Graph(JsonElement marks)
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

        return builder.ToCpdag();
    }

    static Endpoint Mark(int code) => code == 2 ? Endpoint.Arrow : Endpoint.Tail;

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
