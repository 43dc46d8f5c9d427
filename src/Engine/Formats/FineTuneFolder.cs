using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>What fine-tuning leaves: model.safetensors, and finetune.json that says how it came about.</summary>
public static class FineTuneFolder
{
    /// <summary>Writes both files, or none.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="result">The model and its validations.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="task">The table.</param>
    /// <param name="split">Its parts.</param>
    /// <param name="syntheticRows">Synthetic rows that joined the training rows.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="provenance">Command and input.</param>
    public static void Write(
        string folder, FineTuneResult result, CausalMixOptions options, ClassificationTask task, StratifiedSplit split, int syntheticRows,
        string device, Provenance provenance)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(split);
        ArgumentNullException.ThrowIfNull(provenance);
        OutputPlace.Fill(folder, place =>
        {
            ModelFile.Write(result.Model, Path.Combine(place, "model.safetensors"));
            JsonText.Write(Path.Combine(place, "finetune.json"), new
            {
                Format = "causalmixft.finetune",
                Version = 1,
                provenance.Command,
                provenance.Started,
                Program = ProgramJson.Of(device),
                options.Seed,
                Table = new { File = provenance.Table, Sha256 = provenance.TableSha256, task.Rows, task.Target, Classes = task.ClassNames },
                Split = new { Train = split.Train.Length, Validation = split.Validation.Length, Test = split.Test.Length },
                SyntheticRows = syntheticRows,
                Options = options.FineTuning,
                Model = new { result.Model.Origin },
                result.LearningRate,
                result.BestStep,
                result.History,
                result.Trials,
                result.Plan,
                result.Seconds,
                task.Notes,
            });
        });
    }
}
