using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Scm;

/// <summary>A causal graph with an equation at each node, X := f(parents, noise); immutable.</summary>
public sealed class StructuralCausalModel
{
    readonly int[] _order;

    /// <summary>Puts nodes together; their indices are their places in the table.</summary>
    /// <exception cref="InputException">The parents form a cycle.</exception>
    internal StructuralCausalModel(IReadOnlyList<ScmNode> nodes)
    {
        Nodes = nodes;
        Graph = Dag.FromEdges(
            [.. nodes.Select((node, i) => new Variable(i, node.Name, node.Kind))],
            nodes.SelectMany((node, i) => node.Parents.Select(parent => (parent, i))));
        _order = Graph.CausalOrder();
    }

    /// <summary>The nodes, in the table's column order.</summary>
    public IReadOnlyList<ScmNode> Nodes { get; }

    /// <summary>The graph.</summary>
    public Dag Graph { get; }

    /// <summary>The nodes' indices, causes before effects.</summary>
    public IReadOnlyList<int> CausalOrder => _order;

    /// <summary>Fits an equation to each column, given its parents in <paramref name="dag"/>.</summary>
    /// <param name="table">The rows to fit to.</param>
    /// <param name="dag">
    /// The graph; its variables are matched with columns by name, and columns it lacks have no parents.
    /// </param>
    /// <param name="options">Folds, caps and ridge.</param>
    /// <param name="device">Its threads fit nodes side by side.</param>
    /// <param name="progress">Told the share of nodes that are done.</param>
    /// <exception cref="InputException">
    /// The table has no rows or columns, or the graph names a column that it lacks.
    /// </exception>
    public static StructuralCausalModel Fit(
        Table table, Dag dag, ScmOptions options, ComputeDevice device, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(dag);
        ArgumentNullException.ThrowIfNull(options);
        if (table.Rows == 0 || table.Columns.Count == 0)
        {
            throw new InputException(
                "A structural causal model is fitted to at least one row and one column; the table is empty.");
        }

        int count = table.Columns.Count;
        var parents = new int[count][];
        Array.Fill(parents, []);
        foreach (var variable in dag.Variables)
        {
            parents[table.IndexOf(variable.Name)] =
                [.. dag.Parents(variable.Index).Select(parent => table.IndexOf(dag.Variables[parent].Name)).Order()];
        }

        var profiles = new ColumnProfile[count];
        ForEach(device, count, i => profiles[i] = new ColumnProfile(table.Columns[i], options));

        // The dearest nodes first, so that no thread is left with one at the end. Which thread fits which changes
        // nothing.
        int[] order = [.. Enumerable.Range(0, count).OrderByDescending(i => Cost(i))];
        var nodes = new ScmNode[count];
        int done = 0;
        ForEach(device, count, place =>
        {
            int i = order[place];
            nodes[i] = FitNode(profiles, parents[i], i, options, (folds, body) => ForEach(device, folds, body));
            progress?.Report((double)Interlocked.Increment(ref done) / count);
        });
        return new(nodes);

        long Cost(int i) => (long)(parents[i].Length + (parents[i].Length > 0 ? 1 : 0))
            * (profiles[i].IsCoded ? profiles[i].Values.Length * 10 : 10);
    }

    static ScmNode FitNode(
        ColumnProfile[] profiles, int[] parents, int index, ScmOptions options, Action<int, Action<int>> forEach)
    {
        var profile = profiles[index];
        var column = profile.Column;
        ColumnProfile[] causes = [.. parents.Select(parent => profiles[parent])];
        bool isRoot = profile.Values.Length < 2 || causes.All(cause => cause.Values.Length < 2);
        ICausalMechanism mechanism;
        FitDiagnostics fit;
        Support support = profile.ListSupport();
        if (isRoot)
        {
            mechanism = new EmpiricalDistribution(profile.Counts);
            string note = parents.Length == 0 ? "" : profile.Values.Length < 2 ? "constant" : "its parents are constant";
            fit = new(profile.Present, "none", 0, 0, 0, 0, 0, note);
        }
        else if (profile.IsCoded)
        {
            (mechanism, fit) = CategoricalFit.Run(profile, causes, index, options, forEach);
        }
        else
        {
            (mechanism, support, fit) = NumericFit.Run(profile, causes, index, options, forEach);
        }

        return new(
            column.Name, column.Kind, column.Levels, column.Decimals, parents, profile.MissingShare, support, mechanism,
            fit);
    }

    static void ForEach(ComputeDevice device, int count, Action<int> body)
    {
        if (device is CpuDevice cpu)
        {
            cpu.For(count, body);
        }
        else
        {
            Parallel.For(0, count, body);
        }
    }
}
