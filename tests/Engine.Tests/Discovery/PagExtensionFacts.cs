using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class PagExtensionFacts
{
    [Fact]
    public void Without_hidden_causes_the_extension_is_a_dag_of_the_same_class()
    {
        var random = new Random(81);
        for (int round = 0; round < 200; round++)
        {
            var truth = RandomDags.Draw(random, 7);

            var dag = PagExtension.Extend(TruePag.Of(truth, [], []), out var notes);

            Assert.Empty(notes);
            Assert.Equal(truth.ToCpdag().ToString(), dag.ToCpdag().ToString());
        }
    }

    [Fact]
    public void A_hidden_cause_leaves_an_edge_and_a_note()
    {
        var truth = Dag.Parse("A --> X, L --> X, L --> Y, B --> Y");
        var pag = TruePag.Of(truth, [2], []);

        var dag = DagExtension.Of(pag, out var notes);

        Assert.Equal("A o-> X, X <-> Y, B o-> Y", pag.ToString());
        Assert.Equal("A --> X, X --> Y, B --> Y", dag.ToString());
        Assert.Contains("X <-> Y", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Selection_leaves_an_edge_and_a_note()
    {
        // A square that hidden selection closes: each neighbouring pair shares an effect by which rows were chosen.
        var truth = Dag.Parse("A --> S1, B --> S1, B --> S2, C --> S2, C --> S3, D --> S3, D --> S4, A --> S4");
        var pag = TruePag.Of(truth, [], [.. truth.Variables.Where(v => v.Name[0] == 'S').Select(v => v.Index)]);

        var dag = PagExtension.Extend(pag, out var notes);

        Assert.Equal("A --- B, A --- D, B --- C, C --- D", pag.ToString());
        Assert.Equal(4, dag.Edges.Count());
        Assert.Contains("A --- B", notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bidirected_edges_in_a_ring_close_no_cycle()
    {
        var ring = new GraphBuilder(Dag.Parse("A, B, C, D").Variables);
        for (int node = 0; node < 4; node++)
        {
            ring.Connect(node, (node + 1) % 4, Endpoint.Arrow, Endpoint.Arrow);
        }

        Assert.Equal(4, PagExtension.Extend(ring.ToPag(), out _).Edges.Count());
    }
}
