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

    [Fact]
    public void An_edge_with_two_arrowheads_is_directed_and_reported()
    {
        var variables = Dag.Parse("A, B, C, D").Variables;
        var contested = new GraphBuilder(variables).Direct(0, 1).Direct(3, 2).Connect(1, 2, Endpoint.Arrow, Endpoint.Arrow).ToCpdag();

        var dag = DagExtension.Extend(contested, out var notes);

        Assert.Equal("A --> B, B --> C, D --> C", dag.ToString());
        Assert.Equal("Colliders contradict each other at B <-> C: directed as if undirected.", notes[0]);
    }

    [Fact]
    public void Of_any_marks_a_dag_with_the_same_pairs_is_made()
    {
        var random = new Random(62);
        for (int round = 0; round < 200; round++)
        {
            var builder = new GraphBuilder(RandomDags.Draw(random, 12).ToCpdag());
            foreach (var edge in builder.ToCpdag().Edges.Where(_ => random.Next(3) == 0))
            {
                _ = random.Next(3) switch
                {
                    0 => builder.Direct(edge.To, edge.From),
                    1 => builder.Undirect(edge.From, edge.To),
                    _ => builder.Connect(edge.From, edge.To, Endpoint.Arrow, Endpoint.Arrow),
                };
            }

            var graph = builder.ToCpdag();

            var dag = DagExtension.Extend(graph);

            Assert.Equal(
                graph.Edges.Select(edge => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To))).Order(),
                dag.Edges.Select(edge => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To))).Order());
        }
    }
}
