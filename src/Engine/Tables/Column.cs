using System.Diagnostics;
using System.Globalization;

namespace CausalMixFT.Engine.Tables;

/// <summary>One named, typed column; immutable.</summary>
/// <remarks>
/// Every cell is a double. NaN is missing; a discrete cell holds the index of its level; a cell of an Integer column is
/// whole and within ±2⁵³, where a double is exact; a cell of a Date column is a number of days.
/// </remarks>
public sealed class Column
{
    // A double holds 15 decimal digits of any number; a column with more decimals is written at full precision.
    const int FullPrecision = 15;

    const string DateFormat = "yyyy-MM-dd";

    readonly double[] _values;

    /// <summary>
    /// Makes a column of <paramref name="values"/>, which it keeps: the caller must not write to them again.
    /// </summary>
    public Column(
        string name, ColumnKind kind, double[] values, IReadOnlyList<string>? levels = null, int decimals = 0)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        bool discrete = kind is ColumnKind.Boolean or ColumnKind.Categorical;
        if (discrete != levels is not null)
        {
            throw new ArgumentException($"Column '{name}' is {kind}: only discrete columns have levels.", nameof(levels));
        }

        if (kind == ColumnKind.Boolean && levels!.Count != 2)
        {
            throw new ArgumentException($"Column '{name}' is Boolean and has {levels.Count} levels, not 2.", nameof(levels));
        }

        Debug.Assert(
            !discrete || values.All(v => double.IsNaN(v) || (v >= 0 && v < levels!.Count && v == Math.Floor(v))),
            $"Column '{name}' holds an index outside its levels.");
        Name = name;
        Kind = kind;
        Levels = levels ?? [];
        Decimals = kind == ColumnKind.Numeric ? decimals : 0;
        _values = values;
    }

    /// <summary>The header's name.</summary>
    public string Name { get; }

    /// <summary>What the cells are.</summary>
    public ColumnKind Kind { get; }

    /// <summary>The names behind a discrete column's indices; empty for numbers.</summary>
    public IReadOnlyList<string> Levels { get; }

    /// <summary>The most decimals a cell of a Numeric column is written with; 0 for every other kind.</summary>
    public int Decimals { get; }

    /// <summary>The cells; NaN is missing.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>The cells, for operations that keep hold of them.</summary>
    internal ReadOnlyMemory<double> Memory => _values;

    /// <summary>How many cells there are.</summary>
    public int Rows => _values.Length;

    /// <summary>Whether cells are levels rather than numbers.</summary>
    public bool IsDiscrete => Kind is ColumnKind.Boolean or ColumnKind.Categorical;

    /// <summary>The cell as it is written to a file; empty when missing.</summary>
    public string Text(int row)
    {
        double value = _values[row];
        if (double.IsNaN(value))
        {
            return "";
        }

        return Kind switch
        {
            ColumnKind.Boolean or ColumnKind.Categorical => Levels[(int)value],
            ColumnKind.Integer => ((long)Math.Round(value)).ToString(CultureInfo.InvariantCulture),
            ColumnKind.Date => DateOnly.FromDayNumber((int)Math.Clamp(value, 0, DateOnly.MaxValue.DayNumber)).ToString(DateFormat, CultureInfo.InvariantCulture),
            _ => NumericText(value),
        };
    }

    /// <summary>The column with only <paramref name="rows"/>, in that order; a row may be named twice.</summary>
    public Column Select(ReadOnlySpan<int> rows)
    {
        var values = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            values[i] = _values[rows[i]];
        }

        return new(Name, Kind, values, IsDiscrete ? Levels : null, Decimals);
    }

    /// <summary>
    /// The cells of this column, then those of <paramref name="other"/>; unknown levels join at the end.
    /// </summary>
    internal Column Concat(Column other)
    {
        if (IsDiscrete != other.IsDiscrete)
        {
            throw new InputException(
                $"Column '{Name}' is {Kind} in one table and {other.Kind} in the other; mark it with --categorical " +
                $"{Name} or --numeric {Name} so that both agree.");
        }

        var values = new double[Rows + other.Rows];
        _values.CopyTo(values, 0);
        var tail = values.AsSpan(Rows);
        other.Values.CopyTo(tail);
        if (!IsDiscrete)
        {
            var kind = Kind == other.Kind ? Kind : ColumnKind.Numeric;
            return new(Name, kind, values, null, Math.Max(Decimals, other.Decimals));
        }

        if (Levels.SequenceEqual(other.Levels))
        {
            return new(Name, Kind == other.Kind ? Kind : ColumnKind.Categorical, values, Levels);
        }

        var levels = Levels.ToList();
        var known = levels.Select((text, index) => (text, index)).ToDictionary(pair => pair.text, pair => pair.index);
        var map = new int[other.Levels.Count];
        for (int level = 0; level < map.Length; level++)
        {
            string text = other.Levels[level];
            if (!known.TryGetValue(text, out map[level]))
            {
                map[level] = known[text] = levels.Count;
                levels.Add(text);
            }
        }

        foreach (ref double value in tail)
        {
            value = double.IsNaN(value) ? value : map[(int)value];
        }

        var united = Kind == ColumnKind.Boolean && levels.Count == 2 ? ColumnKind.Boolean : ColumnKind.Categorical;
        return new(Name, united, values, levels);
    }

    /// <summary>
    /// This column with the kind and levels of <paramref name="schema"/>; unknown levels join at the end.
    /// </summary>
    /// <remarks>Numbers become levels by their text; a number column stays as it is where the schema has numbers.</remarks>
    internal Column WithLevelsOf(Column schema)
    {
        if (!schema.IsDiscrete)
        {
            return this;
        }

        var levels = schema.Levels.ToList();
        var place = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int level = 0; level < levels.Count; level++)
        {
            place[levels[level]] = level;
        }

        var values = new double[Rows];
        for (int row = 0; row < Rows; row++)
        {
            string text = Text(row);
            if (text.Length > 0 && !place.ContainsKey(text))
            {
                place[text] = levels.Count;
                levels.Add(text);
            }

            values[row] = text.Length == 0 ? double.NaN : place[text];
        }

        return new(Name, levels.Count == schema.Levels.Count ? schema.Kind : ColumnKind.Categorical, values, levels);
    }

    /// <summary>The cell that a date such as 2024-03-01 is; NaN for any other text.</summary>
    internal static double DayOf(ReadOnlySpan<char> text) =>
        DateOnly.TryParseExact(text, DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date.DayNumber
            : double.NaN;

    // The shortest text that reads back as the same double, unless that has more decimals than the column shows.
    string NumericText(double value)
    {
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (Decimals >= FullPrecision || DecimalsOf(shortest) <= Decimals)
        {
            return shortest;
        }

        string rounded = value.ToString($"F{Decimals}", CultureInfo.InvariantCulture);
        if (rounded.Contains('.', StringComparison.Ordinal))
        {
            rounded = rounded.TrimEnd('0').TrimEnd('.');
        }

        return rounded == "-0" ? "0" : rounded;
    }

    /// <summary>
    /// How many digits stand behind the decimal point once the exponent of <paramref name="number"/> is spent.
    /// </summary>
    internal static int DecimalsOf(ReadOnlySpan<char> number)
    {
        int e = number.IndexOfAny('e', 'E');
        var mantissa = e < 0 ? number : number[..e];
        int point = mantissa.IndexOf('.');
        int decimals = point < 0 ? 0 : mantissa.Length - point - 1;
        if (e >= 0 && int.TryParse(
            number[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int exponent))
        {
            decimals = Math.Clamp(decimals - exponent, 0, 400);
        }

        return decimals;
    }
}
