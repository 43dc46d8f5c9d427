using System.Text.Json;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Cli.Tests;

/// <summary>discover and compare on graphs and knowledge in files.</summary>
public sealed class GraphCommandFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    [Fact]
    public void Discover_writes_every_format_and_compares_with_a_truth()
    {
        string table = _program.File("t.csv", CommandRun.Table(rows: 400)), truth = _program.File("truth.edges.csv", "from,to\nx,z\nx,y\ncolour,\n");
        _program.RunsWell(
            "discover", table, "--format", "json,dot,graphml,tetrad,causal-learn,pcalg,edges", "--truth", truth, "--out", _program.At("out"));

        string[] expected =
        [
            "comparison.json", "graph.causal-learn.csv", "graph.dot", "graph.edges.csv", "graph.graphml", "graph.json", "graph.pcalg.csv",
            "graph.svg", "graph.txt",
        ];
        Assert.Equal(expected, Directory.GetFiles(_program.At("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("The true DAG was turned into its CPDAG", _program.Output, StringComparison.Ordinal);
        Assert.Contains("Structural Hamming distance: ", _program.Output, StringComparison.Ordinal);

        foreach (string file in expected.Where(file => file is not ("comparison.json" or "graph.svg")))
        {
            _program.RunsWell("compare", _program.At("out", file), _program.At("out", "graph.json"), "--as", "cpdag");
            Assert.Contains("Structural Hamming distance: 0 (0 missing", _program.Output, StringComparison.Ordinal);
        }

        _program.RunsWell("compare", _program.At("out", "graph.json"), truth, "--json");
        using var printed = JsonDocument.Parse(_program.Output);
        using var written = JsonDocument.Parse(File.ReadAllText(_program.At("out", "comparison.json")));
        Assert.Equal(
            written.RootElement.GetProperty("comparison").GetRawText(), printed.RootElement.GetProperty("comparison").GetRawText());
    }

    [Fact]
    public void Knowledge_from_a_file_and_from_flags_is_kept()
    {
        string table = _program.File("t.csv", CommandRun.Table(rows: 400).Replace("x,z,colour,y", "x,z,colour,same,y", StringComparison.Ordinal)
            .Replace(",no", ",1,no", StringComparison.Ordinal).Replace(",yes", ",1,yes", StringComparison.Ordinal));
        string knowledge = _program.File("k.txt", "forbid x --> z # measured later\ntier 1: same\ntier 2: x\n");
        _program.RunsWell("discover", table, "--knowledge", knowledge, "--sink", "y", "--root", "colour", "--out", _program.At("out"));

        var graph = GraphFormats.Read(_program.At("out", "graph.json")).Graph;
        Assert.Contains("z --> x", graph.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(graph.Edges, edge => graph.Variables[edge.From].Name == "y" && edge.AtTo == Endpoint.Arrow);
        Assert.Contains("What is known of column 'same' is not used", _program.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pc")]
    [InlineData("fci")]
    public void Resamples_tell_how_sure_edges_are_and_give_an_ensemble(string algorithm)
    {
        string table = _program.File("t.csv", CommandRun.Table(rows: 300));
        _program.RunsWell("discover", table, "--algorithm", algorithm, "--bootstrap", "10", "--ensemble", "3", "--out", _program.At("out"));

        var file = GraphFormats.Read(_program.At("out", "graph.json"));
        Assert.Equal(10, file.Confidence!.Graphs);
        Assert.All(file.Graph.Edges, edge => Assert.InRange(file.Confidence.Joined(edge.From, edge.To), 0, 1));
        Assert.Contains(file.Graph.Edges, edge => file.Confidence.Joined(edge.From, edge.To) > 0.5);
        Assert.Equal(3, EnsembleJson.Read(_program.At("out", "ensemble.json")).Count);
        Assert.StartsWith("from,to,joined", File.ReadAllText(_program.At("out", "confidence.csv")), StringComparison.Ordinal);
        Assert.Contains("class=\"shares\"", File.ReadAllText(_program.At("out", "graph.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public void Knowledge_of_a_run_is_in_its_report()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        _program.RunsWell(
            "run", table, "--target", "y", "--sink", "y", "--model", _program.Model, "--steps", "2", "--context", "20", "--max-context", "40",
            "--threads", "1", "--out", _program.At("out"));
        using var run = JsonDocument.Parse(File.ReadAllText(_program.At("out", "run.json")));
        Assert.Equal("sink y", run.RootElement.GetProperty("options").GetProperty("discovery").GetProperty("knowledge")[0].GetString());
    }

    [Fact]
    public void Fit_takes_a_graph_in_any_format()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        _program.RunsWell("fit", table, "--graph", _program.File("g.dot", "digraph { x -> z; x -> y; colour }"), "--out", _program.At("out"));
        var graph = ScmJson.Read(_program.At("out", "scm.json")).Graph;
        Assert.Equal(["x --> z", "x --> y"], graph.Edges.Select(edge => $"{graph.Variables[edge.From].Name} --> {graph.Variables[edge.To].Name}"));
    }

    public static TheoryData<string[], string, string[]> BadInputs => new()
    {
        { ["discover", "TABLE", "--knowledge", "FILE"], "tier 1: x\ntier 2: z, X\n", ["file, line 2", "no column 'X'", "did you mean 'x'?"] },
        { ["discover", "TABLE", "--knowledge", "FILE"], "sink y\nrequire y --> x\n", ["file, line 2", "'sink y' on line 1", "drop one"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--knowledge", "FILE"], "because\n", ["file, line 1", "'because' is no statement"] },
        { ["discover", "TABLE", "--knowledge", "none.txt"], "", ["none.txt", "does not exist"] },
        { ["discover", "TABLE", "--sink", "w"], "", ["no column 'w'"] },
        { ["discover", "TABLE", "--sink", "y", "--root", "y"], "", ["both a sink and a root"] },
        { ["discover", "TABLE", "--format", "json,gml"], "", ["--format is 'gml'", "json, dot, graphml, tetrad"] },
        { ["discover", "TABLE", "--truth", "FILE"], "", ["file", "name does not tell the graph's format"] },
        { ["discover", "TABLE", "--truth", "truth.edges.csv"], "", ["truth.edges.csv", "does not exist"] },
        { ["discover", "TABLE", "--truth", "EDGES"], "from,to\nx,z\nx,y\n", ["column 'colour' is no variable of the true graph", "'x', 'z', 'y'"] },
        { ["discover", "TABLE", "--truth", "EDGES"], "from,to\nx,z\nx,y\nh,x\ncolour,\n", ["'h'", "--algorithm fci"] },
        { ["discover", "TABLE", "--max-levels", "1"], "", ["--max-levels is 1", "from 2 on"] },
        { ["discover", "TABLE", "--ensemble", "4"], "", ["--ensemble is 4", "--bootstrap 100"] },
        { ["discover", "TABLE", "--bootstrap", "-1"], "", ["--bootstrap is -1", "from 0 on"] },
        { ["discover", "TABLE", "--algorithm", "ges"], "", ["--algorithm is 'ges'", "pc, fci, rfci"] },
        { ["compare", "FILE", "FILE", "--found-format", "dot", "--truth-format", "dt"], "digraph { x -> y }", ["--truth-format is 'dt'", "dot"] },
        { ["compare", "FILE", "FILE", "--found-format", "dot", "--truth-format", "edges"], "digraph { x -> y }", ["file, line 1", "from,to"] },
        { ["fit", "TABLE", "--graph", "FILE", "--format", "dot"], "digraph { x -> w }", ["'w'"] },
    };

    [Theory, MemberData(nameof(BadInputs))]
    public void A_bad_file_is_refused_in_one_sentence(string[] args, string content, string[] expected)
    {
        string table = _program.File("t.csv", CommandRun.Table()), file = _program.File("file", content), edges = _program.File("edges.edges.csv", content);
        string[] line = [.. args.Select(arg => arg switch { "TABLE" => table, "FILE" => file, "EDGES" => edges, "MODEL" => _program.Model, _ => arg })];

        int code = _program.Run(args[0] == "compare" ? line : [.. line, "--out", _program.At("out")]);

        Assert.Equal(Outcome.WrongInput, code);
        string sentence = Assert.Single(_program.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(expected, part => Assert.Contains(part, sentence, StringComparison.Ordinal));
        Assert.Empty(_program.Left());
    }
}
