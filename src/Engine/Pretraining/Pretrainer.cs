using System.Diagnostics;
using System.Text.Json.Serialization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>One line of a training log.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="TrainLoss">Mean cross-entropy (nats) over the batches since the last line.</param>
/// <param name="HeldOutLoss">Mean cross-entropy on the fixed held-out tables.</param>
/// <param name="HeldOutEntropy">The same of predicting each table's context shares: what no model at all would reach.</param>
/// <param name="HeldOutAccuracy">Share of held-out query rows whose most probable class is right.</param>
/// <param name="LearningRate">At this step.</param>
/// <param name="Seconds">Since the start of this process.</param>
/// <param name="RealAuc">Mean area under the ROC curve on real tables, where the run was given any.</param>
public sealed record PretrainCheck(
    int Step, double TrainLoss, double HeldOutLoss, double HeldOutEntropy, double HeldOutAccuracy, double LearningRate, double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? RealAuc = null);

/// <summary>Trains a model on tables from the prior, resumably: step s of a seed is the same, however often it was stopped.</summary>
public sealed class Pretrainer : IDisposable
{
    // Held-out tables have their own seed, far from any a user gives, so that training never sees them.
    const ulong HeldOutSeed = 0x68656C64_6F757421;
    const int HeldOutBatches = 24;

    readonly PretrainOptions _options;
    readonly TablePrior _prior;
    readonly TransformerTrainer _trainer;
    readonly WeightAverage? _average;
    readonly LearningRateSchedule _learningRate;
    readonly TransformerPredictor _predictor;
    readonly List<PriorTables> _heldOut = [];

    /// <summary>A pre-trainer with freshly drawn weights.</summary>
    public Pretrainer(ComputeDevice device, PretrainOptions options)
    {
        _options = options;
        Model = new TabularTransformer(device, options.Model);
        Model.Parameters.Initialize(options.Seed, options.ResidualGain);
        var adamW = new AdamWOptions { WeightDecay = options.WeightDecay, ClipNorm = 1 };
        _trainer = new TransformerTrainer(
            Model, options.Muon ? new MuonOptions { WeightDecay = options.WeightDecay, AdamW = adamW } : adamW);
        _average = options.SnapshotEvery > 0
            ? new SnapshotAverage(Model.Parameters, options.SnapshotEvery, options.Snapshots)
            : null;
        _learningRate = options.LearningRates;
        _predictor = new TransformerPredictor(Model);
        _prior = new TablePrior(options.Seed);
        var heldOut = new TablePrior(HeldOutSeed);
        for (uint batch = 0; batch < HeldOutBatches; batch++)
        {
            _heldOut.Add(heldOut.Draw(batch, heldOut.DrawShape(batch, tokens: 8000)));
        }
    }

    /// <summary>The model in training.</summary>
    public TabularTransformer Model { get; }

    /// <summary>Steps taken so far.</summary>
    public int Steps => _trainer.Steps;

    /// <summary>Weights, optimiser and average: what <see cref="Resume"/> continues from, bit for bit.</summary>
    public PretrainState State() => new(Model.Parameters.Weights.ToArray(), _trainer.State(), _average?.State());

    /// <summary>Continues from a state of a run with the same options.</summary>
    /// <exception cref="ArgumentException">The state is of another optimiser or model.</exception>
    public void Resume(PretrainState state)
    {
        Model.Parameters.Weights.CopyFrom(state.Weights);
        _trainer.Restore(state.Optimizer);
        if (state.Average is { } average)
        {
            _average?.Restore(average);
        }
    }

    /// <summary>A copy of the weights that the run has come to: their average, where it takes one.</summary>
    public TabularModel Result(string origin)
    {
        _average?.ShowResult();
        var result = TabularModel.From(Model, origin);
        _average?.HideResult();
        return result;
    }

