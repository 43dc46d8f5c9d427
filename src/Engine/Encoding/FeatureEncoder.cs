using System.Globalization;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Encoding;

/// <summary>
/// Turns a table's features into the numbers a transformer sees, with statistics of the training rows only.
/// </summary>
/// <remarks>
/// <para>A numeric column becomes one standardised column with missing cells at the mean (0), and a second one that says
/// where cells are missing, if at least 1 % and at least 3 of the training cells are. Standardising here, in double, loses
/// nothing to a model that standardises itself, and keeps 1.6e9 ± 10 apart in float.</para>
/// <para>A discrete column with up to 6 levels in training becomes 0/1 columns, one a level, where missing is a level if
/// training has it; two levels share one column. More levels become one column of codes, 0 for the most frequent; missing
/// and unseen cells are −1. An unseen cell has zeros in all 0/1 columns, or the training share in a shared one.</para>
/// <para>New tables are matched by column name, discrete cells by their text.</para>
/// </remarks>
public sealed class FeatureEncoder
{
    readonly List<ColumnEncoder> _encoders = [];

    FeatureEncoder(Table train)
    {
        foreach (var column in train.Columns)
        {
            _encoders.Add(column.IsDiscrete ? DiscreteEncoder.Fit(column) : NumericEncoder.Fit(column));
        }

        ColumnNames = [.. _encoders.SelectMany(encoder => encoder.Outputs)];
    }

    /// <summary>What each encoded column is: "age", "age is missing", "city=Oslo".</summary>
    public IReadOnlyList<string> ColumnNames { get; }

    /// <summary>How many numbers a row becomes.</summary>
    public int Width => ColumnNames.Count;

    /// <summary>Learns means, ranks and levels from training rows.</summary>
    public static FeatureEncoder Fit(Table trainFeatures)
    {
        ArgumentNullException.ThrowIfNull(trainFeatures);
        return new(trainFeatures);
    }

    /// <summary>The rows of a table as (rows, <see cref="Width"/>) numbers, row-major.</summary>
    public float[] Encode(Table table, EncoderView view = EncoderView.Raw)
    {
        ArgumentNullException.ThrowIfNull(table);
        var encoded = new float[checked(table.Rows * Width)];
        int offset = 0;
        foreach (var encoder in _encoders)
        {
            encoder.Encode(table[encoder.Name], view, encoded, offset, Width);
            offset += encoder.Outputs.Length;
        }

        return encoded;
    }
}

/// <summary>One input column and the encoded columns it becomes.</summary>
abstract class ColumnEncoder(string name, string[] outputs)
{
    public string Name { get; } = name;

    public string[] Outputs { get; } = outputs;

    /// <summary>Writes row r's numbers from <c>encoded[r · stride + offset]</c> on.</summary>
    public abstract void Encode(Column column, EncoderView view, float[] encoded, int offset, int stride);
}

/// <summary>One standardised or rank-mapped number, and maybe where it is missing.</summary>
sealed class NumericEncoder : ColumnEncoder
{
    const double LeastMissingShare = 0.01;
    const int LeastMissing = 3;

    // Far outside training, but its square and a sum of squares stay finite in float.
    const double Farthest = 1e9;

    readonly NormalScores _scores;
    readonly double _mean;
    readonly double _deviation;
    readonly bool _marksMissing;

    NumericEncoder(string name, double mean, double deviation, NormalScores scores, bool marksMissing)
        : base(name, marksMissing ? [name, $"{name} is missing"] : [name])
    {
        _mean = mean;
        _deviation = deviation;
        _scores = scores;
        _marksMissing = marksMissing;
    }

    public static NumericEncoder Fit(Column column)
    {
        var present = new List<double>(column.Rows);
        foreach (double value in column.Values)
        {
            if (!double.IsNaN(value))
            {
                present.Add(value);
            }
        }

        // Squares of numbers up to 1.8e308 need the scale taken out first.
        double scale = present.Count == 0 ? 0 : present.Max(Math.Abs);
        scale = scale == 0 ? 1 : scale;
        double mean = present.Count == 0 ? 0 : present.Average(value => value / scale);
        double variance = present.Count == 0 ? 0 : present.Average(value => (value / scale - mean) * (value / scale - mean));
        int missing = column.Rows - present.Count;
        bool marks = missing >= LeastMissing && missing >= LeastMissingShare * column.Rows;
        double deviation = variance > 0 ? Math.Sqrt(variance) * scale : 1;
        present.Sort();
        return new(column.Name, mean * scale, deviation, NormalScores.Fit(present), marks);
    }

