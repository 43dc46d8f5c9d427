using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>How a structural causal model is found, fitted and sampled.</summary>
public sealed record ScmGeneratorOptions
{
    /// <summary>How the graph is discovered.</summary>
    public DiscoveryOptions Discovery { get; init; } = new();

    /// <summary>Whether the target causes no other column; if not, it stands where the search puts it.</summary>
    /// <remarks>
    /// On, for rows are to carry how the class goes with the columns. Among columns that nearly determine each other tests miss edges, and a
    /// target in their midst is then told from some of them alone: on the Adult table, where husbands are married, the search leaves income
    /// unjoined to marital status. A classifier that learns from the rows reaches an AUC of .915 with it and .840 without.
    /// </remarks>
    public bool TargetIsSink { get; init; } = true;

    /// <summary>How mechanisms are fitted.</summary>
    public ScmOptions Scm { get; init; } = new();

    /// <summary>
    /// Graphs that rows come from by turns: one, or an ensemble drawn by how often <see cref="Bootstraps"/> resamples have each edge.
    /// </summary>
    public int Graphs { get; init; } = 1;

    /// <summary>Resamples behind an ensemble.</summary>
    public int Bootstraps { get; init; } = 100;

    /// <summary>Most rows drawn for each row of a class that is kept; a class that is still short of rows repeats its own.</summary>
    public int Budget { get; init; } = 10_000;

    /// <summary>How the graph of a table with this target is searched for.</summary>
    internal DiscoveryOptions SearchFor(string target, ulong seed) => Discovery with
    {
        Seed = seed,
        Knowledge = TargetIsSink ? (Discovery.Knowledge ?? new()).With([target], []) : Discovery.Knowledge,
        EnsembleSize = Graphs > 1 ? Graphs : 0,
        Bootstraps = Graphs > 1 ? Bootstraps : 0,
    };
}

/// <summary>
/// This program's own generator: a causal graph of all columns, the target among them, a mechanism for each, rows drawn causes first.
/// </summary>
/// <remarks>
/// Rows of a class are rows of the model, seen where it gives the class, as <see cref="SampleRequest.ClassShares"/> has them. A class that the
/// model gives less often than once in <see cref="ScmGeneratorOptions.Budget"/> rows, which is one of very few rows, is drawn by bootstrap. A
/// column that does not vary keeps its value.
/// </remarks>
/// <param name="device">Where to test, fit and sample.</param>
/// <param name="options">How; null for the defaults.</param>
public sealed class ScmGenerator(ComputeDevice device, ScmGeneratorOptions? options = null) : IRowGenerator
{
    readonly ScmGeneratorOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => _options.Graphs > 1 ? "scm-ensemble" : "scm";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var table = Modelled(rows);
        if (table.Columns.Count < 2)
        {
            return new BootstrapGenerator(device).Fit(rows, seed, progress, cancellation);
        }

        var search = _options.SearchFor(rows.Target, seed);
        var discovery = CausalDiscovery.Discover(table, search, device, Part.Of(progress, 0, 0.5), cancellation);
        cancellation.ThrowIfCancellationRequested();
        IReadOnlyList<Dag> graphs = discovery.Ensemble.Count > 0 ? discovery.Ensemble : [discovery.Extension];
        var models = StructuralCausalModel.FitAll(table, graphs, _options.Scm with { Seed = seed }, device, Part.Of(progress, 0.5, 1));
        return new Fitted(rows, models, _options.Budget, device);
    }

    // Columns that vary, and the target with plain names for its classes, which a request can name whatever they are called.
    static Table Modelled(ClassificationTask task)
    {
        var target = task.Table.Columns[^1];
        var labels = new Column(target.Name, ColumnKind.Categorical, target.Values.ToArray(), [.. task.ClassNames.Select((_, k) => ClassName(k))]);
        return new([.. ClassificationTask.Varying(task.Features, null, []), labels]);
    }

    static string ClassName(int k) => FormattableString.Invariant($"class {k}");

    sealed class Fitted(ClassificationTask task, IReadOnlyList<StructuralCausalModel> models, int budget, ComputeDevice device) : IFittedGenerator
    {
        public Table Sample(
            IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
        {
            int[] classes = ClassRows.Check(task, rowsOfClass);
            var cells = new double[task.Features.Columns.Count][];
            for (int c = 0; c < cells.Length; c++)
            {
                cells[c] = new double[classes.Length];
            }

            int start = 0;
            for (int k = 0; k < rowsOfClass.Count; k++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (rowsOfClass[k] > 0)
                {
                    Write(OfClass(k, rowsOfClass, seed), cells, start);
                }

                start += rowsOfClass[k];
                progress?.Report((k + 1.0) / rowsOfClass.Count);
            }

            return ClassRows.ToTable(task, cells, classes);
        }

        Table OfClass(int k, IReadOnlyList<int> rowsOfClass, ulong seed)
        {
            var request = new SampleRequest { Rows = rowsOfClass[k], ClassShares = [$"{task.Target}:{ClassName(k)}=1"], Budget = budget };
            try
            {
                return AncestralSampler.Sample(models, request, seed + (ulong)k, device);
            }
            catch (InputException)
            {
                // The model does not give the class: its own rows are all that is known of it.
                int[] only = [.. rowsOfClass.Select((count, other) => other == k ? count : 0)];
                return new BootstrapGenerator(device).Fit(task, seed).Sample(only, seed);
            }
        }

        void Write(Table drawn, double[][] cells, int start)
        {
            for (int c = 0; c < cells.Length; c++)
            {
                var column = task.Features.Columns[c];
                var place = cells[c].AsSpan(start, drawn.Rows);
                if (drawn.Contains(column.Name))
                {
                    drawn[column.Name].Values.CopyTo(place);
                }
                else
                {
                    place.Fill(column.Values.ToArray().FirstOrDefault(cell => !double.IsNaN(cell), double.NaN));
                }
            }
        }
    }

    sealed class Part(IProgress<double> whole, double from, double to) : IProgress<double>
    {
        public static Part? Of(IProgress<double>? whole, double from, double to) => whole is null ? null : new(whole, from, to);

        public void Report(double value) => whole.Report(from + (to - from) * value);
    }
}
