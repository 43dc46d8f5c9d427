using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Finds uncovered paths: every three variables in a row have ends that are not joined to each other.</summary>
/// <remarks>
/// Whether a path may go on depends on its last step alone, so a search over steps finds the shortest walk. A walk that
/// meets a variable twice is no path; only then are all paths tried.
/// </remarks>
static class UncoveredPath
{
    /// <summary>The path <paramref name="from"/>, <paramref name="next"/>, …, <paramref name="to"/>, or null where there is none.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="from">The first variable.</param>
    /// <param name="next">The second, which is joined to it.</param>
    /// <param name="to">The last.</param>
    /// <param name="mayStep">Whether a path may step from the first to the second, which are joined.</param>
    /// <param name="mayPass">Whether it may pass from the first over the second to the third: they are not joined, and more if the caller likes.</param>
    /// <param name="mayEnd">Whether it may come to its end over this last but one variable.</param>
    public static IReadOnlyList<int>? Find(
        GraphBuilder graph, int from, int next, int to, Func<int, int, bool> mayStep, Func<int, int, int, bool> mayPass,
        Func<int, bool> mayEnd)
    {
        if (next == to)
        {
            return [from, to];
        }

        var before = new Dictionary<(int From, int To), (int From, int To)>();
        var steps = new Queue<(int From, int To)>([(from, next)]);
        while (steps.TryDequeue(out var step))
        {
            foreach (int node in graph.Adjacent(step.To))
            {
                var on = (step.To, node);
                if (node == from || before.ContainsKey(on) || !mayStep(step.To, node) || !mayPass(step.From, step.To, node))
                {
                    continue;
                }

                if (node != to)
                {
                    before[on] = step;
                    steps.Enqueue(on);
                }
                else if (mayEnd(step.To))
                {
                    before[on] = step;
                    var walk = Walk(before, on, (from, next));
                    return walk.Distinct().Count() == walk.Count ? walk : FindAmongAll();
                }
            }
        }

        return null;

        IReadOnlyList<int>? FindAmongAll()
        {
            var path = new List<int> { from, next };
            return Extend() ? path : null;

            bool Extend()
            {
                foreach (int node in graph.Adjacent(path[^1]))
                {
                    if (path.Contains(node) || !mayStep(path[^1], node) || !mayPass(path[^2], path[^1], node)
                        || (node == to && !mayEnd(path[^1])))
                    {
                        continue;
                    }

                    path.Add(node);
                    if (node == to || Extend())
                    {
                        return true;
                    }

                    path.RemoveAt(path.Count - 1);
                }

                return false;
            }
        }
    }

    static List<int> Walk(
        Dictionary<(int From, int To), (int From, int To)> before, (int From, int To) last, (int From, int To) first)
    {
        var walk = new List<int>();
        for (var step = last; step != first; step = before[step])
        {
            walk.Add(step.To);
        }

        walk.Add(first.To);
        walk.Add(first.From);
        walk.Reverse();
        return walk;
    }
}