    public override void Encode(Column column, EncoderView view, float[] encoded, int offset, int stride)
    {
        double[]? numbers = column.IsDiscrete ? LevelsAsNumbers(column) : null;
        for (int row = 0; row < column.Rows; row++)
        {
            double value = column.Values[row];
            value = numbers is null || double.IsNaN(value) ? value : numbers[(int)value];
            int at = row * stride + offset;
            encoded[at] = double.IsNaN(value) ? 0
                : view == EncoderView.Rank ? (float)_scores.At(value)
                : (float)Math.Clamp((value - _mean) / _deviation, -Farthest, Farthest);
            if (_marksMissing)
            {
                encoded[at + 1] = double.IsNaN(value) ? 1 : 0;
            }
        }
    }

    // Few rows of a numeric column may look Boolean (0 and 1); their text still tells the numbers.
    static double[] LevelsAsNumbers(Column column) =>
    [
        .. column.Levels.Select(level =>
            double.TryParse(level, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
            : throw new InputException(
                $"Column '{column.Name}' holds '{level}', but it held numbers in training; correct the cell or " +
                "leave it empty.")),
    ];
}

/// <summary>0/1 columns for few levels, frequency codes for many.</summary>
sealed class DiscreteEncoder : ColumnEncoder
{
    const int MostOneHot = 6;
    const float Unknown = -1;

    enum Form { Shared, OneHot, Codes }

    readonly Form _form;
    readonly Dictionary<string, int> _place;
    readonly float _shareOfSecond;

    DiscreteEncoder(string name, string[] outputs, Form form, Dictionary<string, int> place, float shareOfSecond)
        : base(name, outputs)
    {
        _form = form;
        _place = place;
        _shareOfSecond = shareOfSecond;
    }

    public static DiscreteEncoder Fit(Column column)
    {
        // Levels that training rows do not have are unseen, whatever the column's list says. "" is missing.
        var counts = new int[column.Levels.Count + 1];
        foreach (double value in column.Values)
        {
            counts[double.IsNaN(value) ? column.Levels.Count : (int)value]++;
        }

        string[] texts = [.. column.Levels, ""];
        int[] seen = [.. Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0)];
        if (seen.Length > MostOneHot)
        {
            var ranked = seen.Where(level => texts[level].Length > 0)
                .OrderByDescending(level => counts[level]).ThenBy(level => texts[level], StringComparer.Ordinal);
            return new(column.Name, [column.Name], Form.Codes, Places(ranked.Select(level => texts[level])), 0);
        }

        var place = Places(seen.Select(level => texts[level]));
        string[] names = [.. seen.Select(level =>
            texts[level].Length == 0 ? $"{column.Name} is missing" : $"{column.Name}={texts[level]}")];
        return seen.Length == 2
            ? new(column.Name, [names[1]], Form.Shared, place, (float)((double)counts[seen[1]] / column.Rows))
            : new(column.Name, names, Form.OneHot, place, 0);
    }

    public override void Encode(Column column, EncoderView view, float[] encoded, int offset, int stride)
    {
        // Once a level rather than once a row; the last entry is for missing cells. Numbers have no levels.
        int[] places = [.. column.Levels.Append("").Select(Place)];
        for (int row = 0; row < column.Rows; row++)
        {
            double value = column.Values[row];
            int place = double.IsNaN(value) ? places[^1] : column.IsDiscrete ? places[(int)value] : Place(column.Text(row));
            int at = row * stride + offset;
            if (_form == Form.OneHot && place >= 0)
            {
                encoded[at + place] = 1;
            }
            else if (_form != Form.OneHot)
            {
                encoded[at] = place >= 0 ? place : _form == Form.Codes ? Unknown : _shareOfSecond;
            }
        }
    }

    int Place(string text) => _place.TryGetValue(text, out int place) ? place : -1;

    static Dictionary<string, int> Places(IEnumerable<string> texts) =>
        texts.Select((text, place) => (text, place)).ToDictionary(pair => pair.text, pair => pair.place, StringComparer.Ordinal);
}
