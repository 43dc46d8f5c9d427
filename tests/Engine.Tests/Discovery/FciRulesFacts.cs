using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Discovery;

public class FciRulesFacts
{
    // Zhang (2008), section 3: what each rule changes in the smallest graph that it applies to.
    [Theory]
    [InlineData("R1", "A o-> B, B o-o C", "A o-> B, B --> C")]
    [InlineData("R2", "A --> B, B <-> C, A o-o C", "A --> B, A o-> C, B <-> C")]
    [InlineData("R2 the other way", "A <-> B, B --> C, A o-o C", "A <-> B, A o-> C, B --> C")]
    [InlineData("R3", "A o-> B, C o-> B, A o-o D, C o-o D, D o-o B", "A o-> B, C o-> B, D o-> B, A o-o D, C o-o D")]
    [InlineData("R5", "A o-o C, C o-o D, D o-o B, A o-o B", "A --- C, A --- B, C --- D, D --- B")]
    [InlineData("R6", "A --- B, B o-> C", "A --- B, B --> C")]
    [InlineData("R7", "A --o B, B o-o C", "A --o B, B --o C")]
    [InlineData("R8", "A --> B, B --> C, A o-> C", "A --> B, A --> C, B --> C")]
    [InlineData("R8 over a circle", "A --o B, B --> C, A o-> C", "A --o B, A --> C, B --> C")]
    [InlineData("R9", "A o-> C, A o-o B, B o-o D, D o-> C", "A --> C, D --> C, A o-o B, B o-o D")]
    [InlineData("R10", "A o-> C, B --> C, D --> C, A o-o B, A o-o D", "A --> C, B --> C, D --> C, A o-o B, A o-o D")]
    public void A_rule_marks_what_it_says(string rule, string before, string after)
    {
        Assert.NotEmpty(rule);
        Assert.Equal(Edges(Parse(after).ToPag()), Edges(Close(before)));
    }

    [Theory]
    [InlineData(true, "D o-> A, B o-> A, A --> C, B --> C")]
    [InlineData(false, "D o-> A, A <-> B, A --> C, B <-> C")]
    public void R4_asks_whether_the_last_but_one_separates_the_ends(bool separates, string after)
    {
        var graph = Parse("D o-> A, B o-> A, A --> C, B o-o C");
        int[] given = separates ? [Node(graph, "A"), Node(graph, "B")] : [Node(graph, "A")];
        int d = Node(graph, "D"), b = Node(graph, "B"), c = Node(graph, "C");
        var sets = new SeparatingSets(
            new SeparatingSet(Math.Min(d, c), Math.Max(d, c), given, 1), new SeparatingSet(Math.Min(d, b), Math.Max(d, b), [], 1));

        Run(graph, sets);

        Assert.Equal(Edges(Parse(after).ToPag()), Edges(graph.ToPag()));
    }

    [Fact]
    public void Without_selection_no_edge_becomes_undirected() =>
        Assert.Equal("A o-o B, A o-o D, B o-o C, C o-o D", Close("A o-o B, B o-o C, C o-o D, A o-o D", selectionBias: false).ToString());

    static Pag Close(string drawn, bool selectionBias = true)
    {
        var graph = Parse(drawn);
        Run(graph, new(), selectionBias);
        return graph.ToPag();
    }

    static void Run(GraphBuilder graph, SeparatingSets sets, bool selectionBias = true) =>
        new FciRules(graph, new PagTriples(sets), new BackgroundKnowledge().Resolve(graph.Variables)).Close(selectionBias);

    static IEnumerable<string> Edges(Pag pag) => pag.Edges
        .Select(edge => $"{pag.Variables[edge.From].Name} {edge.Symbol} {pag.Variables[edge.To].Name}")
        .Select(edge => edge[0] <= edge[^1] ? edge : $"{edge[^1]} {Turned(edge[4])}-{Turned(edge[2])} {edge[0]}")
        .Order(StringComparer.Ordinal);

    static char Turned(char mark) => mark switch { '<' => '>', '>' => '<', _ => mark };

    static int Node(GraphBuilder graph, string name) => graph.Variables.First(v => v.Name == name).Index;

    // "A o-> B, …" over variables named by a letter, in the order of the alphabet.
    static GraphBuilder Parse(string drawn)
    {
        string[][] edges = [.. drawn.Split(", ").Select(edge => edge.Split(' '))];
        string[] names = [.. edges.SelectMany(edge => new[] { edge[0], edge[2] }).Distinct().Order(StringComparer.Ordinal)];
        var graph = new GraphBuilder([.. names.Select((name, i) => new Variable(i, name, ColumnKind.Numeric))]);
        foreach (string[] edge in edges)
        {
            graph.Connect(Node(graph, edge[0]), Node(graph, edge[2]), Mark(edge[1][0]), Mark(edge[1][2]));
        }

        return graph;

        static Endpoint Mark(char drawn) => drawn switch { '-' => Endpoint.Tail, 'o' => Endpoint.Circle, _ => Endpoint.Arrow };
    }
}
