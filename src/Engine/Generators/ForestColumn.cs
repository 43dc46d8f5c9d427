using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>A column as forests see it: a code of one byte for each row, and which cells a density stands for.</summary>
/// <remarks>
/// Numbers are cut into ranges of about as many rows each, code 0 is missing; where there are few different numbers each has its own
/// code. Levels are coded by falling frequency, missing being one of them, and the rarest share the last code. Codes only place
/// splits: what is drawn are cells.
/// </remarks>
sealed class ForestColumn
{
    /// <summary>The most codes of a column.</summary>
    public const int MostCodes = 255;

    readonly Column _column;
    readonly double _step, _least, _most;

    // Of each code of numbers but the last, the middle between its largest number and the next code's smallest.
    double[] _cuts = [];

    ForestColumn(Column column)
    {
        _column = column;
        _step = RepeatedValues.StepOf(column);
        double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
        (_least, _most) = present.Length == 0 ? (0, 0) : (present.Min(), present.Max());
        Codes = new byte[column.Rows];
        IsSmooth = new bool[column.Rows];
    }

    /// <summary>The code of each row.</summary>
    public byte[] Codes { get; }

    /// <summary>How many codes there are.</summary>
    public int CodeCount { get; private set; }

    /// <summary>Whether codes have no order.</summary>
    public bool IsDiscrete => _column.IsDiscrete;

    /// <summary>Whether a row's cell is a number that a density stands for: neither missing nor repeating beyond chance.</summary>
    public bool[] IsSmooth { get; }

    /// <summary>Whether any cell is.</summary>
    public bool HasSmooth { get; private set; }

    /// <summary>The cells.</summary>
    public ReadOnlySpan<double> Values => _column.Values;

    /// <summary>Learns the codes of a column.</summary>
    public static ForestColumn Of(Column column, bool keepsRepeatedValues)
    {
        var coded = new ForestColumn(column);
        if (column.IsDiscrete)
        {
            coded.CodeLevels();
        }
        else
        {
            coded.CodeNumbers();
            coded.FindSmooth(keepsRepeatedValues ? RepeatedValues.Of(column) : []);
        }

        return coded;
    }

    /// <summary>The smallest number that a row with a code from <paramref name="first"/> on may have, half a step of rounding allowed.</summary>
    public double Low(int first) => first <= 1 ? _least - _step / 2 : _cuts[first - 1];

    /// <summary>The largest number that a row with a code up to <paramref name="last"/> may have.</summary>
    public double High(int last) => last >= CodeCount - 1 ? _most + _step / 2 : _cuts[last];

    /// <summary>The number that a cell of this column can hold nearest to <paramref name="value"/>.</summary>
    public double OnGrid(double value) =>
        Math.Clamp(_step > 0 ? Math.Round(value, _column.Decimals) : value, _least, _most);

    /// <summary>A column of this one's name and kind with other cells.</summary>
    public Column With(double[] cells) =>
        new(_column.Name, _column.Kind, cells, _column.IsDiscrete ? _column.Levels : null, _column.Decimals);

    void CodeLevels()
    {
        int missing = _column.Levels.Count;
        var counts = new int[missing + 1];
        foreach (double value in Values)
        {
            counts[double.IsNaN(value) ? missing : (int)value]++;
        }

        int[] seen = [.. Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0).OrderByDescending(level => counts[level])];
        var codes = new byte[counts.Length];
        for (int place = 0; place < seen.Length; place++)
        {
            codes[seen[place]] = (byte)Math.Min(place, MostCodes - 1);
        }

        CodeCount = Math.Min(seen.Length, MostCodes);
        for (int row = 0; row < Codes.Length; row++)
        {
            Codes[row] = codes[double.IsNaN(Values[row]) ? missing : (int)Values[row]];
        }
    }

    void CodeNumbers()
    {
        double[] sorted = [.. Values.ToArray().Where(value => !double.IsNaN(value)).Order()];
        double[] firsts = Firsts(sorted);
        CodeCount = firsts.Length + 1;
        _cuts = new double[CodeCount];
        for (int code = 1; code < firsts.Length; code++)
        {
            double next = firsts[code], before = sorted[FirstAtLeast(sorted, next) - 1];
            _cuts[code] = before / 2 + next / 2;
        }

        for (int row = 0; row < Codes.Length; row++)
        {
            int place = Array.BinarySearch(firsts, Values[row]);
            Codes[row] = double.IsNaN(Values[row]) ? (byte)0 : (byte)(place >= 0 ? place + 1 : ~place);
        }
    }

    // The smallest number of each range. A number that fills a range of its own share is not put with others.
    static double[] Firsts(double[] sorted)
    {
        var firsts = new List<double>();
        int distinct = sorted.Where((value, i) => i == 0 || value != sorted[i - 1]).Count(), taken = 0;
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start]; end++)
            {
            }

            int left = MostCodes - 1 - firsts.Count;
            double share = (double)(sorted.Length - start + taken) / (left + 1);
            bool isFull = taken >= share || (taken > 0 && end - start >= share);
            if (firsts.Count == 0 || distinct < MostCodes || (isFull && left > 0))
            {
                firsts.Add(sorted[start]);
                taken = 0;
            }

            taken += end - start;
        }

        return [.. firsts];
    }

    static int FirstAtLeast(double[] sorted, double value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    void FindSmooth(HashSet<double> repeated)
    {
        for (int row = 0; row < IsSmooth.Length; row++)
        {
            IsSmooth[row] = !double.IsNaN(Values[row]) && !repeated.Contains(Values[row]);
            HasSmooth |= IsSmooth[row];
        }
    }
}
