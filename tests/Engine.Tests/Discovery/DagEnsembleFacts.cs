using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class DagEnsembleFacts
{
    const int Draws = 4000;

    [Fact]
    public void Every_graph_is_acyclic_and_joins_only_what_a_resample_joined()
    {
        var random = new Random(91);
        for (int round = 0; round < 100; round++)
        {
            var confidence = RandomConfidence(random, random.Next(2, 9));
            foreach (var dag in DagEnsemble.Draw(confidence, 5, (ulong)round))
            {
                Assert.Equal(confidence.Variables.Count, dag.CausalOrder().Length);
                Assert.All(dag.Edges, edge => Assert.True(edge.IsDirected && confidence.Joined(edge.From, edge.To) > 0));
            }
        }
    }

    [Fact]
    public void Edges_are_as_frequent_as_resamples_have_them_where_no_cycle_interferes()
    {
        var confidence = EdgeConfidence.FromCounts(Variables(8), 10,
        [
            (new(0, 1, Endpoint.Tail, Endpoint.Arrow), 7), (new(1, 0, Endpoint.Tail, Endpoint.Arrow), 1),
            (new(2, 3, Endpoint.Tail, Endpoint.Tail), 6),
            (new(4, 5, Endpoint.Arrow, Endpoint.Arrow), 8),
            (new(6, 7, Endpoint.Circle, Endpoint.Arrow), 5), (new(6, 7, Endpoint.Circle, Endpoint.Circle), 5),
        ]);

        var drawn = DagEnsemble.Draw(confidence, Draws, seed: 92);

        // A common cause is either direction a quarter of the time; an open edge either direction half of the time.
        (int From, int To, double Expected)[] frequencies =
            [(0, 1, 0.7), (1, 0, 0.1), (2, 3, 0.3), (3, 2, 0.3), (4, 5, 0.2), (5, 4, 0.2), (6, 7, 0.75), (7, 6, 0.25)];
        foreach (var (from, to, expected) in frequencies)
        {
            double share = drawn.Count(dag => dag.IsDirected(from, to)) / (double)Draws;
            Assert.InRange(share, expected - Slack(expected), expected + Slack(expected));
        }
    }

    [Fact]
    public void What_would_close_a_cycle_is_turned_round_where_a_resample_had_it_so_and_else_left_out()
    {
        (Edge, int)[] path = [(new(0, 1, Endpoint.Tail, Endpoint.Arrow), 10), (new(1, 2, Endpoint.Tail, Endpoint.Arrow), 9)];
        var never = EdgeConfidence.FromCounts(Variables(3), 10, [.. path, (new(2, 0, Endpoint.Tail, Endpoint.Arrow), 6)]);
        var once = EdgeConfidence.FromCounts(
            Variables(3), 10, [.. path, (new(2, 0, Endpoint.Tail, Endpoint.Arrow), 6), (new(0, 2, Endpoint.Tail, Endpoint.Arrow), 1)]);

        // Without 1 --> 2 there is no cycle to close.
        Assert.All(DagEnsemble.Draw(never, Draws, 93), dag => Assert.False(dag.IsDirected(1, 2) && dag.AreAdjacent(0, 2)));
        var turned = DagEnsemble.Draw(once, Draws, 94).Where(dag => dag.IsDirected(1, 2)).ToArray();
        Assert.DoesNotContain(turned, dag => dag.IsDirected(2, 0));
        double share = turned.Count(dag => dag.IsDirected(0, 2)) / (double)turned.Length;
        Assert.InRange(share, 0.7 - Slack(0.7, turned.Length), 0.7 + Slack(0.7, turned.Length));
    }

    [Fact]
    public void Where_all_resamples_agree_on_a_cpdag_every_graph_is_one_that_it_stands_for()
    {
        var random = new Random(95);
        for (int round = 0; round < 100; round++)
        {
            var cpdag = RandomDags.Draw(random, 8).ToCpdag();
            foreach (var dag in DagEnsemble.Draw(EdgeConfidence.Of([cpdag]), 4, (ulong)round))
            {
                Assert.Equal(cpdag.ToString(), dag.ToCpdag().ToString());
            }
        }
    }

    [Fact]
    public void Open_edges_that_all_resamples_have_point_either_way()
    {
        var chain = new GraphBuilder(Variables(3)).Undirect(0, 1).Undirect(1, 2).ToCpdag();

        var drawn = DagEnsemble.Draw(EdgeConfidence.Of([chain]), 100, seed: 96);

        Assert.Equal(3, drawn.Select(dag => dag.ToString()).Distinct().Count());
    }

    [Fact]
    public void The_same_seed_draws_the_same_graphs_and_more_of_them_only_adds()
    {
        var confidence = RandomConfidence(new(97), 7);
        string[] few = Text(4, 1), many = Text(9, 1);

        Assert.Equal(many[..4], few);
        Assert.NotEqual(Text(4, 2), few);
        Assert.True(many.Distinct().Count() > 1);

        string[] Text(int graphs, ulong seed) => [.. DagEnsemble.Draw(confidence, graphs, seed).Select(dag => dag.ToString())];
    }

    [Fact]
    public void What_is_known_holds_in_every_graph()
    {
        var random = new Random(98);
        for (int round = 0; round < 100; round++)
        {
            // Statements about a random order of the columns cannot contradict each other.
            int count = random.Next(3, 8);
            var confidence = RandomConfidence(random, count);
            int[] order = [.. Enumerable.Range(0, count)];
            random.Shuffle(order);
            var pairs = Enumerable.Range(1, count - 1).SelectMany(i => Enumerable.Range(0, i).Select(j => (From: order[j], To: order[i])));
            var known = pairs.Select(pair => (pair.From, pair.To, Kind: random.Next(4))).ToArray();
            var knowledge = new BackgroundKnowledge
            {
                Require = [.. known.Where(pair => pair.Kind == 0).Select(pair => (Name(pair.From), Name(pair.To)))],
                Forbid =
                [
                    .. known.Where(pair => pair.Kind is 1 or 2).Select(pair => (Name(pair.To), Name(pair.From))),
                    .. known.Where(pair => pair.Kind == 2).Select(pair => (Name(pair.From), Name(pair.To))),
                ],
            };

            foreach (var dag in DagEnsemble.Draw(confidence, 5, (ulong)round, knowledge))
            {
                foreach (var (from, to, kind) in known)
                {
                    Assert.True(kind switch
                    {
                        0 => dag.IsDirected(from, to),
                        1 => !dag.IsDirected(to, from),
                        2 => !dag.AreAdjacent(from, to),
                        _ => true,
                    });
                }
            }

            string Name(int node) => confidence.Variables[node].Name;
        }
    }

    // Four standard deviations: one interval in 16,000 misses by chance, and the seeds are fixed.
    static double Slack(double share, int draws = Draws) => 4 * Math.Sqrt(share * (1 - share) / draws);

    static Variable[] Variables(int count) => [.. Enumerable.Range(0, count).Select(i => new Variable(i, $"X{i}", ColumnKind.Numeric))];

    static EdgeConfidence RandomConfidence(Random random, int count)
    {
        var marks = Enum.GetValues<Endpoint>();
        return EdgeConfidence.Of([.. Enumerable.Range(0, 5).Select(_ =>
        {
            var graph = new GraphBuilder(Variables(count));
            for (int a = 0; a < count; a++)
            {
                for (int b = 0; b < a; b++)
                {
                    if (random.Next(2) == 0)
                    {
                        graph.Connect(a, b, marks[random.Next(marks.Length)], marks[random.Next(marks.Length)]);
                    }
                }
            }

            return graph.ToPag();
        })]);
    }
}
