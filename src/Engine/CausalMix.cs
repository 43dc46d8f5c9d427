using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.TabPfn;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine;

/// <summary>The front door: one method for each arrow from a table to an honest report, and <see cref="Run"/> for all of them.</summary>
/// <param name="device">Where everything runs; borrowed.</param>
/// <param name="options">Every choice.</param>
public sealed class CausalMix(ComputeDevice device, CausalMixOptions options)
{
    // Draws of different purposes must not share a seed's stream.
    const ulong SampleSeed = 0x73616D70_6C650000, ValidationSampleSeed = 0x76616C69_64000000;

    /// <summary>Discovers a causal graph of the table's columns.</summary>
    public DiscoveryResult Discover(Table table, IProgress<double>? progress = null) =>
        CausalDiscovery.Discover(table, options.Discovery with { Seed = options.Seed }, device, progress);

    /// <summary>Fits a mechanism to each column given its parents in the graph.</summary>
    public StructuralCausalModel Fit(Table table, Dag graph, IProgress<double>? progress = null) =>
        StructuralCausalModel.Fit(table, graph, options.Scm with { Seed = options.Seed }, device, progress);

    /// <summary>Fits a model to a graph of any kind, after directing the edges that it leaves open.</summary>
    /// <param name="table">The rows to fit to.</param>
    /// <param name="graph">A DAG, CPDAG or PAG.</param>
    /// <param name="notes">What directing the edges could not keep: colliders, hidden causes.</param>
    public StructuralCausalModel Fit(Table table, CausalGraph graph, out IReadOnlyList<string> notes) =>
        Fit(table, DagExtension.Of(graph, out notes));

    /// <summary>Fits a model to each graph of an ensemble; what the graphs have in common is fitted once.</summary>
    public IReadOnlyList<StructuralCausalModel> Fit(
        Table table, IReadOnlyList<Dag> ensemble, IProgress<double>? progress = null) =>
        StructuralCausalModel.FitAll(table, ensemble, options.Scm with { Seed = options.Seed }, device, progress);

    /// <summary>Samples rows of the model.</summary>
    public Table Sample(StructuralCausalModel scm, int rows, IProgress<double>? progress = null) =>
        AncestralSampler.Sample(scm, rows, options.Seed ^ SampleSeed, device, progress: progress);

    /// <summary>
    /// Samples the rows that are asked for in blocks, one in memory at a time: without conditions the rows of
    /// <see cref="Sample"/>.
    /// </summary>
    /// <param name="models">One model, or those of an ensemble.</param>
    /// <param name="request">Which rows.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    /// <param name="tally">Told how many rows were drawn and how many of them kept, where any are thrown away.</param>
    public IEnumerable<Table> SampleBlocks(
        IReadOnlyList<StructuralCausalModel> models,
        SampleRequest request,
        IProgress<double>? progress = null,
        Action<long, long>? tally = null) =>
        AncestralSampler.Stream(models, request, options.Seed ^ SampleSeed, device, progress: progress, tally: tally);

    /// <summary>What rows would have been, had columns been set as "treatment = 1 and dose = 2" says.</summary>
    /// <exception cref="InputException">An intervention or the rows do not fit the model.</exception>
    public CounterfactualResult Counterfactuals(StructuralCausalModel scm, Table rows, string interventions)
    {
        ArgumentNullException.ThrowIfNull(scm);
        var settings = Intervention.Parse(interventions, scm.Nodes).ToDictionary(set => set.Node, set => set.Value);
        return Engine.Scm.Counterfactuals.Compute(scm, rows, settings, options.Seed ^ SampleSeed);
    }

    /// <summary>Fine-tunes a model on a table's training rows, and on synthetic rows of it if there are any.</summary>
    /// <param name="model">The model to start from.</param>
    /// <param name="task">The table and its target.</param>
    /// <param name="split">Training and validation rows of it.</param>
    /// <param name="synthetic">Rows with the same columns, or null.</param>
    /// <param name="syntheticValidation">Synthetic rows that join the validation rows, or null.</param>
    /// <param name="progress">Told the share of steps that is done.</param>
    public FineTuneResult FineTune(
        TabularModel model, ClassificationTask task, StratifiedSplit split, Table? synthetic, Table? syntheticValidation = null,
        IProgress<double>? progress = null) =>
        FineTune(model, TaskRows.Of(model, task, split), synthetic, syntheticValidation, progress);

