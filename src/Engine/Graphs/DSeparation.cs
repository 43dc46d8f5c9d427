namespace CausalMixFT.Engine.Graphs;

/// <summary>Whether a DAG implies that two variables are independent given others.</summary>
/// <remarks>
/// Koller and Friedman (2009), algorithm 3.1: walk all active trails from x; a collider lets a trail pass when it or a
/// descendant is given, every other node when it is not given. Linear in the edges.
/// </remarks>
public static class DSeparation
{
    /// <summary>Whether <paramref name="given"/> blocks every path between <paramref name="x"/> and <paramref name="y"/>.</summary>
    public static bool Separates(Dag dag, int x, int y, ReadOnlySpan<int> given)
    {
        ArgumentNullException.ThrowIfNull(dag);
        var isGiven = new bool[dag.Count];
        var opensCollider = new bool[dag.Count];
        var open = new Stack<int>();
        foreach (int node in given)
        {
            isGiven[node] = true;
            open.Push(node);
        }

        while (open.TryPop(out int node))
        {
            if (!opensCollider[node])
            {
                opensCollider[node] = true;
                foreach (int parent in dag.Parents(node))
                {
                    open.Push(parent);
                }
            }
        }

        // A trail reaches a node either from one of its children (upwards) or from one of its parents (downwards).
        var seen = new bool[dag.Count, 2];
        var trails = new Stack<(int Node, bool Upwards)>([(x, true)]);
        while (trails.TryPop(out var at))
        {
            var (node, upwards) = at;
            if (seen[node, upwards ? 1 : 0])
            {
                continue;
            }

            seen[node, upwards ? 1 : 0] = true;
            if (node == y)
            {
                return false;
            }

            bool toParents = upwards ? !isGiven[node] : opensCollider[node];
            foreach (int other in dag.Adjacent(node))
            {
                if (dag.IsDirected(other, node) ? toParents : !isGiven[node])
                {
                    trails.Push((other, dag.IsDirected(other, node)));
                }
            }
        }

        return true;
    }
}
