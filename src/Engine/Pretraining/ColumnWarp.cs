using System.Numerics.Tensors;
using CausalMixFT.Engine.Encoding;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Makes columns as the encoder of real tables makes them, out of smooth variables: warped, cut, missing.</summary>
/// <remarks>
/// A number is standardised, or ranked to normal scores, by the context rows; missing cells are at the mean with a 0/1
/// column beside it, or, in a third of the tables, NaN, for models that read NaN. A category has 0/1 columns for three to
/// six levels, one for two, and codes by falling frequency for more; missing is one of its levels. See
/// <see cref="FeatureEncoder"/>.
/// </remarks>
sealed class ColumnWarp
{
    const int MostOneHot = 6;

    readonly DrawSequence _draw;
    readonly int _rows;
    readonly int _context;
    readonly float _categorical;
    readonly float _outliers;
    readonly float _holed;
    readonly bool _marksNaN;
    readonly bool _ranks;
    readonly bool _plain;
    readonly float[] _driver;
    readonly bool[] _holes;
    bool[]? _panel;

    /// <summary>Draws the habits of a table: how many of its columns are categories, how its cells are missing.</summary>
    /// <param name="draw">Where all is drawn from.</param>
    /// <param name="rows">Rows of the table.</param>
    /// <param name="context">The first rows, whose statistics the encoder knows.</param>
    public ColumnWarp(DrawSequence draw, int rows, int context)
    {
        (_draw, _rows, _context) = (draw, rows, context);
        _categorical = draw.Chance(0.3f) ? 0 : draw.Chance(0.15f) ? 1 : draw.Uniform(0, 0.7f);
        _outliers = draw.Chance(0.3f) ? draw.Uniform(0, 0.3f) : 0;
        _holed = draw.Chance(0.35f) ? draw.Uniform(0.1f, 1) : 0;
        _marksNaN = draw.Chance(0.33f);
        _ranks = draw.Chance(0.4f);
        _plain = draw.Chance(0.2f);
        _driver = new float[rows];
        _holes = new bool[rows];
    }

    /// <summary>
    /// Writes one variable as one column or more, starting at column <paramref name="at"/> of the row-major (rows,
    /// <paramref name="columns"/>) table; returns how many it wrote.
    /// </summary>
    /// <param name="source">The variable, which is overwritten.</param>
    /// <param name="cause">Another variable, which may decide where cells are missing.</param>
    /// <param name="features">The table.</param>
    /// <param name="columns">Columns of the table.</param>
    /// <param name="at">The first column to write.</param>
    public int Write(Span<float> source, ReadOnlySpan<float> cause, Span<float> features, int columns, int at)
    {
        bool holed = _draw.Chance(_holed);
        if (holed)
        {
            Punch(source, cause);
        }
        else
        {
            _holes.AsSpan().Clear();
        }

        if (_draw.Chance(_categorical))
        {
            int levels = Cut(source, _draw.Chance(0.15f) ? 30 : 10);
            if (holed)
            {
                for (int row = 0; row < _rows; row++)
                {
                    source[row] = _holes[row] ? levels : source[row];
                }

                levels++;
            }

            if (WriteCategory(source, levels, features, columns, at) is int written and > 0)
            {
                return written;
            }
        }
        else
        {
            Warp(source);
        }

        return WriteNumber(source, holed, features, columns, at);
    }

    void Warp(Span<float> source)
    {
        if (_plain)
        {
            return;
        }

        float scale = _draw.LogUniform(0.3f, 2), other = _draw.Normal();
        switch (_draw.Below(16))
        {
            case 0 or 1: // a long tail on one side, as amounts of money have
                Apply(source, x => MathF.Exp(scale * Math.Min(x, 5)));
                break;
            case 2: // long tails on both
                Apply(source, x => MathF.Sinh(scale * Math.Clamp(x, -5, 5)));
                break;
            case 3: // an atom at zero, as amounts that most do not spend have
                Apply(source, x => Math.Max(0, x - other));
                break;
            case 4 or 5: // whole numbers
                float step = _draw.LogUniform(0.05f, 1);
                Apply(source, x => MathF.Round(x / step));
                break;
            case 6: // counts
                Apply(source, x => MathF.Floor(MathF.Exp(Math.Clamp(scale * x + other, -5, 8))));
                break;
            case 7: // bounded
                Apply(source, x => MathF.Tanh(scale * x));
                break;
            case 8: // a scale of answers, from never to always
                Cut(source, 7, ordered: true);
                break;
            case 9: // codes of a category that were read as numbers
                Cut(source, 12);
                break;
            case 10: // bunched at the middle or at both ends
                Apply(source, x => MathF.CopySign(MathF.Pow(MathF.Abs(x), scale), x));
                break;
            default:
                break;
        }

        if (_draw.Chance(_outliers))
        {
            float share = _draw.LogUniform(0.002f, 0.03f), far = _draw.LogUniform(3, 100);
            foreach (ref float value in source)
            {
                value = _draw.Chance(share) ? far * (value + _draw.Normal()) : value;
            }
        }
    }

