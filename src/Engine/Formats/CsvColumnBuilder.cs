using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>How a column's cells are to be read.</summary>
enum CsvReading
{
    /// <summary>As numbers while they are numbers.</summary>
    Infer,

    /// <summary>As numbers, and anything else is an error.</summary>
    Numeric,

    /// <summary>As names.</summary>
    Text,

    /// <summary>Not at all.</summary>
    Skip,
}

/// <summary>One column while its file is read: numbers as doubles, names as codes, no strings for numbers.</summary>
sealed class CsvColumnBuilder
{
    static readonly double[] PowersOfTen =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    static readonly (string False, string True)[] OppositePairs = [("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y")];

    readonly CsvSource _source;
    readonly CsvReading _reading;
    readonly Dictionary<string, int> _levels = new(StringComparer.Ordinal);
    readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    double[] _values = new double[256];
    int _count;
    int _numbers;
    int _decimals;
    bool _isText;
    bool _whole = true;
    (long Line, string Text)? _infinite;
    (long Line, string Text)? _inexact;

    public CsvColumnBuilder(CsvSource source, string name, CsvReading reading)
    {
        _source = source;
        _reading = reading;
        _isText = reading == CsvReading.Text;
        _lookup = _levels.GetAlternateLookup<ReadOnlySpan<char>>();
        Name = name;
    }

    public string Name { get; }

    /// <summary>Set when names follow numbers: only a second reading knows how the numbers were spelled.</summary>
    public bool NeedsText { get; private set; }

    /// <summary>The first whole number that a double cannot hold, which makes the column one of names.</summary>
    public (long Line, string Text)? Inexact => _inexact;

    public void Add(ReadOnlySpan<char> cell, long line)
    {
        if (NeedsText)
        {
            return;
        }

        cell = cell.Trim();
        double value = double.NaN;
        if (!IsMissing(cell))
        {
            value = _isText ? Code(cell) : Number(cell, line);
        }

        if (_count == _values.Length)
        {
            Array.Resize(ref _values, 2 * _count);
        }

        _values[_count++] = value;
    }

    /// <summary>
    /// The finished column; call once, after the last cell and only when no second reading is needed.
    /// </summary>
    public Column Build()
    {
        Array.Resize(ref _values, _count);
        if (_isText)
        {
            return TextColumn();
        }

        if (_infinite is var (line, text))
        {
            throw _source.Fault(line,
                $"column '{Name}' holds '{text}', but a finite number within ±1.8e308 was expected; correct it or " +
                "leave the cell empty.");
        }

        if (_reading == CsvReading.Infer && IsZeroOne())
        {
            return new(Name, ColumnKind.Boolean, _values, ["0", "1"]);
        }

        return _whole && _numbers > 0 && _inexact is null
            ? new(Name, ColumnKind.Integer, _values)
            : new(Name, ColumnKind.Numeric, _values, null, _decimals);
    }

    /// <summary>Ends a reading: a column of whole numbers with one that a double cannot hold is one of names.</summary>
    public void Close()
    {
        if (!_isText && _whole && _inexact is not null && _reading == CsvReading.Infer)
        {
            NeedsText = true;
        }
    }

