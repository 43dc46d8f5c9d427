using System.Globalization;
using System.IO.Compression;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>PC on 10,000 rows of published networks: causal-learn's stored graphs, and how far each way of searching is from the truth.</summary>
/// <remarks>The networks lie outside the repository: only ./dev conformance names their folder, in CAUSALMIXFT_NETWORKS.</remarks>
public class NetworkConformanceFacts(ITestOutputHelper output)
{
    static readonly string? Folder = Environment.GetEnvironmentVariable("CAUSALMIXFT_NETWORKS");

    public static TheoryData<string> Networks => Folder is null
        ? []
        : [.. Directory.GetFiles(Path.Combine(Folder, "samples"), "*.10000.csv*").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Networks))]
    public void Graphs_are_those_that_causal_learn_stores(string file)
    {
        var rows = Read(file);
        string network = file.Split('.')[0];
        var truth = Truth(network, rows).ToCpdag();
        var stored = Stored(network, rows);

        var like = Search(rows, PcRules.CausalLearn(0, -1) with { Test = TestChoice.ChiSquare, Alpha = 0.05 });
        Say("causal-learn's stored graph, chisq 0.05", stored);
        Say("causal-learn's rules, chisq 0.05", like);
        Say("causal-learn's default rules, chisq 0.05", Search(rows, PcRules.CausalLearn(0, 2) with { Test = TestChoice.ChiSquare, Alpha = 0.05 }));
        Say("pcalg's rules, gsq 0.01", Search(rows, PcRules.Pcalg("relaxed") with { Test = TestChoice.GSquared }));
        Say("own rules, chisq 0.05", Search(rows, new() { Test = TestChoice.ChiSquare, Alpha = 0.05, MaxDepth = null }));
        Say("own rules and defaults", Search(rows, new()));
        foreach (var triples in new[] { TripleRule.Conservative, TripleRule.Majority, TripleRule.MaxP })
        {
            Say($"own defaults, triples by {triples}", Search(rows, new() { Triples = triples }));
        }

        using var table = new ConformanceTable(output, network, "causal-learn");
        table.Compare("chisq alpha 0.05 uc_rule 0 uc_priority -1", stored, like);

        void Say(string setting, CausalGraph graph)
        {
            var pairs = (
                from a in Enumerable.Range(0, truth.Count)
                from b in Enumerable.Range(0, a)
                select (There: (truth.Mark(a, b), truth.Mark(b, a)), Here: (graph.Mark(a, b), graph.Mark(b, a)))).ToArray();
            int missing = pairs.Count(pair => pair.Here.Item1 is null && pair.There.Item1 is not null);
            int extra = pairs.Count(pair => pair.Here.Item1 is not null && pair.There.Item1 is null);
            int marks = pairs.Count(pair => pair.Here != pair.There) - missing - extra;
            using var lines = new ConformanceTable(output, network, "truth");
            lines.Write(setting, $"SHD {missing + extra + marks} of {truth.Edges.Count()} edges: {missing} missing, {extra} extra, {marks} with other marks");
        }
    }

    static Cpdag Search(Table table, DiscoveryOptions options)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        return (Cpdag)CausalDiscovery.Discover(
            table, options, device, cancellation: TestContext.Current.CancellationToken).Graph;
    }

    // The codes of the levels are whole numbers.
    static Table Read(string file)
    {
        using var stream = File.OpenRead(Path.Combine(Folder!, "samples", file));
        using var text = new StreamReader(file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        string[][] cells = [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r').Split(','))];
        return new([.. cells[0].Select((header, i) =>
        {
            string[] texts = [.. cells.Skip(1).Select(row => row[i])];
            string[] levels = [.. texts.Distinct().OrderBy(text => int.Parse(text, CultureInfo.InvariantCulture))];
            return new Column(header, ColumnKind.Categorical, [.. texts.Select(text => (double)Array.IndexOf(levels, text))], levels);
        })]);
    }

    // Edges as "1. X2 --> X1", where X1 is the first column.
    static Dag Truth(string network, Table table) => Dag.FromEdges(
        Variables(table),
        File.ReadLines(Path.Combine(Folder!, "samples", $"{network}.truth.graph.txt"))
            .Where(line => line.Contains("-->", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .Select(words => (Index(words[1]), Index(words[3]))));

    // The number in row r and column c is the mark at r of their edge: 1 arrowhead, -1 tail, 0 no edge.
    static Cpdag Stored(string network, Table table)
    {
        int[][] marks =
        [
            .. File.ReadLines(Path.Combine(Folder!, "expected", $"{network}_pc_chisq_0.05_stable_0_-1.txt"))
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(words => words.Length > 0)
                .Select(words => words.Select(word => (int)double.Parse(word, CultureInfo.InvariantCulture)).ToArray()),
        ];
        var builder = new GraphBuilder(Variables(table));
        for (int r = 0; r < marks.Length; r++)
        {
            for (int c = 0; c < r; c++)
            {
                if (marks[r][c] != 0)
                {
                    builder.Connect(r, c, Mark(marks[r][c]), Mark(marks[c][r]));
                }
            }
        }

        return builder.ToCpdag();

        static Endpoint Mark(int code) => code == 1 ? Endpoint.Arrow : Endpoint.Tail;
    }

    static Variable[] Variables(Table table) => [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];

    static int Index(string name) => int.Parse(name[1..], CultureInfo.InvariantCulture) - 1;
}
