using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Possible-d-sep of each variable: every variable that may be needed to separate it from one that it is joined to.</summary>
/// <remarks>
/// Spirtes, Glymour and Scheines (2000); Colombo et al. (2012), definition 3.3: v is in it when a path leads there from x
/// on which every inner variable is a collider, or its two neighbours on the path are joined to each other. Once the
/// colliders are oriented it is computed for all variables and not again, so that the order of pairs does not matter.
/// </remarks>
static class PossibleDSep
{
    /// <summary>Possible-d-sep of every variable, ascending.</summary>
    public static int[][] Of(GraphBuilder graph, int? maxPathLength)
    {
        int[][] adjacent = [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())];
        return [.. Enumerable.Range(0, graph.Count).Select(node => Reach(graph, adjacent, node, maxPathLength ?? int.MaxValue))];
    }

    // Whether a path may go on from b depends on the step that led there alone: each step of an edge is taken once.
    static int[] Reach(GraphBuilder graph, int[][] adjacent, int x, int maxPathLength)
    {
        var reached = new bool[graph.Count];
        var taken = new bool[graph.Count * graph.Count];
        var steps = new Queue<(int From, int To, int Length)>();
        foreach (int b in adjacent[x])
        {
            reached[b] = true;
            steps.Enqueue((x, b, 1));
        }

        while (steps.TryDequeue(out var step))
        {
            var (a, b, length) = step;
            if (length == maxPathLength)
            {
                continue;
            }

            bool intoB = graph.Mark(a, b) == Endpoint.Arrow;
            foreach (int c in adjacent[b])
            {
                if (c != x && c != a && !taken[b * graph.Count + c]
                    && ((intoB && graph.Mark(c, b) == Endpoint.Arrow) || graph.AreAdjacent(a, c)))
                {
                    taken[b * graph.Count + c] = reached[c] = true;
                    steps.Enqueue((b, c, length + 1));
                }
            }
        }

        return [.. Enumerable.Range(0, graph.Count).Where(node => reached[node])];
    }
}
