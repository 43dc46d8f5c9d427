using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.FineTuning;

/// <summary>Rows that episodes are drawn from, and what each is said to be when it is predicted.</summary>
/// <param name="rows">The rows.</param>
/// <param name="targets">Probabilities (rows, classes), row-major, of those that are predicted; null for the rows' classes.</param>
/// <param name="classes">Number of classes.</param>
/// <param name="random">The generator of episodes.</param>
sealed class EpisodePool(ShownRows rows, float[]? targets, int classes, Philox random)
{
    readonly EpisodeSampler _sampler = new(rows.Labels, random);

    /// <summary>The episode of a step.</summary>
    /// <param name="step">Which.</param>
    /// <param name="plan">How many rows it has.</param>
    /// <param name="seed">The seed of the ensemble that shows them.</param>
    internal Episode Draw(int step, StepPlan plan, ulong seed)
    {
        var (context, query) = _sampler.Draw((uint)step, plan.ContextRows, plan.QueryRows);
        var asked = rows.Select(query);
        return new(
            rows.Select(context).Episode(asked, classes, seed, (uint)step), asked.Labels,
            targets is null ? null : [.. query.Select(row => targets.AsMemory(row * classes, classes))]);
    }

    /// <summary>Certainty of the rows' classes: (rows, classes), row-major.</summary>
    internal static float[] OneHot(ShownRows rows, int classes)
    {
        var targets = new float[rows.Rows * classes];
        for (int row = 0; row < rows.Rows; row++)
        {
            targets[row * classes + rows.Labels[row]] = 1;
        }

        return targets;
    }
}

/// <summary>One step's rows as the model is shown them.</summary>
/// <param name="Table">Context and query.</param>
/// <param name="Labels">The class of each query row.</param>
/// <param name="Targets">Probabilities of the classes of each query row, or null where they are certain.</param>
sealed record Episode(ShownTable Table, int[] Labels, ReadOnlyMemory<float>[]? Targets)
{
    /// <summary>The number under which the model sees each query row's class.</summary>
    internal int[] ShownLabels() => Array.ConvertAll(Labels, label => Table.Names[label]);

    /// <summary>The targets (query rows, outputs) in the order of the model's outputs.</summary>
    internal float[] ShownTargets(int outputs)
    {
        var shown = new float[Labels.Length * outputs];
        for (int row = 0; row < Labels.Length; row++)
        {
            var target = Targets![row].Span;
            for (int k = 0; k < target.Length; k++)
            {
                // A class that no context row has has no probability in a teacher that saw no more of it.
                if (Table.Names[k] >= 0)
                {
                    shown[row * outputs + Table.Names[k]] = target[k];
                }
            }
        }

        return shown;
    }
}
