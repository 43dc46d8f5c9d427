using System.Diagnostics;

namespace CausalMixFT.Engine.Generators;

/// <summary>How long a network learns: steps of some passes over the rows, within a budget of steps and of time.</summary>
/// <param name="stepsPerEpoch">Steps of a pass; less than one counts as one.</param>
/// <param name="epochs">Passes.</param>
/// <param name="mostSteps">Steps at most.</param>
/// <param name="mostTime">Time at most; null for none.</param>
sealed class TrainingPlan(int stepsPerEpoch, int epochs, int mostSteps, TimeSpan? mostTime)
{
    /// <summary>Steps if time allows.</summary>
    internal int Steps { get; } = (int)Math.Min((long)Math.Max(1, stepsPerEpoch) * epochs, mostSteps);

    /// <summary>Calls back for each step, from 0, with the share of the training that is left: 1 at first.</summary>
    internal void Run(Action<int, double> step, IProgress<double>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < Steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            double done = (double)i / Steps;
            if (mostTime is { } time)
            {
                // What is left of the tighter budget: a learning rate that falls with it has fallen when time is up.
                done = Math.Max(done, clock.Elapsed / time);
                if (done >= 1)
                {
                    break;
                }
            }

            step(i, 1 - done);
            progress?.Report((double)(i + 1) / Steps);
        }

        progress?.Report(1);
    }
}
