using System.Diagnostics;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Studies;

/// <summary>Works out the arms of one draw: what several of them need is done once, when the first one does.</summary>
/// <remarks>
/// Every arm is a pure function of the study, the draw and itself: arms that were done in an earlier process change nothing for
/// the others. All see the same training, validation and test rows; those with the same generator and K see the same synthetic
/// rows, and all fine-tuning draws its episodes with the same seed. What an arm shares with others is in its seconds in full,
/// as if it had been alone.
/// </remarks>
sealed class DrawArms : IDisposable
{
    readonly Study _study;
    readonly StudyDraw _draw;
    readonly DrawnRows _rows;
    readonly TabularModel _model;
    readonly ComputeDevice _device;
    readonly Func<string, IRowGenerator> _generators;
    readonly CancellationToken _cancellation;
    readonly TabularTransformer _transformer;
    readonly InContextClassifier _untuned;
    readonly Dictionary<string, Done<object>> _shared = [];

    public DrawArms(
        Study study, StudyDraw draw, DrawnRows rows, TabularModel model, ComputeDevice device, Func<string, IRowGenerator> generators,
        CancellationToken cancellation)
    {
        (_study, _draw, _rows, _model, _device, _generators, _cancellation) = (study, draw, rows, model, device, generators, cancellation);
        _transformer = model.Load(device);
        _untuned = Classifier(_transformer);
    }

    /// <summary>Works out one arm.</summary>
    public StudyResult Run(StudyArm arm)
    {
        ProcessMemory.ForgetPeak();
        var costs = new Costs();
        var result = Empty(_draw.Unit(arm)) with
        {
            ClassNames = _rows.Train.ClassNames,
            TrainCounts = _rows.TrainCounts,
            ValidationLabels = _rows.Validation.Labels,
            TestLabels = _rows.Test.Labels,
        };
        result = arm.Kind switch
        {
            ArmKind.Untuned => Untuned(result, costs),
            ArmKind.PriorCorrected => PriorCorrected(result, costs),
            ArmKind.Logistic => Reference(result, ReferenceClassifier.Logistic, costs),
            ArmKind.Boosted => Reference(result, ReferenceClassifier.Boosted, costs),
            ArmKind.Real => Tuned(result, null, costs),
            _ => Tuned(result, arm.Synthetic!, costs),
        };
        return result with { Seconds = costs.Seconds, PeakBytes = Math.Max(costs.PeakBytes, ProcessMemory.PeakBytes()) };
    }

    /// <summary>A result that says why there is none.</summary>
    public static StudyResult Faulty(StudyUnit unit, string fault) => Empty(unit) with { Fault = fault };

    /// <inheritdoc/>
    public void Dispose()
    {
        _untuned.Dispose();
        _transformer.Dispose();
    }

    static StudyResult Empty(StudyUnit unit) => new() { Unit = unit, ClassNames = [], TrainCounts = [] };

    StudyResult Untuned(StudyResult result, Costs costs) => Predicted(result, _untuned, costs);

    StudyResult PriorCorrected(StudyResult result, Costs costs)
    {
        var untuned = Untuned(result, costs);
        double[] prior = DecisionRule.PriorOf(_rows.Train.Labels, _rows.Classes);
        return untuned with
        {
            ValidationProbabilities = PriorCorrection.Apply(untuned.ValidationProbabilities, prior),
            TestProbabilities = PriorCorrection.Apply(untuned.TestProbabilities, prior),
        };
    }

    StudyResult Reference(StudyResult result, ReferenceClassifier classifier, Costs costs)
    {
        var rows = _rows.Validation.Features.Concat(_rows.Test.Features);
        float[] all = costs.Time("fit", () => classifier.Probabilities(_rows.Train.Features, _rows.Train.Labels, _rows.Classes, rows));
        int validation = _rows.Validation.Rows * _rows.Classes;
        return result with { ValidationProbabilities = all[..validation], TestProbabilities = all[validation..] };
    }

    StudyResult Tuned(StudyResult result, SyntheticRows? synthetic, Costs costs)
    {
        ShownRows? rows = null;
        var validation = _rows.ShownValidation;
        if (synthetic is not null)
        {
            rows = Shared($"rows {synthetic.Generator} {synthetic.PerReal}", "encode", costs, () => _rows.Show(Sample(synthetic, costs)));
            validation = synthetic.JoinValidation ? validation.Concat(_rows.Show(ValidationSample(synthetic.Generator, costs))) : validation;
            result = result with { Quality = _study.Quality ? Quality(synthetic, costs) : result.Quality };
        }

        // Test rows are watched so that one can tell how well validation rows choose; they choose nothing.
        var data = new FineTuneData(_rows.ShownTrain, rows, validation, _rows.Classes) { Watched = _rows.ShownTest };
        var options = _study.FineTuning with { Seed = Seed("tune") };
        var tuner = new FineTuner(
            _device, synthetic is null ? options : options with { Use = synthetic.Use, Labels = synthetic.Labels });
        var tuning = costs.Time("tune", () => tuner.Tune(_model, data, $"{_model.Origin}; study", Watch()));
        using var transformer = tuning.Model.Load(_device);
        using var classifier = Classifier(transformer);
        return Predicted(result, classifier, costs) with
        {
            BestStep = tuning.BestStep,
            Checkpoints = [.. tuning.History.Select(check => new StudyCheckpoint(
                check.Step, check.ValidationLoss, check.ValidationAuc, check.WatchedLoss, check.WatchedAuc))],
        };
    }

