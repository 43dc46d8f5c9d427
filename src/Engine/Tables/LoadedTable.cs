namespace CausalMixFT.Engine.Tables;

/// <summary>A table as it came in, and a line for each thing that was done to it on the way.</summary>
public sealed record LoadedTable(Table Table, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Text columns with too many levels to model; the target may be among them, to be told why it cannot be.
    /// </summary>
    public IReadOnlyList<Column> LeftOut { get; init; } = [];

    /// <summary>What a search for a graph can use: no constant and no empty columns, and the target as a column of classes.</summary>
    /// <param name="target">The column to predict, whose empty rows are left out, or null.</param>
    /// <exception cref="InputException">Fewer than two columns vary, or the target is no column of classes.</exception>
    public LoadedTable Informative(string? target)
    {
        if (target is not null)
        {
            var task = ClassificationTask.From(this, target);
            return new(task.Table, task.Notes);
        }

        var notes = Notes.ToList();
        var varying = ClassificationTask.Varying(Table, null, notes);
        return varying.Count >= 2 ? new(new(varying), notes) : throw new InputException(
            $"{varying.Count} of the table's {Table.Columns.Count} columns vary, but a graph is of two at the least; add rows or columns.");
    }
}
