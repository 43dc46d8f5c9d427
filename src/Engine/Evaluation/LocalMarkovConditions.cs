using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>One independence that a graph implies: of x and y given others.</summary>
/// <param name="X">A variable.</param>
/// <param name="Y">One that it does not cause, directly or not.</param>
/// <param name="Given">The direct causes of <paramref name="X"/>.</param>
readonly record struct ImpliedIndependence(int X, int Y, int[] Given)
{
    /// <summary>The same for two conditions that ask the same of the data.</summary>
    public string Key => $"{Math.Min(X, Y)},{Math.Max(X, Y)}|{string.Join(',', Given.Order())}";

    /// <summary>The condition with variable i replaced by <paramref name="place"/>[i].</summary>
    public ImpliedIndependence Permuted(int[] place) =>
        new(place[X], place[Y], Array.ConvertAll(Given, variable => place[variable]));
}

/// <summary>The local Markov conditions of a DAG: a variable is independent of its non-descendants given its parents.</summary>
/// <remarks>Pairwise, as in DoWhy's falsify_graph; together they imply every other independence of the graph (Lauritzen 1990).</remarks>
static class LocalMarkovConditions
{
    /// <summary>All conditions that are given at most <paramref name="mostGiven"/> variables, by variable; and how many are given more.</summary>
    public static (List<ImpliedIndependence> Conditions, int LeftOut) Of(Dag dag, int mostGiven)
    {
        var conditions = new List<ImpliedIndependence>();
        int leftOut = 0;
        for (int x = 0; x < dag.Count; x++)
        {
            var below = Descendants(dag, x);
            int[] parents = [.. dag.Parents(x)];
            for (int y = 0; y < dag.Count; y++)
            {
                if (y == x || below[y] || parents.Contains(y))
                {
                    continue;
                }

                if (parents.Length > mostGiven)
                {
                    leftOut++;
                }
                else
                {
                    conditions.Add(new(x, y, parents));
                }
            }
        }

        return (conditions, leftOut);
    }

    /// <summary>At most <paramref name="most"/> of the conditions, drawn by the generator, in their order.</summary>
    public static List<ImpliedIndependence> Draw(List<ImpliedIndependence> conditions, int most, Philox random)
    {
        if (conditions.Count <= most)
        {
            return conditions;
        }

        int[] drawn = [.. Enumerable.Range(0, conditions.Count).OrderBy(i => random.Word((uint)i, 0)).ThenBy(i => i).Take(most).Order()];
        return [.. drawn.Select(i => conditions[i])];
    }

    static bool[] Descendants(Dag dag, int node)
    {
        var below = new bool[dag.Count];
        var open = new Stack<int>([node]);
        while (open.TryPop(out int at))
        {
            foreach (int other in dag.Adjacent(at))
            {
                if (dag.IsDirected(at, other) && !below[other])
                {
                    below[other] = true;
                    open.Push(other);
                }
            }
        }

        return below;
    }
}
