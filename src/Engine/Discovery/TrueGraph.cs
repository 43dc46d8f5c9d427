using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Discovery;

/// <summary>As what graphs are compared.</summary>
public enum ComparedAs
{
    /// <summary>As what was found: a true DAG becomes its CPDAG or PAG where a CPDAG or PAG was found.</summary>
    Auto,

    /// <summary>As they are.</summary>
    Given,

    /// <summary>As CPDAGs.</summary>
    Cpdag,

    /// <summary>As PAGs: variables of a true DAG that the found graph lacks are hidden.</summary>
    Pag,
}

/// <summary>A true DAG as the best that a search could find: what no data can tell is no fault of a search.</summary>
public static class TrueGraph
{
    /// <summary>Compares a graph that was found with the true one.</summary>
    /// <param name="found">The graph that was found.</param>
    /// <param name="truth">The true one: a DAG, or what stands for the DAGs that fit the data equally.</param>
    /// <param name="compared">As what they are compared.</param>
    /// <param name="note">What became of the graphs before they were compared, or null when nothing did.</param>
    /// <exception cref="InputException">The graphs differ in their variables, or cannot be turned into what was asked for.</exception>
    public static GraphComparison Compare(CausalGraph found, CausalGraph truth, ComparedAs compared, out string? note)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(truth);
        if (compared == ComparedAs.Auto)
        {
            compared = truth is Dag ? found switch { Pag => ComparedAs.Pag, Cpdag => ComparedAs.Cpdag, _ => ComparedAs.Given } : ComparedAs.Given;
        }

        var names = found.Variables.Select(variable => variable.Name).ToHashSet(StringComparer.Ordinal);
        int[] hidden = compared == ComparedAs.Pag ? [.. truth.Variables.Where(v => !names.Contains(v.Name)).Select(v => v.Index)] : [];
        var (seen, real) = (As(found, compared, []), As(truth, compared, hidden));
        string kind = compared == ComparedAs.Pag ? "PAG" : "CPDAG";
        note = (seen != found, real != truth, hidden.Length) switch
        {
            (false, false, _) => null,
            (true, false, _) => $"The found DAG was turned into its {kind}.",
            (false, true, 0) => $"The true DAG was turned into its {kind}: no data can tell more.",
            (true, true, 0) => $"Both DAGs were turned into their {kind}s: no data can tell more.",
            _ => $"The true DAG was turned into its PAG, {ColumnNames.List(hidden.Select(node => truth.Variables[node].Name))} hidden.",
        };
        return GraphComparison.Of(seen, real);
    }

    /// <summary>Makes sure, before a search, that its graph can be compared with the true one.</summary>
    /// <param name="truth">The true graph.</param>
    /// <param name="searched">The columns that a graph is searched of.</param>
    /// <param name="algorithm">The search; only a PAG may lack variables of a true DAG.</param>
    /// <exception cref="InputException">They differ in their variables.</exception>
    public static void Check(CausalGraph truth, IReadOnlyList<Column> searched, SearchAlgorithm algorithm)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(searched);
        string[] names = [.. truth.Variables.Select(variable => variable.Name)], columns = [.. searched.Select(column => column.Name)];
        if (columns.FirstOrDefault(column => !names.Contains(column)) is string unknown)
        {
            throw new InputException(
                $"The column '{unknown}' is no variable of the true graph, which has {ColumnNames.List(names)}; call it so in both, or leave it out with --drop.");
        }

        if (!(truth is Dag && algorithm != SearchAlgorithm.Pc) && names.FirstOrDefault(name => !columns.Contains(name)) is string absent)
        {
            throw new InputException(
                $"The true graph has the variable '{absent}', which is not among the columns that are searched, {ColumnNames.List(columns)}; " +
                "call it so in both, or search with --algorithm fci, which may lack variables of a true DAG.");
        }
    }

    static CausalGraph As(CausalGraph graph, ComparedAs compared, int[] hidden) => (compared, graph) switch
    {
        (ComparedAs.Cpdag, Dag dag) => dag.ToCpdag(),
        (ComparedAs.Pag, Dag dag) => TruePag.Of(dag, hidden, []),
        (ComparedAs.Cpdag, Pag) => throw new InputException("A PAG has no CPDAG, since causes may be hidden: compare it as pag or given."),
        (ComparedAs.Pag, Cpdag) => throw new InputException("A CPDAG has no PAG of its own: compare it as cpdag or given."),
        _ => graph,
    };
}
