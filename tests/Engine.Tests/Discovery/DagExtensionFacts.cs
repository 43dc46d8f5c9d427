using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class DagExtensionFacts
{
    [Fact]
    public void The_extension_of_a_cpdag_is_a_dag_of_its_class()
    {
        var random = new Random(61);
        for (int round = 0; round < 300; round++)
        {
            var cpdag = RandomDags.Draw(random, 10).ToCpdag();

            var dag = DagExtension.Extend(cpdag, out var notes);

            Assert.Empty(notes);
            Assert.Equal(cpdag.ToString(), dag.ToCpdag().ToString());
        }
    }

    [Fact]
    public void A_square_without_directions_gets_one_collider_and_a_note()
    {
        var square = Dag.Parse("A --> B, B --> C, C --> D, A --> D");
        var builder = new GraphBuilder(square.Variables);
        foreach (var edge in square.Edges)
        {
            builder.Undirect(edge.From, edge.To);
        }

        var dag = DagExtension.Extend(builder.ToCpdag(), out var notes);

        Assert.Equal(4, dag.Edges.Count());
        Assert.Contains("1 collider more", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cycle_is_broken_and_reported()
    {
        var variables = Dag.Parse("A, B, C").Variables;
        var cycle = new GraphBuilder(variables).Direct(0, 1).Direct(1, 2).Direct(2, 0).ToCpdag();

        var dag = DagExtension.Extend(cycle, out var notes);

        Assert.Equal(3, dag.Edges.Count());
        Assert.Contains("turned round C --> A", Assert.Single(notes), StringComparison.Ordinal);
    }
}
