using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Makes the columns of a real-looking table out of smooth variables: warped, rounded, cut, missing.</summary>
/// <param name="draw">Where decisions are drawn from.</param>
/// <param name="rows">Rows of the table.</param>
/// <param name="context">The first rows, whose mean fills missing cells, as the encoder of real tables does.</param>
sealed class ColumnWarp(DrawSequence draw, int rows, int context)
{
    /// <summary>
    /// Writes one variable as one column, or as the one-hot columns of a category where there is room, starting at
    /// column <paramref name="at"/> of the row-major (rows, <paramref name="columns"/>) table; returns how many it wrote.
    /// </summary>
    public int Write(
        Span<float> source, Span<float> features, int columns, int at, float categorical, float missing, bool ranks)
    {
        if (draw.Chance(categorical))
        {
            return WriteCategory(source, features, columns, at);
        }

        Warp(source, ranks);
        if (missing > 0 && draw.Chance(0.5f))
        {
            Punch(source, missing);
        }

        for (int row = 0; row < rows; row++)
        {
            features[row * columns + at] = source[row];
        }

        return 1;
    }

    void Warp(Span<float> source, bool ranks)
    {
        float scale = draw.LogUniform(0.3f, 2);
        switch (draw.Below(10))
        {
            case 0 or 1: // a long tail on one side, as amounts of money have
                Apply(source, x => MathF.Exp(scale * Math.Min(x, 5)));
                break;
            case 2: // long tails on both
                Apply(source, x => MathF.Sinh(scale * Math.Clamp(x, -5, 5)));
                break;
            case 3: // an atom at zero, as counts of rare events have
                float from = draw.Normal();
                Apply(source, x => Math.Max(0, x - from));
                break;
            case 4: // whole numbers
                float step = draw.LogUniform(0.1f, 1);
                Apply(source, x => MathF.Round(x / step));
                break;
            case 5: // bounded
                Apply(source, x => MathF.Tanh(scale * x));
                break;
            default:
                break;
        }

        if (ranks)
        {
            Rank(source);
        }
    }

    // Cuts a variable at random places into levels: two are one column, up to six are one-hot, more are a code.
    int WriteCategory(ReadOnlySpan<float> source, Span<float> features, int columns, int at)
    {
        int levels = draw.LogBetween(2, 12);
        Span<float> cuts = stackalloc float[levels - 1];
        foreach (ref float cut in cuts)
        {
            cut = 1.2f * draw.Normal();
        }

        cuts.Sort();
        var names = draw.Chance(0.6f) ? draw.Permutation(levels) : [.. Enumerable.Range(0, levels)];
        bool oneHot = levels is > 2 and <= 6 && columns - at >= levels;
        for (int row = 0; row < rows; row++)
        {
            int level = 0;
            while (level < cuts.Length && source[row] > cuts[level])
            {
                level++;
            }

            int name = names[level];
            var cells = features.Slice(row * columns + at, oneHot ? levels : 1);
            if (oneHot)
            {
                cells.Clear();
                cells[name] = 1;
            }
            else
            {
                cells[0] = name;
            }
        }

        return oneHot ? levels : 1;
    }

    void Punch(Span<float> source, float share)
    {
        double sum = 0;
        int present = 0;
        var holes = new bool[rows];
        for (int row = 0; row < rows; row++)
        {
            holes[row] = draw.Chance(share);
            if (!holes[row] && row < context)
            {
                sum += source[row];
                present++;
            }
        }

        float mean = present == 0 ? 0 : (float)(sum / present);
        for (int row = 0; row < rows; row++)
        {
            source[row] = holes[row] ? mean : source[row];
        }
    }

    static void Rank(Span<float> values)
    {
        var keys = values.ToArray();
        var order = Enumerable.Range(0, keys.Length).ToArray();
        Array.Sort(keys, order);
        for (int start = 0; start < keys.Length;)
        {
            int end = start;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            // Ties share the middle of their ranks.
            float score = Normal.Quantile((start + end) / (2f * keys.Length));
            for (; start < end; start++)
            {
                values[order[start]] = score;
            }
        }
    }

    static void Apply(Span<float> values, Func<float, float> warp)
    {
        foreach (ref float value in values)
        {
            value = warp(value);
        }
    }
}
