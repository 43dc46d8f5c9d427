using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// CTGAN's conditions: the class of a row, always, and a level of one discrete column. Training draws rare ones more often than they
/// are; sampling draws levels as often as the class has them.
/// </summary>
/// <remarks>
/// Xu et al. (2019), section 4.3: a column uniformly, then its level by the logarithm of its count, then a row with that level.
/// The class is drawn by the logarithm of its count too, and everything else within it, so what is learnt given a class is not bent by
/// how often the class was drawn. A condition is (classes + levels of all discrete columns), one-hot in the class and in the chosen
/// column's levels. Where no column is discrete the class is all.
/// </remarks>
sealed class LevelConditions
{
    readonly ModeEncoding _encoding;
    readonly int[] _features, _starts;
    readonly int[][] _rows, _ends;
    readonly double[][][] _training, _natural;
    readonly int[][] _rowsOfClass;
    readonly double[] _classes;

    internal LevelConditions(ModeEncoding encoding)
    {
        _encoding = encoding;
        int classes = encoding.Classes;
        _features = [.. Enumerable.Range(0, encoding.Heads.Length).Where(feature =>
            encoding.Heads[feature] is { Modes: 0, Levels: > 1 })];
        _rowsOfClass = [.. Enumerable.Range(0, classes).Select(label =>
            (int[])[.. Enumerable.Range(0, encoding.Rows).Where(row => encoding.Labels[row] == label)])];
        _classes = Running([.. _rowsOfClass.Select(rows => rows.Length)], logarithm: true);
        (_starts, Width) = (new int[_features.Length], classes);
        (_rows, _ends) = (new int[_features.Length][], new int[_features.Length][]);
        (_training, _natural) = (new double[_features.Length][][], new double[_features.Length][][]);
        for (int i = 0; i < _features.Length; i++)
        {
            _starts[i] = Width;
            int levels = encoding.Heads[_features[i]].Levels;
            Width += levels;
            Index(i, levels);
        }
    }

    /// <summary>Numbers of a condition.</summary>
    internal int Width { get; }

    // Rows by class and level, where each such run ends, and the weights of the levels within each class.
    void Index(int i, int levels)
    {
        int[] entries = _encoding.EntriesOf(_features[i]), labels = _encoding.Labels;
        var counts = new int[_encoding.Classes * levels];
        for (int row = 0; row < entries.Length; row++)
        {
            counts[labels[row] * levels + entries[row]]++;
        }

        var ends = new int[counts.Length];
        for (int run = 0, end = 0; run < counts.Length; run++)
        {
            ends[run] = end += counts[run];
        }

        var rows = new int[entries.Length];
        var next = (int[])ends.Clone();
        for (int row = entries.Length - 1; row >= 0; row--)
        {
            rows[--next[labels[row] * levels + entries[row]]] = row;
        }

        (_rows[i], _ends[i]) = (rows, ends);
        _training[i] = [.. counts.Chunk(levels).Select(part => Running(part, logarithm: true))];
        _natural[i] = [.. counts.Chunk(levels).Select(part => Running(part, logarithm: false))];
    }

    /// <summary>Draws a condition to train with: writes it, and gives its class, column (−1 for none), level and a row that has it.</summary>
    internal (int Label, int Feature, int Level, int Row) Draw(Philox random, uint index, uint step, Span<float> condition)
    {
        int label = Pick(_classes, random.Uniform(index, step));
        var (feature, level) = Choose(label, _training, random, index, step, condition);
        if (feature < 0)
        {
            int[] all = _rowsOfClass[label];
            return (label, -1, -1, all[random.Below(all.Length, index, step, 3)]);
        }

        int run = label * _encoding.Heads[_features[feature]].Levels + level;
        int start = run == 0 ? 0 : _ends[feature][run - 1];
        return (label, _features[feature], level, _rows[feature][start + random.Below(_ends[feature][run] - start, index, step, 3)]);
    }

    /// <summary>Writes the condition of a row to sample in a class.</summary>
    internal void Write(int label, Philox random, uint row, Span<float> condition) =>
        Choose(label, _natural, random, row, 0, condition);

    (int Feature, int Level) Choose(
        int label, double[][][] weights, Philox random, uint index, uint stream, Span<float> condition)
    {
        condition.Clear();
        condition[label] = 1;
        if (_features.Length == 0 || _rowsOfClass[label].Length == 0)
        {
            return (-1, -1);
        }

        int feature = random.Below(_features.Length, index, stream, 1);
        int level = Pick(weights[feature][label], random.Uniform(index, stream, 2));
        condition[_starts[feature] + level] = 1;
        return (feature, level);
    }

    // Running sums of counts, or of log(count + 1).
    static double[] Running(int[] counts, bool logarithm)
    {
        double sum = 0;
        return [.. counts.Select(count => sum += logarithm ? Math.Log(count + 1) : count)];
    }

    // The first place whose running sum exceeds the share: never one of weight 0.
    static int Pick(double[] running, float uniform)
    {
        double wanted = uniform * running[^1];
        int place = 0;
        while (place < running.Length - 1 && running[place] <= wanted)
        {
            place++;
        }

        return place;
    }
}
