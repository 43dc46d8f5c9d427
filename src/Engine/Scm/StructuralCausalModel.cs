using System.Collections.Concurrent;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Scm;

/// <summary>A causal graph with an equation at each node, X := f(parents, noise); immutable.</summary>
public sealed class StructuralCausalModel
{
    readonly int[] _order;

    /// <summary>Puts nodes together; their indices are their places in the table.</summary>
    /// <param name="nodes">
    /// The nodes, each with a mechanism that fits its support and parents: see <see cref="ICausalMechanism"/>.
    /// </param>
    /// <exception cref="InputException">The parents form a cycle.</exception>
    public StructuralCausalModel(IReadOnlyList<ScmNode> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
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
    /// <param name="options">Folds, caps, ridge and trees.</param>
    /// <param name="device">Its threads fit nodes side by side.</param>
    /// <param name="progress">Told the share of nodes that are done.</param>
    /// <exception cref="InputException">
    /// The table has no rows or columns, or the graph names a column that it lacks.
    /// </exception>
    public static StructuralCausalModel Fit(
        Table table, Dag dag, ScmOptions options, ComputeDevice device, IProgress<double>? progress = null) =>
        FitAll(table, [dag], options, device, progress)[0];

    /// <summary>Fits a model to each of several graphs: an equation that graphs have in common is fitted once.</summary>
    /// <param name="table">The rows to fit to.</param>
    /// <param name="dags">The graphs, matched with the columns as <see cref="Fit"/> does.</param>
    /// <param name="options">Folds, caps, ridge and trees.</param>
    /// <param name="device">Its threads fit nodes side by side.</param>
    /// <param name="progress">Told the share of nodes that are done.</param>
    /// <returns>The models, in the graphs' order, each as <see cref="Fit"/> would give it.</returns>
    /// <exception cref="InputException">As <see cref="Fit"/>.</exception>
    public static IReadOnlyList<StructuralCausalModel> FitAll(
        Table table,
        IReadOnlyList<Dag> dags,
        ScmOptions options,
        ComputeDevice device,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(dags);
        ArgumentNullException.ThrowIfNull(options);
        if (table.Rows == 0 || table.Columns.Count == 0)
        {
            throw new InputException(
                "A structural causal model is fitted to at least one row and one column; the table is empty.");
        }

        int count = table.Columns.Count;
        int[][][] parentsOf = [.. dags.Select(dag => ParentsIn(table, dag))];
        var profiles = new ColumnProfile[count];
        ForEach(count, i => profiles[i] = new ColumnProfile(table.Columns[i], options));
        var masks = MaskFit.Run(profiles, options, ForEach);

        // The dearest equations first, so that no thread is left with one at the end. Which thread fits which changes
        // nothing.
        var equations = parentsOf.SelectMany(parents => parents.Select((own, node) => (Node: node, Parents: own)))
            .DistinctBy(equation => KeyOf(equation.Node, equation.Parents))
            .OrderByDescending(equation => Cost(equation.Node, equation.Parents))
            .ToArray();
        var fitted = new ConcurrentDictionary<string, ScmNode>();
        int done = 0;
        ForEach(equations.Length, i =>
        {
            var (node, parents) = equations[i];
            fitted[KeyOf(node, parents)] = FitNode(profiles, parents, masks[node], node, options, ForEach);
            progress?.Report((double)Interlocked.Increment(ref done) / equations.Length);
        });
        return [.. parentsOf.Select(parents => new StructuralCausalModel(
            [.. parents.Select((own, node) => fitted[KeyOf(node, own)])]))];

        void ForEach(int items, Action<int> body)
        {
            if (device is CpuDevice cpu)
            {
                cpu.For(items, body);
            }
            else
            {
                Parallel.For(0, items, body);
            }
        }

        static string KeyOf(int node, int[] parents) => $"{node}: {string.Join(',', parents)}";

        long Cost(int node, int[] parents) => (long)(parents.Length + (parents.Length > 0 ? 1 : 0))
            * (profiles[node].IsCoded ? profiles[node].Values.Length * 10 : 10);
    }

    static int[][] ParentsIn(Table table, Dag dag)
    {
        var parents = new int[table.Columns.Count][];
        Array.Fill(parents, []);
        foreach (var variable in dag.Variables)
        {
            parents[table.IndexOf(variable.Name)] =
                [.. dag.Parents(variable.Index).Select(parent => table.IndexOf(dag.Variables[parent].Name)).Order()];
        }

        return parents;
    }

    /// <summary>This model with another mechanism at one node: a <see cref="CustomMechanism"/>, or a changed one.</summary>
    /// <param name="name">The node.</param>
    /// <param name="mechanism">Its mechanism, of the node's parents.</param>
    /// <param name="parents">The parents' names; null to keep them.</param>
    /// <exception cref="InputException">A name is unknown, or the parents close a cycle.</exception>
    public StructuralCausalModel With(string name, ICausalMechanism mechanism, IReadOnlyList<string>? parents = null)
    {
        ArgumentNullException.ThrowIfNull(mechanism);
        int node = IndexOf(name);
        var nodes = Nodes.ToArray();
        nodes[node] = nodes[node] with
        {
            Mechanism = mechanism,
            Parents = parents is null ? nodes[node].Parents : [.. parents.Select(IndexOf)],
        };
        return new(nodes);
    }

    /// <summary>This model without missing cells.</summary>
    public StructuralCausalModel Complete() => new([.. Nodes.Select(node => node with { Missing = MissingMask.None })]);

    /// <summary>A table of the model's columns and no rows: what a file of its rows is read like.</summary>
    public Table EmptyTable() => new([.. Nodes.Select(node =>
        new Column(node.Name, node.Kind, [], node.IsDiscrete ? node.Levels : null, node.Decimals))]);

    /// <summary>The place of a node.</summary>
    /// <exception cref="InputException">There is no such node.</exception>
    public int IndexOf(string name)
    {
        int index = Nodes.ToList().FindIndex(node => node.Name == name);
        return index >= 0
            ? index
            : throw new InputException(ColumnNames.Unknown(name, Nodes.Select(node => node.Name), "the model"));
    }

    static ScmNode FitNode(
        ColumnProfile[] profiles,
        int[] parents,
        MissingMask missing,
        int index,
        ScmOptions options,
        Action<int, Action<int>> forEach)
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
            (mechanism, support) = profile.IsSmooth
                ? ((ICausalMechanism)new SmoothedDistribution(profile.Quantiles()), (Support)profile.RangeSupport())
                : (new EmpiricalDistribution(profile.Counts), support);
            string note = parents.Length == 0 ? "" : profile.Values.Length < 2 ? "constant" : "its parents are constant";
            fit = new(profile.Present, "none", 0, 0, 0, 0, 0, note, []);
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
            column.Name, column.Kind, column.Levels, column.Decimals, parents, missing, support, mechanism,
            fit);
    }
}
