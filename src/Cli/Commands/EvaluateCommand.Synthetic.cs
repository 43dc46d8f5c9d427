using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Cli.Commands;

// evaluate TABLE --synthetic FILE: judges synthetic rows instead of scoring a model.
sealed partial class EvaluateCommand
{
    void CheckOptions()
    {
        if (Synthetic is null)
        {
            foreach (string option in (string[])["holdout", "graph"])
            {
                CheckAbsent(option, "judges synthetic rows: name them with --synthetic, or leave it out");
            }

            return;
        }

        foreach (string option in (string[])["model", "splits", "max-context", "max-rows"])
        {
            CheckAbsent(option, "scores a model, but --synthetic judges rows without one: leave one of the two out");
        }

        if (Directory.Exists(Table))
        {
            throw new InputException(
                $"{Table}: this is a folder, but --synthetic judges rows beside one table; name the table that their generator was trained on.");
        }
    }

    void CheckAbsent(string option, string meaning)
    {
        if (Args.Any(arg => arg == $"--{option}" || arg.StartsWith($"--{option}=", StringComparison.Ordinal)))
        {
            throw new InputException($"--{option} {meaning}.");
        }
    }

    void JudgeSynthetic(Terminal terminal)
    {
        var beside = TableFile.Description(Table);
        string? target = Target ?? beside.Target;
        var loaded = CsvTable.Read(Table, beside.Csv.And(Csv));
        var (train, notes) = SharedColumns(loaded, target);
        var synthetic = CsvTable.ReadLike(Synthetic!, train);
        var holdout = Holdout is null ? null : CsvTable.ReadLike(Holdout, train);
        Dag? graph = Graph is null ? null : DagExtension.Of(GraphFormats.Read(Graph, null).Graph, out _);
        var provenance = ProvenanceOf(Table);
        var options = new QualityOptions { Seed = Seed };

        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Say($"Table: {Table}, {TaskSummary.Shape(train)}");
        terminal.Say($"Synthetic: {Synthetic}, {TaskSummary.Count(synthetic.Table.Rows, "row")}");
        if (holdout is not null)
        {
            terminal.Say($"Hold-out: {Holdout}, {TaskSummary.Count(holdout.Table.Rows, "row")}");
        }

        notes = [.. notes, .. synthetic.Notes, .. holdout?.Notes ?? []];
        terminal.Note(notes);
        var quality = terminal.Stage("Judge the synthetic rows", told => SyntheticQuality.Compute(
            train, synthetic.Table, holdout?.Table, target, graph, options, device, told));
        QualityFolder.Write(
            Out, quality, train, synthetic.Table, new(Table, Synthetic!, Holdout, Graph), options, provenance, device.Name, notes);
        terminal.Note(quality.Notes);
        terminal.Show(ScoreTable.Of(quality));
        terminal.Say($"Report: {Path.Combine(Out, QualityFolder.Page)}");
    }

    // Generators leave out constant columns and row numbers, so their rows may lack some of the table's.
    (Table Train, IReadOnlyList<string> Notes) SharedColumns(LoadedTable loaded, string? target)
    {
        var present = CsvTable.Names(Synthetic!).ToHashSet(StringComparer.Ordinal);
        string[] missing = [.. loaded.Table.Columns.Select(column => column.Name).Where(name => !present.Contains(name))];
        if (missing.Length == loaded.Table.Columns.Count)
        {
            throw new InputException($"{Synthetic}: it has none of the columns of {Table}; name the table that its generator was trained on.");
        }

        if (target is not null && (!loaded.Table.Contains(target) || missing.Contains(target)))
        {
            _ = loaded.Table[target];
            throw new InputException($"{Synthetic}: it lacks the target '{target}'; name another column with --target.");
        }

        return missing.Length == 0 ? (loaded.Table, loaded.Notes)
            : (loaded.Table.Without(missing), [.. loaded.Notes, $"Columns that the synthetic rows lack are not compared: {ColumnList(missing)}."]);
    }

    static string ColumnList(string[] names) =>
        string.Join(", ", names.Take(12).Select(name => $"'{name}'")) + (names.Length > 12 ? $" and {names.Length - 12} more" : "");
}
