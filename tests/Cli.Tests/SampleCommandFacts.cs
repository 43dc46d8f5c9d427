using System.IO.Compression;

namespace CausalMixFT.Cli.Tests;

/// <summary>fit, sample and counterfactual on files.</summary>
public sealed class SampleCommandFacts : IDisposable
{
    readonly CommandRun _program = new();
    readonly string _table, _model;

    public SampleCommandFacts()
    {
        _table = _program.File("t.csv", CommandRun.Table(rows: 400));
        string graph = _program.File("g.edges.csv", "from,to\nx,z\nx,y\ncolour,y\n");
        _program.RunsWell("fit", _table, "--graph", graph, "--out", _program.At("in", "m"));
        _model = _program.At("in", "m", "scm.json");
    }

    public void Dispose() => _program.Dispose();

    [Fact]
    public void Shards_in_order_are_the_whole_byte_for_byte_on_any_threads()
    {
        foreach (string[] request in (string[][])[[], ["--where", "z > 4"], ["--balance", "y"], ["--do", "x=5"]])
        {
            string whole = Sample("whole.csv", ["--threads", "1", .. request]);
            Assert.Equal(whole, Sample("again.csv", ["--threads", "2", .. request]));
            string header = whole[..(whole.IndexOf('\n', StringComparison.Ordinal) + 1)];
            string joined = header + string.Concat(Enumerable.Range(1, 8).Select(i => Sample($"part{i}.csv", ["--shard", $"{i}/8", .. request])[header.Length..]));
            Assert.Equal(whole, joined);
        }
    }

    [Fact]
    public void A_compressed_file_holds_the_same_rows()
    {
        string whole = Sample("s.csv");
        _program.RunsWell("sample", _model, "--rows", "500", "--out", _program.At("s.csv.gz"));
        using var stream = new GZipStream(File.OpenRead(_program.At("s.csv.gz")), CompressionMode.Decompress);
        Assert.Equal(whole, new StreamReader(stream).ReadToEnd());
    }

    [Fact]
    public void Conditions_interventions_and_shares_are_kept_and_told_apart()
    {
        Assert.All(Rows(Sample("w.csv", "--where", "x > 5 and colour in (red, blue)")), row => Assert.True(Number(row[0]) > 5 && row[2] != "green"));
        Assert.Contains("Kept 500 of ", _program.Output, StringComparison.Ordinal);
        Assert.All(Rows(Sample("d.csv", "--do", "x = 5 and colour = red")), row => Assert.True(Number(row[0]) == 5 && row[2] == "red"));
        Assert.Contains("rows of an intervention", _program.Output, StringComparison.Ordinal);
        Assert.Equal(125, Rows(Sample("c.csv", "--class-share", "y:yes=0.25 and y:no=0.75")).Count(row => row[3] == "yes"));
        Assert.Equal(250, Rows(Sample("b.csv", "--balance", "y")).Count(row => row[3] == "yes"));
    }

    [Fact]
    public void An_ensemble_of_graphs_becomes_one_file_of_models()
    {
        _program.RunsWell("discover", _table, "--bootstrap", "10", "--ensemble", "3", "--out", _program.At("g"));
        _program.RunsWell("fit", _table, "--graph", _program.At("g", "ensemble.json"), "--no-trees", "--out", _program.At("e"));
        Assert.Contains("one for each of 3 graphs", _program.Output, StringComparison.Ordinal);
        _program.RunsWell("sample", _program.At("e", "scm.json"), "--rows", "100", "--out", _program.At("e.csv"));
        Assert.Contains("Rows come from 3 models by turns", _program.Output, StringComparison.Ordinal);
        Assert.Equal(100, Rows(File.ReadAllText(_program.At("e.csv"))).Length);
    }

    [Fact]
    public void A_counterfactual_sets_columns_and_keeps_what_they_do_not_cause()
    {
        _program.RunsWell("counterfactual", _model, _table, "--do", "x=5", "--out", _program.At("cf.csv"));
        string[][] before = Rows(File.ReadAllText(_table)), after = Rows(File.ReadAllText(_program.At("cf.csv")));
        Assert.Equal(before.Select(row => row[2]), after.Select(row => row[2]));
        Assert.All(after, row => Assert.Equal("5", row[0]));
        Assert.Contains("Computed anew: z, y", _program.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--where", "q > 1", "no column 'q'")]
    [InlineData("--where", "x >", "ends where a value")]
    [InlineData("--do", "x=1000", "was never 1000")]
    [InlineData("--class-share", "y:yes=2", "from 0 to 1")]
    [InlineData("--balance", "x", "holds numbers")]
    [InlineData("--shard", "9/8", "shard")]
    [InlineData("--shard", "half", "shard")]
    [InlineData("--budget", "0", "budget")]
    [InlineData("--rows", "0", "rows")]
    public void A_wrong_request_is_one_sentence_and_leaves_no_file(string option, string value, string mention)
    {
        string[] rows = option == "--rows" ? [] : ["--rows", "10"];
        Assert.Equal(1, _program.Run(["sample", _model, .. rows, "--out", _program.At("bad.csv"), option, value]));
        Assert.Contains(mention, _program.Error, StringComparison.Ordinal);
        Assert.Single(_program.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(_program.Left());
    }

    [Fact]
    public void A_condition_that_no_row_meets_leaves_no_file()
    {
        Assert.Equal(1, _program.Run(
            "sample", _model, "--rows", "10", "--where", "z > 9 and x < 1", "--budget", "2", "--out", _program.At("none.csv")));
        Assert.Contains("raise the budget", _program.Error, StringComparison.Ordinal);
        Assert.Empty(_program.Left());
    }

    string Sample(string name, params string[] more)
    {
        _program.RunsWell(["sample", _model, "--rows", "500", "--out", _program.At(name), .. more]);
        return File.ReadAllText(_program.At(name));
    }

    static string[][] Rows(string csv) => [.. csv.TrimEnd('\n').Split('\n').Skip(1).Select(line => line.Split(','))];

    static double Number(string cell) => double.Parse(cell, System.Globalization.CultureInfo.InvariantCulture);
}
