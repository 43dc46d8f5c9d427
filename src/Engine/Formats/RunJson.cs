using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Reporting;

namespace CausalMixFT.Engine.Formats;

/// <summary>run.json: options, versions, input and every score of a run, for programs to read.</summary>
/// <remarks>Its keys are described in docs/file-formats.md; scores that a table cannot give are null.</remarks>
static class RunJson
{
    public static void Write(string path, RunResult result, Provenance provenance, IReadOnlyList<ScoreDifference> differences)
    {
        var (task, discovery) = (result.Task, result.Discovery);
        JsonText.Write(path, new
        {
            Format = "causalmixft.run",
            Version = 1,
            provenance.Command,
            provenance.Started,
            Program = ProgramJson.Of(result.Device),
            result.Options.Seed,
            Table = new
            {
                File = provenance.Table,
                Sha256 = provenance.TableSha256,
                task.Rows,
                Columns = task.Table.Columns.Count,
                task.Target,
                Classes = TaskSummary.Counts(task).Select(pair => new { pair.Name, pair.Rows }),
            },
            Split = new { Train = result.Split.Train.Length, Validation = result.Split.Validation.Length, Test = result.Split.Test.Length },
            result.Options,
            Model = new { Origin = result.ModelOrigin },
            Graph = new
            {
                Test = discovery.TestName,
                discovery.Alpha,
                discovery.Queries,
                Edges = discovery.Graph.Edges.Count(),
                Directed = discovery.Graph.Edges.Count(edge => edge.IsDirected),
            },
            SyntheticRows = result.Synthetic.Rows,
            Arms = result.Arms.Select(arm => new
            {
                arm.Name,
                BestStep = arm.Tuning?.BestStep,
                TuningSeconds = arm.Tuning?.Seconds,
                LearningRate = arm.Tuning?.LearningRate,
                arm.Tuning?.History,
                arm.Tuning?.Trials,
                arm.Tuning?.Plan,
                arm.TunedRule,
                arm.Validation,
                arm.Test,
            }),
            Differences = differences,
            result.Fidelity,
            Quality = QualityJson.Brief(result.Quality),
            Notes = task.Notes.Concat(discovery.Notes).Concat(result.Quality.Notes),
            Timings = result.Timings.Select(stage => new { stage.Stage, stage.Seconds }),
        });
    }
}

/// <summary>A judgement on synthetic rows without its long lists.</summary>
static class QualityJson
{
    public static object Brief(SyntheticQuality quality) => new
    {
        quality.ShapeScore,
        quality.ShapeScoreOfHoldout,
        TrendScore = quality.Trends.Score,
        quality.TrendScoreOfHoldout,
        quality.Detection,
        quality.Minority,
        quality.Privacy,
        quality.Graph,
    };
}

/// <summary>The part that says with what something was made, the same in every file.</summary>
static class ProgramJson
{
    public static object Of(string device) => new
    {
        Version = Provenance.Program,
        Device = device,
        Provenance.Platform,
        Provenance.Libraries,
    };
}