    StudyResult Predicted(StudyResult result, InContextClassifier classifier, Costs costs) => result with
    {
        ValidationProbabilities = costs.Time(
            "predict", () => classifier.Probabilities(_rows.ShownTrain, _rows.ShownValidation, _rows.Classes, Watch())),
        TestProbabilities = costs.Time(
            "predict", () => classifier.Probabilities(_rows.ShownTrain, _rows.ShownTest, _rows.Classes, Watch())),
    };

    IFittedGenerator Fit(string generator, Costs costs) => Shared(
        $"fit {generator}", "fit", costs,
        () => _generators(generator).Fit(_rows.Train, Seed("fit", Named(generator)), Watch(), _cancellation));

    Table Sample(SyntheticRows synthetic, Costs costs)
    {
        var fitted = Fit(synthetic.Generator, costs);
        return Shared($"sample {synthetic.Generator} {synthetic.PerReal}", "sample", costs, () => fitted.Sample(
            [.. _rows.TrainCounts.Select(count => Math.Max(1, (int)Math.Round(synthetic.PerReal * count, MidpointRounding.AwayFromZero)))],
            Seed("sample", Named(synthetic.Generator)), Watch(), _cancellation));
    }

    Table ValidationSample(string generator, Costs costs)
    {
        var fitted = Fit(generator, costs);
        return Shared($"validation {generator}", "sample", costs, () => fitted.Sample(
            _rows.ValidationCounts, Seed("validation", Named(generator)), Watch(), _cancellation));
    }

    Dictionary<string, double> Quality(SyntheticRows synthetic, Costs costs)
    {
        var sample = Sample(synthetic, costs);
        return Shared($"quality {synthetic.Generator} {synthetic.PerReal}", "judge", costs, () => Measures(SyntheticQuality.Compute(
            _rows.Train.Table, sample, _rows.Validation.Table, _rows.Train.Target, graph: null,
            QualityOptions.Brief with { Seed = Seed("judge", Named(synthetic.Generator)) }, _device, Watch())));
    }

    static Dictionary<string, double> Measures(SyntheticQuality quality)
    {
        var measures = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["shape"] = quality.ShapeScore,
            ["trend"] = quality.Trends.Score,
        };
        foreach (var test in quality.Detection)
        {
            measures[$"detection {test.Classifier}"] = test.RocAuc.Area;
        }

        if (quality.Privacy is { } privacy)
        {
            measures["closer to training"] = privacy.ShareCloserToTraining;
            measures["exact copies"] = privacy.ExactCopies;
            measures["membership attack"] = privacy.NearestAttack.Area;
        }

        if (quality.Minority is { } minority)
        {
            measures["minority shape"] = minority.Shapes;
            measures["minority trend"] = minority.Trends;
            measures["minority coverage"] = minority.Coverage;
            measures["minority density"] = minority.Density;
        }

        return measures.Where(pair => double.IsFinite(pair.Value)).ToDictionary();
    }

    InContextClassifier Classifier(TabularTransformer transformer) => new(
        transformer, _study.Prediction with { Seed = Seed("predict") }, _model.Traits.Temperature);

    ulong Seed(params ReadOnlySpan<string> purpose) => StudySeed.Of(_study.Seed, _draw, purpose);

    // Options do not change what is drawn, so that two choices of them differ by what they change.
    static string Named(string generator) => GeneratorChoice.NameOf(generator);

    Watcher Watch() => new(_cancellation);

    // Work that other arms need too: the first to need it does it, and all count what it cost.
    T Shared<T>(string name, string stage, Costs costs, Func<T> work)
        where T : class
    {
        if (!_shared.TryGetValue(name, out var done))
        {
            var clock = Stopwatch.StartNew();
            double before = costs.Total;
            var value = work();

            // What the work asked for in turn counts under its own name.
            done = new(value, Math.Max(0, clock.Elapsed.TotalSeconds - (costs.Total - before)), ProcessMemory.PeakBytes());
            _shared[name] = done;
        }

        costs.Add(name, stage, done.Seconds, done.PeakBytes);
        return (T)done.Value;
    }

    sealed record Done<T>(T Value, double Seconds, long PeakBytes);

    // What an arm costs, by stage; shared work counts once however often it is asked for.
    sealed class Costs
    {
        readonly Dictionary<string, double> _seconds = [];
        readonly HashSet<string> _counted = [];

        public IReadOnlyDictionary<string, double> Seconds => _seconds;

        public long PeakBytes { get; private set; }

        public double Total => _seconds.Values.Sum();

        public void Add(string name, string stage, double seconds, long peakBytes)
        {
            if (_counted.Add(name))
            {
                Add(stage, seconds);
                PeakBytes = Math.Max(PeakBytes, peakBytes);
            }
        }

        public T Time<T>(string stage, Func<T> work)
        {
            var clock = Stopwatch.StartNew();
            var value = work();
            Add(stage, clock.Elapsed.TotalSeconds);
            return value;
        }

        void Add(string stage, double seconds) => _seconds[stage] = _seconds.GetValueOrDefault(stage) + seconds;
    }

    // Work that tells its progress ends at its next word once it is cancelled.
    sealed class Watcher(CancellationToken cancellation) : IProgress<double>
    {
        public void Report(double value) => cancellation.ThrowIfCancellationRequested();
    }
}
