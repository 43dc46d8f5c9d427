using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>A pre-training run in a folder: it continues from the folder's checkpoint, and ends with model.safetensors.</summary>
/// <remarks>
/// The folder holds checkpoint.safetensors (weights and optimiser), training-log.jsonl (one check a line) and, at each
/// check, model.safetensors: a run that is killed loses at most the steps since the last check.
/// </remarks>
public static class PretrainRun
{
    /// <summary>Trains to the last step and returns the model.</summary>
    /// <param name="device">Where the model trains.</param>
    /// <param name="options">The run; a checkpoint in the folder must be of the same.</param>
    /// <param name="folder">Made when missing.</param>
    /// <param name="check">Told each check as it is written.</param>
    /// <param name="realAuc">Scores the model of each check on real tables, on which it never trains; NaN says nothing.</param>
    /// <param name="progress">Told the share of steps that is done.</param>
    /// <param name="cancellation">Stops after the present step.</param>
    public static TabularModel Run(
        ComputeDevice device, PretrainOptions options, string folder, Action<PretrainCheck>? check = null,
        Func<TabularModel, double>? realAuc = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        string checkpoint = Path.Combine(folder, "checkpoint.safetensors"), log = Path.Combine(folder, "training-log.jsonl");
        using var pretrainer = new Pretrainer(device, options);
        if (Path.Exists(checkpoint))
        {
            Resume(pretrainer, options, checkpoint);
        }

        var checks = TrainingLog.Read(log, pretrainer.Steps).ToList();
        pretrainer.Run(
            done =>
            {
                var model = Model();
                done = realAuc?.Invoke(model) is double auc && double.IsFinite(auc) ? done with { RealAuc = auc } : done;
                checks.Add(done);
                PretrainCheckpoint.Write(pretrainer.State(), options, checkpoint);
                TrainingLog.Write(checks, log);
                ModelFile.Write(model, Path.Combine(folder, "model.safetensors"));
                check?.Invoke(done);
            },
            progress, cancellation);
        return Model();

        TabularModel Model() => pretrainer.Result(string.Create(CultureInfo.InvariantCulture,
            $"pretrain --seed {options.Seed} --steps {options.Steps} (step {pretrainer.Steps})"));
    }

    static void Resume(Pretrainer pretrainer, PretrainOptions options, string checkpoint)
    {
        try
        {
            pretrainer.Resume(PretrainCheckpoint.Read(options, pretrainer.Model.Parameters.Weights.Length, checkpoint));
        }
        catch (ArgumentException fault)
        {
            throw new InputException($"{checkpoint}: {fault.Message.TrimEnd('.')}; the file is damaged: start anew in an empty --out folder.");
        }
    }
}
