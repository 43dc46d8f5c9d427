using System.Diagnostics;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>What a model is fine-tuned on and chosen by.</summary>
/// <param name="Train">Real training rows; also the context at validation.</param>
/// <param name="Synthetic">Synthetic rows to train on as <see cref="FineTuneOptions.Use"/> says, or null.</param>
/// <param name="Validation">Rows that choose the checkpoint.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record FineTuneData(ShownRows Train, ShownRows? Synthetic, ShownRows Validation, int Classes)
{
    /// <summary>Rows that are scored at each validation beside the validation rows, and choose nothing: test rows of a study.</summary>
    public ShownRows? Watched { get; init; }
}

/// <summary>Fine-tunes a model on episodes of one table, and returns whichever checkpoint validates best.</summary>
/// <remarks>
/// Each step draws an episode (a context and a query, stratified) from real rows, synthetic rows, or both together, shown as to one
/// member of the ensemble that predicts, and descends on the query's cross-entropy: all weights, AdamW, warm-up and cosine, clipped. Synthetic rows feed gradients and can
/// enlarge the validation rows; the context at validation and at inference is real. What is returned is never worse on the
/// validation rows than what was given.
///
/// Where no learning rate is given, some are tried by successive halving (Jamieson and Talwalkar 2016): each takes the first
/// quarter of the steps of a whole run, the better two of three go on to the half, the better of these to the end. A rate is as
/// good as its best validation so far. All see the same episodes, and a run that waits goes on bit for bit, so that the last
/// one is the run that its rate alone would have given, and no other was better when it was left. Three rates cost 1.75
/// times the steps of one (1.8 where rungs end with a validation every ten of a hundred); probes with schedules of their own would
/// cost as much, and the winner would have to begin again.
/// </remarks>
public sealed class FineTuner(ComputeDevice device, FineTuneOptions options)
{
    /// <summary>Fine-tunes <paramref name="start"/>.</summary>
    /// <param name="start">The model to start from; it is not changed.</param>
    /// <param name="data">Rows to tune on and to choose by.</param>
    /// <param name="origin">What to note in the result as the origin of its weights.</param>
    /// <param name="progress">Told the share of steps that is done.</param>
    public FineTuneResult Tune(TabularModel start, FineTuneData data, string origin, IProgress<double>? progress = null)
    {
        var clock = Stopwatch.StartNew();
        var plan = StepPlan.Of(device, start.Config, options, data);
        using var session = new TuningSession(device, options, plan, start, data, origin);
        var check = session.Check();
        IReadOnlyList<float> rates = options.LearningRate is { } fixedRate ? [fixedRate] : options.RatesToTry;
        TuningRun[] runs = [.. rates.Select(rate => new TuningRun(rate, options, check, session.PatientFrom))], left = runs;
        var rungs = Rungs(runs.Length);
        double all = rungs.Sum(rung => rung.Runs * (rung.To - rung.From)), done = 0;
        foreach (var (count, _, to) in rungs)
        {
            // Order is stable: of rates that are level, the smaller one goes on.
            left = [.. left.OrderBy(run => run.BestTunedLoss).Take(count)];
            foreach (var run in left)
            {
                session.Advance(run, to, () => progress?.Report(++done / all));
            }
        }

        progress?.Report(1);
        var last = left[0];
        return new(last.Best ?? start, last.BestStep, last.History, clock.Elapsed.TotalSeconds)
        {
            LearningRate = last.LearningRate,
            Plan = plan,
            Trials = [.. runs.Select(run => new RateTrial(run.LearningRate, run.History))],
        };
    }

    /// <summary>How many runs are followed from which step to which, each time the better half; a rung ends with a validation.</summary>
    internal IReadOnlyList<(int Runs, int From, int To)> Rungs(int runs)
    {
        List<int> counts = [runs];
        while (counts[^1] > 1)
        {
            counts.Add((counts[^1] + 1) / 2);
        }

        var rungs = new List<(int, int, int)>();
        for (int i = 0, from = 0; i < counts.Count; i++)
        {
            double share = Math.Pow(2, i + 1 - counts.Count);
            int checks = (int)Math.Ceiling(share * options.Steps / options.ValidateEvery);
            int to = Math.Min(options.Steps, checks * options.ValidateEvery);
            rungs.Add((counts[i], from, to));
            from = to;
        }

        return rungs;
    }
}