    /// <summary>Trains to the last step.</summary>
    /// <param name="check">Told every <see cref="PretrainOptions.CheckEvery"/> steps, and at the end: the place to write a checkpoint.</param>
    /// <param name="progress">Told the share that is done after every step.</param>
    /// <param name="cancellation">Stops after the present step.</param>
    public void Run(Action<PretrainCheck> check, IProgress<double>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        double sum = 0;
        int since = 0;
        var tablesAhead = new TablesAhead(Draw, _trainer.Steps * _options.BatchesPerStep, _options.Steps * _options.BatchesPerStep);
        while (_trainer.Steps < _options.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            int step = _trainer.Steps;
            for (int batch = 0; batch < _options.BatchesPerStep; batch++)
            {
                sum += Train(tablesAhead.Next()) / _options.BatchesPerStep;
            }

            _trainer.Update(_learningRate.At(step));
            _average?.Observe();
            since++;
            progress?.Report((double)_trainer.Steps / _options.Steps);
            if (_trainer.Steps % _options.CheckEvery == 0 || _trainer.Steps == _options.Steps)
            {
                _average?.ShowResult();
                var (loss, entropy, accuracy) = CheckHeldOut();
                _average?.HideResult();
                check(new(_trainer.Steps, sum / since, loss, entropy, accuracy, _learningRate.At(step), clock.Elapsed.TotalSeconds));
                (sum, since) = (0, 0);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _average?.Dispose();
        _predictor.Dispose();
        _trainer.Dispose();
        Model.Dispose();
    }

    PriorTables Draw(int batch) => _prior.Draw((uint)batch, _prior.DrawShape((uint)batch, _options.TokensPerStep));

    double Train(PriorTables tables)
    {
        var shape = tables.Shape;
        var queries = Labels(tables, shape.Context, shape.Query);
        return _trainer.Accumulate(Episode(tables), queries, Classes(tables), 1f / _options.BatchesPerStep);
    }

    (double Loss, double Entropy, double Accuracy) CheckHeldOut()
    {
        double loss = 0, entropy = 0, right = 0;
        int tables = 0, rows = 0;
        foreach (var batch in _heldOut)
        {
            var shape = batch.Shape;
            var probabilities = _predictor.Probabilities(Episode(batch), shape.Classes);
            int[] contexts = Labels(batch, 0, shape.Context), queries = Labels(batch, shape.Context, shape.Query);
            for (int table = 0; table < shape.Tables; table++)
            {
                var counts = new int[shape.Classes];
                foreach (int label in contexts.AsSpan(table * shape.Context, shape.Context))
                {
                    counts[label]++;
                }

                double tableLoss = 0, tableEntropy = 0;
                for (int row = 0; row < shape.Query; row++)
                {
                    int at = table * shape.Query + row, label = queries[at];
                    var p = probabilities.AsSpan(at * shape.Classes, shape.Classes);
                    tableLoss -= Math.Log(Math.Max(p[label], 1e-12));
                    tableEntropy -= Math.Log((counts[label] + 1.0) / (shape.Context + shape.Classes)); // Laplace's rule
                    right += p.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(p)) == label ? 1 : 0;
                }

                loss += tableLoss / shape.Query;
                entropy += tableEntropy / shape.Query;
            }

            tables += shape.Tables;
            rows += shape.Tables * shape.Query;
        }

        return (loss / tables, entropy / tables, right / rows);
    }

    static EpisodeBatch Episode(PriorTables tables)
    {
        var shape = tables.Shape;
        float[] labels = [.. Labels(tables, 0, shape.Context).Select(label => (float)label)];
        return new(shape.Tables, shape.Context, shape.Query, shape.Columns, tables.Features, labels);
    }

    static int[] Labels(PriorTables tables, int first, int count) => Rows(tables.Labels, tables.Shape, first, count, width: 1);

    // Rows first … first + count − 1 of each table, width elements a row.
    static T[] Rows<T>(T[] all, TableShape shape, int first, int count, int width)
    {
        var rows = new T[shape.Tables * count * width];
        for (int table = 0; table < shape.Tables; table++)
        {
            all.AsSpan((table * shape.Rows + first) * width, count * width).CopyTo(rows.AsSpan(table * count * width));
        }

        return rows;
    }

    // Classes that a table's context shows: its labels are dense, so the largest tells.
    static int[] Classes(PriorTables tables)
    {
        var shape = tables.Shape;
        var contexts = Labels(tables, 0, shape.Context);
        return [.. Enumerable.Range(0, shape.Tables)
            .Select(table => Math.Max(2, 1 + System.Numerics.Tensors.TensorPrimitives.Max<int>(contexts.AsSpan(table * shape.Context, shape.Context))))];
    }
}

/// <summary>Where a training run stands: enough to continue it bit for bit.</summary>
/// <param name="Weights">The model's flat block of weights.</param>
/// <param name="Optimizer">The optimiser's state; its steps are the run's.</param>
/// <param name="Average">The snapshots of the weights, or null where none are taken.</param>
public sealed record PretrainState(float[] Weights, TrainingState Optimizer, TrainingState? Average);
