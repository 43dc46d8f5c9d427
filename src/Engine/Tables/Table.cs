namespace CausalMixFT.Engine.Tables;

/// <summary>Named columns of the same length; immutable.</summary>
public sealed class Table
{
    readonly Dictionary<string, int> _index;

    /// <summary>Makes a table of columns with distinct names and equal lengths.</summary>
    public Table(IReadOnlyList<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Columns = [.. columns];
        Rows = columns.Count == 0 ? 0 : columns[0].Rows;
        _index = new(columns.Count, StringComparer.Ordinal);
        for (int i = 0; i < columns.Count; i++)
        {
            if (columns[i].Rows != Rows)
            {
                throw new ArgumentException(
                    $"Column '{columns[i].Name}' has {columns[i].Rows} rows, the first has {Rows}.", nameof(columns));
            }

            if (!_index.TryAdd(columns[i].Name, i))
            {
                throw new ArgumentException($"Two columns are called '{columns[i].Name}'.", nameof(columns));
            }
        }
    }

    /// <summary>The columns, in file order.</summary>
    public IReadOnlyList<Column> Columns { get; }

    /// <summary>How many rows every column has.</summary>
    public int Rows { get; }

    /// <summary>
    /// The column called <paramref name="name"/>; an <see cref="InputException"/> names the known ones.
    /// </summary>
    public Column this[string name] => Columns[IndexOf(name)];

    /// <summary>The place of a column; an <see cref="InputException"/> names the known ones.</summary>
    public int IndexOf(string name) =>
        _index.TryGetValue(name, out int index) ? index : throw new InputException(
            ColumnNames.Unknown(name, Columns.Select(column => column.Name), "the table"));

    /// <summary>Whether a column is called <paramref name="name"/>.</summary>
    public bool Contains(string name) => _index.ContainsKey(name);

    /// <summary>The table with only <paramref name="rows"/>, in that order; a row may be named twice.</summary>
    public Table Select(ReadOnlySpan<int> rows)
    {
        var columns = new Column[Columns.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = Columns[i].Select(rows);
        }

        return new(columns);
    }

    /// <summary>The table without some columns, each of which must exist.</summary>
    public Table Without(params IEnumerable<string> names)
    {
        var left = names.Select(IndexOf).ToHashSet();
        return new([.. Columns.Where((_, i) => !left.Contains(i))]);
    }

    /// <summary>
    /// The rows of this table, then those of <paramref name="other"/>, which has the same columns in the same order.
    /// </summary>
    public Table Concat(Table other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Columns.Select(column => column.Name).SequenceEqual(other.Columns.Select(column => column.Name)))
        {
            throw new InputException(
                $"One table has the columns {ColumnNames.List(Columns.Select(column => column.Name))} and the other " +
                $"{ColumnNames.List(other.Columns.Select(column => column.Name))}; give both the same columns in " +
                "the same order.");
        }

        return new([.. Columns.Zip(other.Columns, (mine, theirs) => mine.Concat(theirs))]);
    }
}
