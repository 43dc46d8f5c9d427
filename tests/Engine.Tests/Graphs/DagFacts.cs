using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Graphs;

public class DagFacts
{
    [Fact]
    public void A_drawn_graph_is_read_and_shown_again()
    {
        var dag = Dag.Parse("A --> C, B --> C --> D, E");

        Assert.Equal(["A", "C", "B", "D", "E"], dag.Variables.Select(v => v.Name));
        Assert.Equal("A --> C, B --> C, C --> D, E", dag.ToString());
        Assert.Equal([0, 2], dag.Parents(1));
        Assert.Equal([0, 2, 1, 3, 4], dag.CausalOrder());
        Assert.Equal(Endpoint.Arrow, dag.Mark(0, 1));
        Assert.Equal(Endpoint.Tail, dag.Mark(1, 0));
        Assert.Null(dag.Mark(0, 2));
    }

    [Theory]
    [InlineData("A --> B, B --> C, C --> A", "cycle through")]
    [InlineData("A --> A", "closes a cycle")]
    [InlineData("A --> B, B --> A", "closes a cycle")]
    [InlineData("A --- B", "no edge of a DAG")]
    [InlineData("A --> ", "no edge of a DAG")]
    public void What_is_no_dag_is_refused_with_a_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InputException>(() => Dag.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("A --> B --> C", "A --- B, B --- C")]
    [InlineData("A --> C, B --> C", "A --> C, B --> C")]
    [InlineData("A --> C, B --> C, C --> D", "A --> C, B --> C, C --> D")]
    [InlineData("A --> B, A --> C, B --> C", "A --- B, A --- C, B --- C")]
    [InlineData("A --> B, A --> C, A --> D, B --> D, C --> D", "A --- B, A --- C, A --> D, B --> D, C --> D")]
    public void The_cpdag_directs_what_all_equivalent_dags_share(string dag, string cpdag) =>
        Assert.Equal(cpdag, Dag.Parse(dag).ToCpdag().ToString());

    [Fact]
    public void The_cpdag_is_the_union_of_all_dags_with_the_same_skeleton_and_colliders()
    {
        // The definition by enumeration, for every graph of up to 5 variables that a fixed seed draws.
        var random = new Random(41);
        for (int round = 0; round < 60; round++)
        {
            var dag = RandomDags.Draw(random, 5);
            var pairs = dag.Edges.Select(edge => (edge.From, edge.To)).ToArray();
            var equivalent = new List<Dag>();
            for (int bits = 0; bits < 1 << pairs.Length; bits++)
            {
                try
                {
                    var other = Dag.FromEdges(dag.Variables, pairs.Select((pair, i) => (bits >> i & 1) == 0 ? pair : (pair.To, pair.From)));
                    if (Colliders(other).SetEquals(Colliders(dag)))
                    {
                        equivalent.Add(other);
                    }
                }
                catch (InputException)
                {
                    // This choice of directions is cyclic.
                }
            }

            var union = new GraphBuilder(dag.Variables);
            foreach (var (from, to) in pairs)
            {
                _ = equivalent.All(other => other.IsDirected(from, to)) ? union.Direct(from, to) : union.Undirect(from, to);
            }

            Assert.Equal(union.ToCpdag().ToString(), dag.ToCpdag().ToString());
        }
    }

    static HashSet<(int, int, int)> Colliders(Dag dag) =>
    [
        .. from y in Enumerable.Range(0, dag.Count)
           from x in dag.Parents(y)
           from z in dag.Parents(y)
           where x < z && !dag.AreAdjacent(x, z)
           select (x, y, z),
    ];
}
