using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Graphs;

/// <summary>Random DAGs of which some variables are hidden and some decide which rows are seen.</summary>
static class HiddenDags
{
    /// <summary>A random DAG, some of its variables hidden, some selected by, and the ancestral graph of the others.</summary>
    public static (Dag Dag, int[] Hidden, int[] Selection, AncestralGraph Graph) Draw(Random random, int fewest, int most, double density)
    {
        int observed = random.Next(fewest, most + 1), hidden = random.Next(4), selection = random.Next(3);
        int count = observed + hidden + selection;
        double share = Math.Min(density, random.NextDouble() * 5 / count);
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        var edges = (
            from i in order
            from j in order
            where i < j && random.NextDouble() < share
            select (order[i], order[j])).ToArray();
        Variable[] variables = [.. Enumerable.Range(0, count).Select(i => new Variable(i, $"X{i}", ColumnKind.Numeric))];
        var dag = Dag.FromEdges(variables, edges);
        int[] hiddenOnes = [.. Enumerable.Range(observed, hidden)], selected = [.. Enumerable.Range(observed + hidden, selection)];
        return (dag, hiddenOnes, selected, AncestralGraph.Of(dag, [.. Enumerable.Range(0, observed)], hiddenOnes, selected));
    }

    /// <summary>A tail is at a cause of the other or of selection, an arrowhead is not.</summary>
    public static void AssertSound(Pag pag, Dag dag, int[] selection)
    {
        foreach (var edge in pag.Edges)
        {
            Check(edge.From, edge.To, edge.AtFrom);
            Check(edge.To, edge.From, edge.AtTo);
        }

        void Check(int at, int other, Endpoint mark)
        {
            if (mark != Endpoint.Circle)
            {
                bool causes = Causes(at).Any(node => node == other || selection.Contains(node));
                Assert.True(causes == (mark == Endpoint.Tail), $"{pag} of {dag} at {at} from {other}");
            }
        }

        HashSet<int> Causes(int node)
        {
            var effects = new HashSet<int>();
            var open = new Stack<int>([node]);
            while (open.TryPop(out int cause))
            {
                foreach (int effect in dag.Adjacent(cause).Where(effect => dag.IsDirected(cause, effect) && effects.Add(effect)))
                {
                    open.Push(effect);
                }
            }

            return effects;
        }
    }
}