    FineTuneResult FineTune(
        TabularModel model, TaskRows rows, Table? synthetic, Table? syntheticValidation, IProgress<double>? progress)
    {
        var validation = syntheticValidation is null ? rows.Validation : rows.Validation.Concat(rows.Encode(syntheticValidation));
        var data = new FineTuneData(
            rows.Train, synthetic is null ? null : rows.Encode(synthetic), validation, rows.Task.ClassNames.Count)
        {
            Watched = options.WatchTest && rows.Test.Rows > 0 ? rows.Test : null,
        };
        string origin = string.Create(CultureInfo.InvariantCulture,
            $"{model.Origin}; finetune --seed {options.Seed} on {(synthetic is null ? "real rows" : SyntheticArm.Rows(options.FineTuning).TrimEnd(','))}");
        return new FineTuner(device, options.FineTuning with { Seed = options.Seed }).Tune(model, data, origin, progress);
    }

    /// <summary>Scores a model on a split: context and thresholds from training and validation rows, scores on the test rows.</summary>
    public ArmResult Evaluate(
        string name, TabularModel model, FineTuneResult? tuning, ClassificationTask task, StratifiedSplit split,
        IProgress<double>? progress = null) =>
        Evaluate(name, model, tuning, TaskRows.Of(model, task, split), progress);

    ArmResult Evaluate(string name, TabularModel model, FineTuneResult? tuning, TaskRows rows, IProgress<double>? progress)
    {
        int classes = rows.Task.ClassNames.Count;
        using var transformer = model.Load(device);
        using var classifier = new InContextClassifier(
            transformer, options.Prediction with { Seed = options.Seed }, model.Traits.Temperature);

        // Thresholds are tuned on rows that the context lacks; then those rows join the context for the test.
        var prior = DecisionRule.PriorOf(rows.Train.Labels, classes);
        var validation = classifier.Probabilities(rows.Train, rows.Validation, classes);
        var rule = DecisionRule.Tune(validation, rows.Validation.Labels, prior);
        var test = classifier.Probabilities(rows.Train.Concat(rows.Validation), rows.Test, classes, progress);
        return new(
            name, tuning, rule,
            ClassificationScores.Compute(validation, rows.Validation.Labels, classes, prior, rule),
            ClassificationScores.Compute(test, rows.Test.Labels, classes, prior, rule),
            test);
    }

    /// <summary>Scores a model on several splits of a task, each drawn by the seed and its number.</summary>
    public IReadOnlyList<SplitResult> EvaluateSplits(
        TabularModel model, ClassificationTask task, int splits, IProgress<double>? progress = null)
    {
        var results = new SplitResult[splits];
        for (int number = 0; number < splits; number++)
        {
            var split = Split(task, number);
            results[number] = new(split, Evaluate("as given", model, null, task, split, new Part(progress, number, splits)));
        }

        return results;
    }

    /// <summary>Probabilities (rows, classes), row-major, of new rows, from a task's rows as the context.</summary>
    /// <param name="model">The model.</param>
    /// <param name="context">Labelled rows.</param>
    /// <param name="rows">Rows with the context's features.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public float[] Predict(TabularModel model, ClassificationTask context, Table rows, IProgress<double>? progress = null)
    {
        var show = Shown(model, context, context.Features);
        using var transformer = model.Load(device);
        using var classifier = new InContextClassifier(
            transformer, options.Prediction with { Seed = options.Seed }, model.Traits.Temperature);
        return classifier.Probabilities(
            show(context.Features, context.Labels), show(rows, new int[rows.Rows]), context.ClassNames.Count, progress);
    }

    /// <summary>What a regressor says of new rows, from a task's rows as the context.</summary>
    /// <param name="model">The model, a regressor.</param>
    /// <param name="context">Rows with numbers.</param>
    /// <param name="rows">Rows with the context's features.</param>
    /// <param name="progress">Told the share of the work that is done.</param>
    public NumericPrediction[] Predict(TabularModel model, RegressionTask context, Table rows, IProgress<double>? progress = null)
    {
        var tabPfn = new TabPfnOptions { Seed = options.Seed, Members = options.Prediction.TabPfnMembers };
        NumericMembers members = model.Traits.Ensemble == ModelEnsemble.TabPfn
            ? (features, labels, queries) => new TabPfnRegression(features, labels, tabPfn).Members(queries)
            : InContextRegressor.Standardised;
        return new InContextRegressor(model, options.Prediction with { Seed = options.Seed }, members)
            .Predict(context, rows, device, progress);
    }

    /// <summary>Splits the task's rows by the seed.</summary>
    public StratifiedSplit Split(ClassificationTask task, int repeat = 0) =>
        StratifiedSplit.Draw(task.Labels, options.Seed, repeat, options.ValidationShare, options.TestShare);

