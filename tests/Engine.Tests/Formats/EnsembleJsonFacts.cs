using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public class EnsembleJsonFacts
{
    static readonly Variable[] Variables =
    [
        new(0, "age", ColumnKind.Integer), new(1, "a \"b\", c", ColumnKind.Numeric), new(2, "class", ColumnKind.Categorical),
    ];

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "ensemble.json");
        Dag[] ensemble = [Dag.FromEdges(Variables, [(0, 1), (2, 1)]), Dag.FromEdges(Variables, [(1, 0), (0, 2)]), Dag.FromEdges(Variables, [])];

        EnsembleJson.Write(ensemble, path);
        var read = EnsembleJson.Read(path);

        Assert.Equal(ensemble.Select(dag => dag.ToString()), read.Select(dag => dag.ToString()));
        Assert.All(read, dag => Assert.Equal(Variables, dag.Variables));
    }

    [Theory]
    [InlineData("{", "line 1", "no JSON")]
    [InlineData("[]", "ensemble.json", "causalmixft.ensemble")]
    [InlineData("{'format':'causalmixft.graph'}", "ensemble.json", "causalmixft.ensemble")]
    [InlineData("{'format':'causalmixft.ensemble','version':2}", "version", "1")]
    [InlineData("{'format':'causalmixft.ensemble','version':1}", "variables", "missing")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[1],'graphs':[[]]}", "variable", "name")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[{'name':'a','kind':'colour'}],'graphs':[[]]}", "'a'", "colour")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V,V],'graphs':[[]]}", "'a'", "twice")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V],'graphs':[]}", "graphs", "empty")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V],'graphs':[[],1]}", "graph 2", "list")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V],'graphs':[[{'from':'a','to':'x'}]]}", "graph 1", "'x'")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V],'graphs':[[{'from':'a','to':'a'}]]}", "graph 1", "cycle")]
    [InlineData("{'format':'causalmixft.ensemble','version':1,'variables':[V,W],'graphs':[[{'from':'a','to':'b'},{'from':'b','to':'a'}]]}", "graph 1", "twice")]
    public void A_bad_file_is_named_with_its_place(string text, string place, string word)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "ensemble.json");
        File.WriteAllText(path, text.Replace("V", "{'name':'a','kind':'numeric'}", StringComparison.Ordinal)
            .Replace("W", "{'name':'b','kind':'numeric'}", StringComparison.Ordinal).Replace('\'', '"'));

        string message = Assert.Throws<InputException>(() => EnsembleJson.Read(path)).Message;

        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains(word, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Confidence_is_one_row_a_joined_pair_the_likelier_cause_first()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "confidence.csv");
        var confidence = EdgeConfidence.FromCounts(Variables, 4,
        [
            (new(0, 1, Endpoint.Arrow, Endpoint.Tail), 2), (new(0, 1, Endpoint.Tail, Endpoint.Tail), 1),
            (new(1, 2, Endpoint.Circle, Endpoint.Arrow), 1),
        ]);

        ConfidenceCsv.Write(confidence, path);

        Assert.Equal(
            """
            from,to,joined,-->,<--,---,<->,o->,<-o,o-o,o--,--o,direction
            "a ""b"", c",age,0.75,0.5,0,0.25,0,0,0,0,0,0,0.8333333333333334
            "a ""b"", c",class,0.25,0,0,0,0,0.25,0,0,0,0,1

            """,
            File.ReadAllText(path));
    }
}
