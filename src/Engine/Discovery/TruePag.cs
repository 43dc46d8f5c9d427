using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The PAG of a known DAG of which some variables are hidden and some decide which rows are seen: the best that FCI can find.</summary>
public static class TruePag
{
    /// <summary>The PAG over the variables of <paramref name="dag"/> that are neither hidden nor selected by, in their order.</summary>
    /// <param name="dag">The whole truth.</param>
    /// <param name="hidden">Variables without a column.</param>
    /// <param name="selection">Variables that are the same in all rows, because rows were chosen by them; they have no column.</param>
    /// <exception cref="InputException">A variable is both, or none is left.</exception>
    /// <remarks>FCI with d-separation in place of a test, without bounds: exponential in the worst case, quick up to some 20 variables.</remarks>
    public static Pag Of(Dag dag, IReadOnlyCollection<int> hidden, IReadOnlyCollection<int> selection)
    {
        ArgumentNullException.ThrowIfNull(dag);
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(selection);
        foreach (int both in hidden.Where(selection.Contains))
        {
            throw new InputException($"Variable '{dag.Variables[both].Name}' is both hidden and selected by: name it once.");
        }

        int[] observed = [.. Enumerable.Range(0, dag.Count).Where(node => !hidden.Contains(node) && !selection.Contains(node))];
        if (observed.Length == 0)
        {
            throw new InputException("No variable of the graph is observed: leave one at least.");
        }

        Variable[] variables = [.. observed.Select((node, i) => dag.Variables[node] with { Index = i })];
        var options = new DiscoveryOptions { MaxDepth = null, Algorithm = SearchAlgorithm.Fci, Fci = new() { MaxPossibleDSepDepth = null } };
        return FciSearch.Run(new Oracle(dag, observed, [.. selection]), variables, options).Graph;
    }

    // Always given what rows were selected by.
    sealed class Oracle(Dag dag, int[] observed, int[] selection) : IIndependenceTest
    {
        public string Name => "d-separation";

        public void PValues(QueryBatch queries, Span<double> pValues)
        {
            var given = new int[queries.Depth + selection.Length];
            selection.CopyTo(given, queries.Depth);
            for (int query = 0; query < queries.Count; query++)
            {
                var variables = queries[query];
                for (int i = 0; i < queries.Depth; i++)
                {
                    given[i] = observed[variables[2 + i]];
                }

                pValues[query] = DSeparation.Separates(dag, observed[variables[0]], observed[variables[1]], given) ? 1 : 0;
            }
        }
    }
}
