using System.Diagnostics;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>One validation during fine-tuning.</summary>
/// <param name="Step">Optimiser steps taken.</param>
/// <param name="TrainLoss">Mean cross-entropy (nats) of the episodes since the last validation; NaN at step 0.</param>
/// <param name="ValidationLoss">Mean cross-entropy (nats) of the validation rows.</param>
public sealed record FineTuneCheck(int Step, double TrainLoss, double ValidationLoss);

/// <summary>The best checkpoint of a fine-tuning run; step 0, the model it started from, is one of the candidates.</summary>
/// <param name="Model">The weights with the smallest validation loss.</param>
/// <param name="BestStep">When they were reached; 0 if no step helped.</param>
/// <param name="History">Every validation.</param>
/// <param name="Seconds">Time it took.</param>
public sealed record FineTuneResult(TabularModel Model, int BestStep, IReadOnlyList<FineTuneCheck> History, double Seconds);

/// <summary>What a model is fine-tuned on and chosen by.</summary>
/// <param name="Train">Real training rows; also the context at validation.</param>
/// <param name="Synthetic">Synthetic rows that join the training rows in episodes, or null.</param>
/// <param name="Validation">Rows that choose the checkpoint.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record FineTuneData(EncodedRows Train, EncodedRows? Synthetic, EncodedRows Validation, int Classes);

/// <summary>Fine-tunes a model on episodes of one table, and returns whichever checkpoint validates best.</summary>
/// <remarks>
/// Each step draws an episode (a context and a query, stratified) from the real and synthetic rows together and descends
/// on the query's cross-entropy: all weights, AdamW, warm-up and cosine, clipped. Synthetic rows feed gradients and can
/// enlarge the validation rows; the context at validation and at inference is real. What is returned is never worse on the
/// validation rows than what was given.
/// </remarks>
public sealed class FineTuner(ComputeDevice device, FineTuneOptions options)
{
    readonly LearningRateSchedule _learningRate = new(options.LearningRate, options.Steps)
    {
        WarmUp = (int)MathF.Round(options.WarmUp * options.Steps),
    };

    // Two members see both views; four would double the cost of a validation and change its order little.
    const int ValidationMembers = 2;

    /// <summary>Fine-tunes <paramref name="start"/>.</summary>
    /// <param name="start">The model to start from; it is not changed.</param>
    /// <param name="data">Rows to tune on and to choose by.</param>
    /// <param name="origin">What to note in the result as the origin of its weights.</param>
    /// <param name="progress">Told the share of steps that is done.</param>
    public FineTuneResult Tune(TabularModel start, FineTuneData data, string origin, IProgress<double>? progress = null)
    {
        var clock = Stopwatch.StartNew();
        using var transformer = start.Load(device);
        using var trainer = new TransformerTrainer(
            transformer, new AdamWOptions { WeightDecay = options.WeightDecay, ClipNorm = options.ClipNorm });
        using var validator = new InContextClassifier(
            transformer,
            new PredictionOptions { MaxContext = 2 * options.ContextRows, Members = ValidationMembers, Seed = options.Seed },
            start.Traits.Temperature);
        var validation = data.Validation.Select(StratifiedSplit.Subset(
            data.Validation.Labels, [.. Enumerable.Range(0, data.Validation.Rows)], options.ValidationRows, options.Seed));

        var pool = data.Synthetic is null ? data.Train : data.Train.Concat(data.Synthetic);
        var random = new Philox(options.Seed).Branch(0x66696E65); // "fine" in ASCII
        var episodes = new EpisodeSampler(pool.Labels, random);

        var best = start;
        int bestStep = 0, stale = 0;
        double bestLoss = ValidationLoss(), sum = 0;
        var history = new List<FineTuneCheck> { new(0, double.NaN, bestLoss) };
        for (int step = 0; step < options.Steps && stale < options.Patience; step++)
        {
            sum += Step(trainer, pool, episodes, random, step, data.Classes);
            progress?.Report((step + 1.0) / options.Steps);
            if ((step + 1) % options.ValidateEvery != 0 && step + 1 != options.Steps)
            {
                continue;
            }

            double loss = ValidationLoss();
            history.Add(new(step + 1, sum / (step + 1 - history[^1].Step), loss));
            sum = 0;
            stale++;
            if (loss < bestLoss)
            {
                (best, bestLoss, bestStep, stale) = (TabularModel.From(transformer, origin, start.Traits), loss, step + 1, 0);
            }
        }

        progress?.Report(1);
        return new(best, bestStep, history, clock.Elapsed.TotalSeconds);

        double ValidationLoss()
        {
            var probabilities = validator.Probabilities(data.Train, validation, data.Classes);
            double loss = 0;
            for (int row = 0; row < validation.Rows; row++)
            {
                loss -= Math.Log(Math.Max(probabilities[row * data.Classes + validation.Labels[row]], 1e-7));
            }

            return loss / validation.Rows;
        }
    }

    double Step(TransformerTrainer trainer, EncodedRows pool, EpisodeSampler episodes, Philox random, int step, int classes)
    {
        var (context, query) = episodes.Draw((uint)step, options.ContextRows, options.QueryRows);
        var view = random.Below(2, (uint)step, stream: uint.MaxValue) == 0 ? EncoderView.Raw : EncoderView.Rank;
        var member = new Member(view, random.Below(classes, (uint)step, stream: uint.MaxValue - 1), classes);
        var asked = pool.Select(query);
        return trainer.Step(
            member.Episode(pool.Select(context), asked), Array.ConvertAll(asked.Labels, member.Shown), [classes],
            _learningRate.At(step));
    }
}