    /// <summary>Empty, NA, N/A, NaN, null and ?, in any letter case.</summary>
    internal static bool IsMissing(ReadOnlySpan<char> cell) => cell.Length switch
    {
        0 => true,
        1 => cell[0] == '?',
        2 => cell.Equals("NA", StringComparison.OrdinalIgnoreCase),
        3 => cell.Equals("N/A", StringComparison.OrdinalIgnoreCase)
            || cell.Equals("NaN", StringComparison.OrdinalIgnoreCase),
        4 => cell.Equals("null", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    double Code(ReadOnlySpan<char> cell)
    {
        if (!_lookup.TryGetValue(cell, out int code))
        {
            code = _levels.Count;
            _lookup[cell] = code;
        }

        return code;
    }

    double Number(ReadOnlySpan<char> cell, long line)
    {
        if (TryShortDecimal(cell, out double value, out int decimals))
        {
            _numbers++;
            _whole &= decimals == 0 || value == Math.Floor(value);
            _decimals = Math.Max(_decimals, decimals);
            return value;
        }

        bool isNumber = double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        if ((isNumber && double.IsInfinity(value)) || IsInfinity(cell))
        {
            _infinite ??= (line, cell.ToString());
            return double.NaN;
        }

        if (isNumber && !double.IsNaN(value))
        {
            _numbers++;
            bool whole = value == Math.Floor(value);
            if (whole && Math.Abs(value) >= 1L << 53 && !IsExact(cell))
            {
                // 1e300 is a measurement on a large scale; 12345678901234567890 is somebody's number.
                bool isSpelledOut = cell.IndexOfAny('.', 'e', 'E') < 0;
                _inexact ??= isSpelledOut ? (line, cell.ToString()) : null;
                whole = isSpelledOut;
            }

            _whole &= whole;
            _decimals = Math.Max(_decimals, Column.DecimalsOf(cell));
            return value;
        }

        if (_reading == CsvReading.Numeric)
        {
            throw _source.Fault(line,
                $"column '{Name}' holds '{cell}', but a number was expected; correct the cell, " +
                $"leave it empty, or read the column with --categorical {Name}.");
        }

        if (_numbers > 0 || _infinite is not null)
        {
            NeedsText = true;
            return double.NaN;
        }

        _isText = true;
        return Code(cell);
    }

    // Clinger (1990): up to 15 digits are exact in a double and so is the power of ten, hence the quotient is rounded once.
    static bool TryShortDecimal(ReadOnlySpan<char> cell, out double value, out int decimals)
    {
        value = 0;
        decimals = 0;
        bool negative = cell[0] == '-';
        if (negative)
        {
            cell = cell[1..];
        }

        if (cell.Length is 0 or > 16)
        {
            return false;
        }

        long mantissa = 0;
        int digits = 0, point = -1;
        for (int i = 0; i < cell.Length; i++)
        {
            uint digit = (uint)(cell[i] - '0');
            if (digit <= 9)
            {
                mantissa = 10 * mantissa + digit;
                digits++;
            }
            else if (cell[i] == '.' && point < 0)
            {
                point = i;
            }
            else
            {
                return false;
            }
        }

        if (digits is 0 or > 15)
        {
            return false;
        }

        decimals = point < 0 ? 0 : cell.Length - point - 1;
        value = mantissa / PowersOfTen[decimals];
        value = negative ? -value : value;
        return true;
    }

    static bool IsExact(ReadOnlySpan<char> whole) =>
        long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
        && value is >= -(1L << 53) and <= 1L << 53;

    static bool IsInfinity(ReadOnlySpan<char> cell)
    {
        cell = cell.TrimStart("+-");
        return cell.Equals("inf", StringComparison.OrdinalIgnoreCase)
            || cell.Equals("infinity", StringComparison.OrdinalIgnoreCase) || cell is "∞";
    }

    bool IsZeroOne()
    {
        bool zero = false, one = false;
        foreach (double value in _values)
        {
            zero |= value == 0;
            one |= value == 1;
            if (value is not (0 or 1) && !double.IsNaN(value))
            {
                return false;
            }
        }

        return zero && one;
    }

    Column TextColumn()
    {
        if (_reading == CsvReading.Infer && _levels.Count > 0 && _levels.Keys.All(level => !double.IsNaN(Column.DayOf(level))))
        {
            return DateColumn();
        }

        var levels = _levels.Keys.Order(StringComparer.Ordinal).ToArray();
        var kind = ColumnKind.Categorical;
        if (_reading == CsvReading.Infer && levels.Length == 2 && Opposites(levels[0], levels[1]) is var (no, yes))
        {
            levels = [no, yes];
            kind = ColumnKind.Boolean;
        }

        var place = new int[levels.Length];
        for (int i = 0; i < levels.Length; i++)
        {
            place[_levels[levels[i]]] = i;
        }

        foreach (ref double value in _values.AsSpan())
        {
            value = double.IsNaN(value) ? value : place[(int)value];
        }

        return new(Name, kind, _values, levels);
    }

    Column DateColumn()
    {
        var days = new double[_levels.Count];
        foreach (var (text, code) in _levels)
        {
            days[code] = Column.DayOf(text);
        }

        foreach (ref double value in _values.AsSpan())
        {
            value = double.IsNaN(value) ? value : days[(int)value];
        }

        return new(Name, ColumnKind.Date, _values);
    }

    // The two spellings with the one that says no in front, or null.
    static (string False, string True)? Opposites(string a, string b)
    {
        foreach (var (no, yes) in OppositePairs)
        {
            if (a.Equals(no, StringComparison.OrdinalIgnoreCase) && b.Equals(yes, StringComparison.OrdinalIgnoreCase))
            {
                return (a, b);
            }

            if (b.Equals(no, StringComparison.OrdinalIgnoreCase) && a.Equals(yes, StringComparison.OrdinalIgnoreCase))
            {
                return (b, a);
            }
        }

        return null;
    }
}
