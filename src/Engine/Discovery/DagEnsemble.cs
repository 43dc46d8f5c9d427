using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Acyclic graphs drawn from how sure each edge is: where resamples disagree, so do these.</summary>
/// <remarks>
/// Each pair is joined, or not, as in one of the counted graphs, drawn for each pair anew. Directed edges go in first, the
/// most probable first; one that would close a cycle is turned round where resamples had it so or left it open, and left
/// out otherwise. Edges without a direction are then directed together, in a random order of the variables, so that as few
/// colliders as can be arise that no resample spoke for (<see cref="DagExtension"/>): were all resamples to agree on a
/// CPDAG, every graph would be one that it stands for. &lt;-> stands for a hidden common cause, which no DAG of these
/// variables can show: it becomes --> or &lt;-- a quarter of the time each, and nothing otherwise.
/// </remarks>
public static class DagEnsemble
{
    // "dags" in ASCII.
    const uint Purpose = 0x64616773;

    /// <summary>Draws graphs; the same seed draws the same ones, and more of them only adds to those.</summary>
    /// <param name="confidence">How often resamples had each edge.</param>
    /// <param name="graphs">How many to draw.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="knowledge">Edges that every graph, or no graph, must hold; or null.</param>
    /// <exception cref="InputException">The knowledge names an unknown column or contradicts itself.</exception>
    public static IReadOnlyList<Dag> Draw(EdgeConfidence confidence, int graphs, ulong seed, BackgroundKnowledge? knowledge = null)
    {
        ArgumentNullException.ThrowIfNull(confidence);
        ArgumentOutOfRangeException.ThrowIfNegative(graphs);
        var known = (knowledge ?? new()).Resolve(confidence.Variables);
        var pairs = PairsOf(confidence, known);
        var philox = new Philox(seed).Branch(Purpose);
        return [.. Enumerable.Range(0, graphs).Select(number => DrawOne(confidence, pairs, known, philox, (uint)number))];
    }

    static Dag DrawOne(EdgeConfidence confidence, List<Pair> pairs, EdgeKnowledge known, Philox philox, uint number)
    {
        var graph = new GraphBuilder(confidence.Variables);
        var directed = new List<DirectedEdge>();
        foreach (var pair in pairs)
        {
            // Slot 0 picks the graph that the pair is as in, slot 1 what a common cause becomes, slot 2 breaks ties.
            uint index = (uint)(pair.A * graph.Count + pair.B);
            var kind = pair.At(philox.Below(confidence.Graphs, index, number), philox.Below(4, index, number, 1));
            if (known.MustJoin(pair.A, pair.B))
            {
                bool forward = known.IsRequired(pair.A, pair.B);
                directed.Add(new(forward ? pair.A : pair.B, forward ? pair.B : pair.A, int.MaxValue, false, 0));
            }
            else if (kind == Kind.Open && !known.IsForbidden(pair.A, pair.B) && !known.IsForbidden(pair.B, pair.A))
            {
                graph.Undirect(pair.A, pair.B);
            }
            else if (kind != Kind.None)
            {
                bool forward = known.IsForbidden(pair.B, pair.A) || (kind == Kind.Forward && !known.IsForbidden(pair.A, pair.B));
                var (from, to) = forward ? (pair.A, pair.B) : (pair.B, pair.A);
                bool turns = !known.IsForbidden(to, from) && pair.Open + pair.Common + (forward ? pair.Back : pair.Forward) > 0;
                directed.Add(new(from, to, forward ? pair.Forward : pair.Back, turns, philox.Word(index, number, 2)));
            }
        }

        foreach (var edge in directed.OrderByDescending(edge => edge.Count).ThenBy(edge => edge.Tie).ThenBy(edge => (edge.From, edge.To)))
        {
            if (!graph.HasDirectedPath(edge.To, edge.From))
            {
                graph.Direct(edge.From, edge.To);
            }
            else if (edge.Turns)
            {
                graph.Direct(edge.To, edge.From);
            }
        }

        return Extend(graph, philox.Branch(number));
    }

    // An extension prefers an order of the variables; here it is a random one, so that open edges point either way.
    static Dag Extend(GraphBuilder graph, Philox philox)
    {
        int[] order = [.. Enumerable.Range(0, graph.Count).OrderBy(node => philox.Word((uint)node, 0)).ThenBy(node => node)];
        var place = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            place[order[i]] = i;
        }

        var shuffled = new GraphBuilder([.. order.Select((node, i) => graph.Variables[node] with { Index = i })]);
        foreach (var edge in graph.ToCpdag().Edges)
        {
            shuffled.Connect(place[edge.From], place[edge.To], edge.AtFrom, edge.AtTo);
        }

        var extension = DagExtension.Extend(shuffled.ToCpdag());
        return Dag.FromEdges(graph.Variables, extension.Edges.Select(edge => (order[edge.From], order[edge.To])));
    }

    /// <summary>The pairs that a graph may join, by the smaller index and then the larger.</summary>
    static List<Pair> PairsOf(EdgeConfidence confidence, EdgeKnowledge known)
    {
        var pairs = new List<Pair>();
        for (int a = 0; a < confidence.Variables.Count; a++)
        {
            for (int b = a + 1; b < confidence.Variables.Count; b++)
            {
                int joined = confidence.CountJoined(a, b);
                if ((joined > 0 || known.MustJoin(a, b)) && !known.CannotJoin(a, b))
                {
                    int forward = Causes(a, b), back = Causes(b, a);
                    int common = confidence.Count(a, b, Endpoint.Arrow, Endpoint.Arrow);
                    pairs.Add(new(a, b, forward, back, common, joined - forward - back - common));
                }
            }
        }

        return pairs;

        int Causes(int from, int to) =>
            confidence.Count(from, to, Endpoint.Tail, Endpoint.Arrow) + confidence.Count(from, to, Endpoint.Circle, Endpoint.Arrow);
    }

    enum Kind
    {
        None,
        Forward,
        Back,
        Open,
    }

    /// <summary>How many graphs had A --> B or A o-> B, the same from B, A &lt;-> B, and any other edge.</summary>
    readonly record struct Pair(int A, int B, int Forward, int Back, int Common, int Open)
    {
        /// <summary>What the pair is in the graph of this place, graphs sorted by what they have; quarter is 0 … 3.</summary>
        public Kind At(int place, int quarter) =>
            place < Forward ? Kind.Forward
            : place < Forward + Back ? Kind.Back
            : place < Forward + Back + Open ? Kind.Open
            : place >= Forward + Back + Open + Common ? Kind.None
            : quarter switch { 0 => Kind.Forward, 1 => Kind.Back, _ => Kind.None };
    }

    /// <summary>An edge to go in, in how many graphs it stands, and whether it may be turned round.</summary>
    readonly record struct DirectedEdge(int From, int To, int Count, bool Turns, uint Tie);
}