    /// <summary>
    /// The main job: discover, fit, sample, fine-tune on real rows and on the mix, and score both beside the un-tuned model.
    /// </summary>
    public RunResult Run(ClassificationTask task, TabularModel model, IProgress<StageProgress>? progress = null)
    {
        var stages = new StageClock(progress);
        var split = Split(task);
        var train = task.Table.Select(split.Train);

        // The generator sees training rows only: validation and test rows stay unseen by graph, mechanisms and samples.
        var discovery = stages.Time("Discover the graph", told => Discover(train, told));
        var models = stages.Time("Fit the mechanisms", told => Fit(
            train, discovery.Ensemble.Count > 0 ? discovery.Ensemble : [discovery.Extension], told));
        int count = Math.Max(1, (int)Math.Round(options.SyntheticPerReal * train.Rows));
        var synthetic = stages.Time("Sample synthetic rows", told => AncestralSampler.Sample(
            models, new SampleRequest { Rows = count }, options.Seed ^ SampleSeed, device, told));
        var quality = stages.Time("Judge the synthetic rows", told => SyntheticQuality.Compute(
            train, synthetic, split.Validation.Length > 0 ? task.Table.Select(split.Validation) : null, task.Target, discovery.Extension,
            QualityOptions.Brief with { Seed = options.Seed, Discovery = options.Discovery }, device, told));
        var syntheticValidation = options.SyntheticValidation
            ? AncestralSampler.Sample(
                models, new SampleRequest { Rows = Math.Max(1, split.Validation.Length) }, options.Seed ^ ValidationSampleSeed, device)
            : null;

        var rows = TaskRows.Of(model, task, split);
        var real = stages.Time("Fine-tune on real rows", told => FineTune(model, rows, null, null, told));
        var mixed = stages.Time($"Fine-tune on {SyntheticArm.Rows(options.FineTuning).TrimEnd(',')}", told => FineTune(model, rows, synthetic, syntheticValidation, told));
        ArmResult[] arms =
        [
            stages.Time("Score the un-tuned model", told => Evaluate("un-tuned", model, null, rows, told)),
            stages.Time("Score the model tuned on real rows", told => Evaluate("real only", real.Model, real, rows, told)),
            stages.Time(
                $"Score the model tuned on {SyntheticArm.Briefly(options.FineTuning)}",
                told => Evaluate(SyntheticArm.Name(options.FineTuning), mixed.Model, mixed, rows, told)),
        ];

        return new()
        {
            Options = options,
            Device = device.Name,
            ModelOrigin = model.Origin,
            Task = task,
            Split = split,
            Discovery = discovery,
            Models = models,
            Synthetic = synthetic,
            Quality = quality,
            Arms = arms,
            Timings = stages.Timings,
        };
    }

    /// <summary>How a model of this kind is shown rows of a task, by what their training rows are like.</summary>
    internal static Func<Table, int[], ShownRows> Shown(TabularModel model, ClassificationTask task, Table train)
    {
        if (model.Traits.Ensemble == ModelEnsemble.TabPfn)
        {
            return (table, labels) => new TabPfnRows(
                new([.. task.Features.Columns.Select(column => table[column.Name])]), labels, task.ClassNames);
        }

        var encoder = FeatureEncoder.Fit(train);
        return (table, labels) => EncodedRows.Of(encoder, table, labels);
    }

    // A task's rows as the model is shown them.
    sealed record TaskRows(
        Func<Table, int[], ShownRows> Show, ClassificationTask Task, ShownRows Train, ShownRows Validation, ShownRows Test)
    {
        public static TaskRows Of(TabularModel model, ClassificationTask task, StratifiedSplit split)
        {
            var show = Shown(model, task, task.Features.Select(split.Train));
            var all = show(task.Features, task.Labels);
            return new(show, task, all.Select(split.Train), all.Select(split.Validation), all.Select(split.Test));
        }

        public ShownRows Encode(Table rows) => Show(rows, Task.LabelsIn(rows));
    }

    // Tells the progress of one stage after another and how long each took.
    sealed class StageClock(IProgress<StageProgress>? progress)
    {
        readonly List<(string, double)> _timings = [];

        public IReadOnlyList<(string Stage, double Seconds)> Timings => _timings;

        public T Time<T>(string stage, Func<IProgress<double>, T> work)
        {
            var clock = Stopwatch.StartNew();
            progress?.Report(new(stage, 0));
            var result = work(new Told(stage, progress));
            progress?.Report(new(stage, 1));
            _timings.Add((stage, clock.Elapsed.TotalSeconds));
            return result;
        }
    }

    // One of several equal parts of a job tells its own share.
    sealed class Part(IProgress<double>? whole, int number, int parts) : IProgress<double>
    {
        public void Report(double value) => whole?.Report((number + value) / parts);
    }

    sealed class Told(string stage, IProgress<StageProgress>? progress) : IProgress<double>
    {
        public void Report(double value) => progress?.Report(new(stage, value));
    }
}
