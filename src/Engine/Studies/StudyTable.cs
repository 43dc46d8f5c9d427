using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>A table of a study's folder, read once and split as the study's seed says.</summary>
public sealed class StudyTable
{
    readonly Study _study;
    readonly Dictionary<int, (int[] Pool, int[] Test)> _splits = [];

    StudyTable(Study study, string name, ClassificationTask? task, string? fault) =>
        (_study, Name, Task, Fault) = (study, name, task, fault);

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <summary>The table; null if it cannot be used.</summary>
    public ClassificationTask? Task { get; }

    /// <summary>Why it cannot be used, or null.</summary>
    public string? Fault { get; }

    /// <summary>What the table is like; null if it cannot be used.</summary>
    public TableTraits? Traits => Task is null ? null
        : new(Task.Features.Columns.Count, Task.Features.Columns.Count(column => column.IsDiscrete));

    /// <summary>Reads a table; one that cannot be used is told from the others by <see cref="Fault"/>.</summary>
    /// <param name="study">The study.</param>
    /// <param name="file">The table's file.</param>
    /// <param name="mostClasses">The most classes that the model tells apart.</param>
    public static StudyTable Read(Study study, string file, int mostClasses)
    {
        ArgumentNullException.ThrowIfNull(study);
        string name = TableFile.NameOf(file);
        try
        {
            var beside = TableFile.Description(file);
            string target = beside.Target ?? throw new InputException(
                $"no target is known; name it in a file {name}.json beside the table.");
            return new(study, name, ClassificationTask.From(CsvTable.Read(file, beside.Csv), target, mostClasses), null);
        }
        catch (InputException fault)
        {
            // Stores of two machines must agree, so a fault does not name the folder.
            return new(study, name, null, fault.Message.Replace(file, Path.GetFileName(file), StringComparison.Ordinal));
        }
    }

    /// <summary>The rows that may be drawn, and the test rows: alike for all draws of a split.</summary>
    internal (int[] Pool, int[] Test) Split(int number)
    {
        if (!_splits.TryGetValue(number, out var rows))
        {
            ulong seed = StudySeed.OfTable(_study.Seed, Name);
            var split = StratifiedSplit.Draw(Task!.Labels, seed, number, validationShare: 0, _study.TestShare);
            rows = (split.Train, StratifiedSplit.Subset(Task.Labels, split.Test, _study.MaxTestRows, seed + (ulong)number));
            _splits[number] = rows;
        }

        return rows;
    }
}
