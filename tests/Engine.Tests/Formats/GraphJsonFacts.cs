using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public class GraphJsonFacts
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new TemporaryFolder();
        Variable[] variables = [new(0, "age \"years\"", ColumnKind.Integer), new(1, "Größe", ColumnKind.Numeric), new(2, "y", ColumnKind.Boolean)];
        var graph = new GraphBuilder(variables).Direct(0, 2).Undirect(0, 1).ToCpdag();
        var file = new GraphFile(graph, "mixed", 0.01, new(new SeparatingSet(1, 2, [0], 0.25)));
        string path = folder["graph.json"];

        GraphJson.Write(file, path);
        var read = GraphJson.Read(path);

        Assert.IsType<Cpdag>(read.Graph);
        Assert.Equal(variables, read.Graph.Variables);
        Assert.Equal(graph.Edges, read.Graph.Edges);
        Assert.Equal(("mixed", 0.01), (read.Test, read.Alpha));
        var set = Assert.Single(read.SeparatingSets.All);
        Assert.Equal((1, 2, 0.25), (set.X, set.Y, set.PValue));
        Assert.Equal([0], set.Given);
    }

    [Fact]
    public void A_dag_stays_a_dag()
    {
        using var folder = new TemporaryFolder();
        string path = folder["graph.json"];

        GraphJson.Write(new GraphFile(Dag.Parse("A --> B, C"), null, null, new()), path);
        var read = GraphJson.Read(path);

        Assert.Equal("A --> B, C", Assert.IsType<Dag>(read.Graph).ToString());
        Assert.Null(read.Test);
        Assert.Null(read.Alpha);
    }

    const string Head = """{"format":"causalmixft.graph","version":1,"type":"dag","variables":[{"name":"A","kind":"numeric"},{"name":"B","kind":"numeric"}],""";

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{", "no JSON")]
    [InlineData("[]", "no causal graph")]
    [InlineData("{\"format\":\"other\"}", "no causal graph")]
    [InlineData("{\"format\":\"causalmixft.graph\",\"version\":9}", "version 9")]
    [InlineData("{\"format\":\"causalmixft.graph\",\"version\":\"1\"}", "\"version\"")]
    [InlineData("{\"format\":\"causalmixft.graph\",\"version\":1}", "\"variables\"")]
    [InlineData(Head + "\"edges\":[{\"from\":\"A\",\"to\":\"Z\"}]}", "not 'Z'")]
    [InlineData(Head + "\"edges\":[{\"from\":\"A\",\"to\":\"B\",\"atFrom\":\"tail\",\"atTo\":\"head\"}]}", "tail, arrow, circle")]
    [InlineData(Head + "\"edges\":[{\"from\":\"A\",\"to\":\"A\",\"atFrom\":\"tail\",\"atTo\":\"arrow\"}]}", "a loop")]
    [InlineData(Head + "\"edges\":[{\"from\":\"A\",\"to\":\"B\",\"atFrom\":\"tail\",\"atTo\":\"tail\"}]}", "no direction")]
    public void A_malformed_file_is_refused_in_one_sentence_with_its_name(string content, string reason)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("graph.json", content);

        string message = Assert.Throws<InputException>(() => GraphJson.Read(path)).Message;

        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "none.json", Assert.Throws<InputException>(() => GraphJson.Read(folder["none.json"])).Message, StringComparison.Ordinal);
    }
}