    // Cuts a variable at random places into levels 0, 1, 2, …, in their order or renamed; returns how many.
    int Cut(Span<float> source, int most, bool ordered = false)
    {
        int levels = _draw.LogBetween(2, most);
        Span<float> cuts = stackalloc float[levels - 1];
        _draw.Normals(cuts);
        TensorPrimitives.Multiply(cuts, _draw.Uniform(0.5f, 1.4f), cuts);
        cuts.Sort();
        var names = ordered || _draw.Chance(0.3f) ? [.. Enumerable.Range(0, levels)] : _draw.Permutation(levels);
        for (int row = 0; row < _rows; row++)
        {
            int level = 0;
            while (level < cuts.Length && source[row] > cuts[level])
            {
                level++;
            }

            source[row] = names[level];
        }

        return levels;
    }

    // Cells go missing at random, or where a cause or the value itself is large; a panel of columns misses the same rows.
    void Punch(Span<float> source, ReadOnlySpan<float> cause)
    {
        if (_panel is not null && _draw.Chance(0.4f))
        {
            _panel.CopyTo(_holes, 0);
            return;
        }

        float share = _draw.LogUniform(0.01f, 0.6f);
        float[] weights = _draw.Below(4) switch { 0 => [2 * _draw.Normal(), 0], 1 => [0, 2 * _draw.Normal()], _ => [0, 0] };
        _draw.Normals(_driver);
        TensorPrimitives.MultiplyAdd(cause, weights[0], _driver, _driver);
        TensorPrimitives.MultiplyAdd(source, weights[1], _driver, _driver);
        var sorted = (float[])_driver.Clone();
        Array.Sort(sorted);
        float from = sorted[(int)((1 - share) * _rows)];
        for (int row = 0; row < _rows; row++)
        {
            _holes[row] = _driver[row] >= from;
        }

        _panel ??= (bool[])_holes.Clone();
    }

    // 0 where the columns that are left do not hold the levels.
    int WriteCategory(ReadOnlySpan<float> source, int levels, Span<float> features, int columns, int at)
    {
        Span<int> counts = stackalloc int[levels], places = stackalloc int[levels];
        foreach (float level in source[.._context])
        {
            counts[(int)level]++;
        }

        int seen = levels - counts.Count(0);
        bool codes = seen > MostOneHot, oneHot = seen is not 2 && !codes;
        if (oneHot && columns - at < seen)
        {
            return 0;
        }

        int next = 0;
        for (int level = 0; level < levels; level++)
        {
            places[level] = counts[level] == 0 ? -1 : codes ? Larger(counts, level) : next++;
        }

        // An unseen level is −1 among codes, zeros in 0/1 columns, and the second's share in a shared one.
        float unseen = codes ? -1 : (float)counts[places.IndexOf(1) is int second and >= 0 ? second : 0] / _context;
        for (int row = 0; row < _rows; row++)
        {
            int place = places[(int)source[row]];
            var cells = features.Slice(row * columns + at, oneHot ? seen : 1);
            if (!oneHot)
            {
                cells[0] = place >= 0 ? place : unseen;
                continue;
            }

            cells.Clear();
            if (place >= 0)
            {
                cells[place] = 1;
            }
        }

        return oneHot ? seen : 1;
    }

    // How many levels are more frequent, or as frequent and before it.
    static int Larger(ReadOnlySpan<int> counts, int level)
    {
        int larger = 0;
        for (int other = 0; other < counts.Length; other++)
        {
            larger += counts[other] > counts[level] || (counts[other] == counts[level] && other < level) ? 1 : 0;
        }

        return larger;
    }

    int WriteNumber(Span<float> source, bool holed, Span<float> features, int columns, int at)
    {
        var present = new List<double>(_context);
        double sum = 0, squares = 0;
        for (int row = 0; row < _context; row++)
        {
            if (!_holes[row])
            {
                present.Add(source[row]);
                sum += source[row];
                squares += (double)source[row] * source[row];
            }
        }

        int missing = _context - present.Count, count = Math.Max(1, present.Count);
        double mean = sum / count, variance = squares / count - mean * mean;
        double scale = variance > 1e-12 * mean * mean ? 1 / Math.Sqrt(variance) : 1;
        NormalScores? scores = null;
        if (_ranks)
        {
            present.Sort();
            scores = NormalScores.Fit(present);
        }

        bool marks = holed && !_marksNaN && columns - at > 1 && missing >= 3 && missing >= 0.01 * _context;
        float hole = _marksNaN ? float.NaN : 0;
        for (int row = 0; row < _rows; row++)
        {
            var cells = features[(row * columns + at)..];
            cells[0] = _holes[row] ? hole : scores is null ? (float)((source[row] - mean) * scale) : (float)scores.At(source[row]);
            if (marks)
            {
                cells[1] = _holes[row] ? 1 : 0;
            }
        }

        return marks ? 2 : 1;
    }

    static void Apply(Span<float> values, Func<float, float> warp)
    {
        foreach (ref float value in values)
        {
            value = warp(value);
        }
    }
}
