using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Asks a graph under construction, again and again, whether directed edges lead from one variable to another.</summary>
/// <remarks>Nothing is allocated per question, and nothing looked at but what is reached.</remarks>
sealed class DirectedPaths(GraphBuilder graph, int[][] adjacent)
{
    // The question at which a variable was last reached: no clearing between questions.
    readonly int[] _reached = new int[adjacent.Length], _open = new int[adjacent.Length];
    int _question;

    /// <summary>Whether directed edges lead from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public bool Lead(int from, int to)
    {
        _question++;
        _open[0] = from;
        for (int open = 1; open > 0;)
        {
            int node = _open[--open];
            foreach (int next in adjacent[node])
            {
                if (_reached[next] != _question && graph.IsDirected(node, next))
                {
                    if (next == to)
                    {
                        return true;
                    }

                    _reached[next] = _question;
                    _open[open++] = next;
                }
            }
        }

        return false;
    }
}
