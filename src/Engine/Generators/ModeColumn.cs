using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// One column as a network sees it: entries of a one-hot block, and a number for where in a mode a cell lies. Mode-specific
/// normalisation (Xu et al., 2019), with levels, missing cells and the numbers that pile up as entries of their own.
/// </summary>
/// <remarks>
/// Entries are, in this order: levels of a discrete column, "other" for its rare ones, or else the numbers that pile up (atoms); the
/// missing cell; and the modes of the remaining numbers, from a <see cref="BayesianMixture"/>, where a cell is
/// <c>(value − μ) / 4σ</c> within ±0.99. What comes back is a level of the column, an atom, missing, or a number within the range
/// that was seen, on the column's grid; where the seen numbers repeat, it is the nearest of these.
/// </remarks>
sealed class ModeColumn
{
    // Levels beyond so many share one entry: the network's width, and its cost, must not follow a column of names.
    const int MostLevels = 100;

    // A column of few numbers, each seen often, is a list of levels.
    const int MostListed = 32, MostAtoms = 32, OftenEach = 5;

    // A pile stands this high above the numbers around it.
    const int PileFactor = 3, PileNeighbours = 4;

    // Numbers that come back to those that were seen, if these repeat so often.
    const int MostRemembered = 200, RememberedEach = 3;

    const int MostFitted = 4096;
    const double LeastWeight = 0.005, Reach = 4, MostNumber = 0.99;

    readonly Column _column;
    readonly double[] _entries;
    readonly RareLevels? _rare;
    readonly double[] _modeWeights = [], _centres = [], _deviations = [], _remembered = [];
    readonly double _least, _most;

    ModeColumn(Column column, double[] entries, RareLevels? rare, double[] numbers)
    {
        (_column, _entries, _rare) = (column, entries, rare);
        if (numbers.Length > 0)
        {
            (_least, _most) = (numbers[0], numbers[^1]);
            (_modeWeights, _centres, _deviations) = Modes(numbers);
            double[] distinct = [.. numbers.Distinct()];
            _remembered = distinct.Length <= MostRemembered && numbers.Length >= RememberedEach * distinct.Length ? distinct : [];
        }
    }

    /// <summary>Entries of the one-hot block.</summary>
    internal int Entries => _entries.Length + _centres.Length;

    /// <summary>How many of the last entries are modes.</summary>
    internal int ModeCount => _centres.Length;

    /// <summary>Finds a column's entries; the classes of its rows say which rare levels a class has.</summary>
    internal static ModeColumn Of(Column column, int[] classes, int classCount)
    {
        double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value)).Order()];
        bool missing = present.Length < column.Rows;
        return column.IsDiscrete ? Discrete(column, missing, classes, classCount) : Numeric(column, missing, present);
    }

    static ModeColumn Discrete(Column column, bool missing, int[] classes, int classCount)
    {
        var counts = new int[column.Levels.Count];
        foreach (double value in column.Values)
        {
            counts[double.IsNaN(value) ? 0 : (int)value] += double.IsNaN(value) ? 0 : 1;
        }

        int[] seen = [.. Enumerable.Range(0, counts.Length).Where(level => counts[level] > 0)];
        RareLevels? rare = null;
        if (seen.Length > MostLevels)
        {
            int[] frequent = [.. seen.OrderByDescending(level => counts[level]).ThenBy(level => level).Take(MostLevels - 1).Order()];
            rare = new(column, frequent, classes, classCount);
            seen = frequent;
        }

        return new(
            column,
            [.. seen.Select(level => (double)level), .. rare is null ? Array.Empty<double>() : [RareLevels.Entry], .. Missing(missing)],
            rare, []);
    }

    static ModeColumn Numeric(Column column, bool missing, double[] sorted)
    {
        var (values, counts) = Distinct(sorted);
        if (values.Length <= 1 || (values.Length <= MostListed && sorted.Length >= OftenEach * values.Length))
        {
            return new(column, [.. values, .. Missing(missing)], null, []);
        }

        double[] atoms = Atoms(values, counts);
        double[] rest = [.. sorted.Where(value => Array.BinarySearch(atoms, value) < 0)];

        // A mixture needs two numbers; a last one beside the piles is one more of them.
        return rest.Length > 0 && rest[0] < rest[^1]
            ? new(column, [.. atoms, .. Missing(missing)], null, rest)
            : new(column, [.. atoms.Concat(rest).Distinct().Order(), .. Missing(missing)], null, []);
    }

    static double[] Missing(bool missing) => missing ? [double.NaN] : [];

    // The numbers that occur far more often than those around them, the most frequent first if there are many.
    static double[] Atoms(double[] values, int[] counts)
    {
        int least = Math.Max(OftenEach, counts.Sum() / 1000);
        var atoms = new List<int>();
        for (int i = 0; i < values.Length; i++)
        {
            int first = Math.Max(0, i - PileNeighbours), last = Math.Min(values.Length - 1, i + PileNeighbours);
            int[] around = [.. Enumerable.Range(first, last - first + 1).Where(j => j != i).Select(j => counts[j]).Order()];
            if (counts[i] >= least && counts[i] >= PileFactor * around[around.Length / 2])
            {
                atoms.Add(i);
            }
        }

        return [.. atoms.OrderByDescending(i => counts[i]).ThenBy(i => i).Take(MostAtoms).Select(i => values[i]).Order()];
    }

    static (double[] Values, int[] Counts) Distinct(double[] sorted)
    {
        var groups = sorted.CountBy(value => value).ToArray(); // in order of first occurrence, which is ascending
        return ([.. groups.Select(group => group.Key)], [.. groups.Select(group => group.Value)]);
    }

    // Weights, means and deviations of the components that keep a weight, fitted to standardised numbers.
    static (double[] Weights, double[] Centres, double[] Deviations) Modes(double[] sorted)
    {
        double scale = Math.Max(Math.Abs(sorted[0]), Math.Abs(sorted[^1]));
        double mean = sorted.Sum(value => value / scale) / sorted.Length;
        double deviation = Math.Sqrt(sorted.Sum(value => (value / scale - mean) * (value / scale - mean)) / sorted.Length);
        if (deviation < 1e-12)
        {
            // Numbers this close to one another have no shape that a double could tell.
            return ([1], [mean * scale], [Math.Max((sorted[^1] - sorted[0]) / 2, double.Epsilon)]);
        }

        var (values, counts) = Distinct(sorted);
        if (values.Length > MostFitted)
        {
            (values, counts) = Distinct(OrderStatistics.Thin(sorted, MostFitted));
        }

        double share = (double)sorted.Length / counts.Sum();
        var mixture = BayesianMixture.Fit(
            [.. values.Select(value => (value / scale - mean) / deviation)], [.. counts.Select(count => count * share)]);
        double[] weights = mixture.Weights;
        int[] kept = [.. Enumerable.Range(0, weights.Length).Where(k => weights[k] > LeastWeight).OrderBy(k => mixture.Means[k])];
        return (
            [.. kept.Select(k => weights[k])], [.. kept.Select(k => (mixture.Means[k] * deviation + mean) * scale)],
            [.. kept.Select(k => Math.Sqrt(mixture.Variances[k]) * deviation * scale)]);
    }

    /// <summary>The entry of each row, and its number in a mode; a row's mode is drawn by its share in the number.</summary>
    internal (int[] Entry, float[] Number) Encode(Philox random, uint stream)
    {
        int rows = _column.Rows;
        var (entry, number) = (new int[rows], new float[rows]);
        var place = new Dictionary<double, int>();
        for (int i = 0; i < _entries.Length; i++)
        {
            place[_entries[i]] = i; // NaN equals itself in a dictionary
        }

        var shares = new double[_centres.Length];
        for (int row = 0; row < rows; row++)
        {
            double value = _column.Values[row];
            if (place.TryGetValue(value, out entry[row]))
            {
                continue;
            }

            if (_rare is not null)
            {
                entry[row] = place[RareLevels.Entry];
                continue;
            }

            Shares(value, shares);
            int mode = Pick(shares, random.Uniform((uint)row, stream));
            entry[row] = _entries.Length + mode;
            number[row] = (float)Math.Clamp(
                (value - _centres[mode]) / (Reach * _deviations[mode]), -MostNumber, MostNumber);
        }

        return (entry, number);
    }

    // In proportion to weight and normal density; a small floor, for a number far from all modes.
    void Shares(double value, double[] shares)
    {
        const double Floor = 1e-6;
        double sum = 0, nearest = double.PositiveInfinity;
        for (int k = 0; k < shares.Length; k++)
        {
            double off = (value - _centres[k]) / _deviations[k];
            shares[k] = 0.5 * off * off + Math.Log(_deviations[k] / _deviations[0]) - Math.Log(_modeWeights[k]);
            nearest = Math.Min(nearest, shares[k]);
        }

        for (int k = 0; k < shares.Length; k++)
        {
            shares[k] = Math.Exp(nearest - shares[k]);
            sum += shares[k];
        }

        for (int k = 0; k < shares.Length; k++)
        {
            shares[k] = shares[k] / sum + Floor;
        }
    }

    static int Pick(double[] shares, double uniform)
    {
        double left = uniform * shares.Sum();
        for (int k = 0; k < shares.Length - 1; k++)
        {
            left -= shares[k];
            if (left < 0)
            {
                return k;
            }
        }

        return shares.Length - 1;
    }

    /// <summary>The cell of an entry; for a mode, of a number within ±1 in it.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="number">The number in the mode.</param>
    /// <param name="label">The row's class, which says what rare levels there are.</param>
    /// <param name="uniform">A draw on [0, 1), for a rare level.</param>
    internal double Decode(int entry, double number, int label, double uniform)
    {
        if (entry < _entries.Length)
        {
            return _rare is not null && _entries[entry] == RareLevels.Entry ? _rare.Draw(label, uniform) : _entries[entry];
        }

        int mode = entry - _entries.Length;
        double value = _centres[mode] + Math.Clamp(number, -1, 1) * Reach * _deviations[mode];
        value = Math.Clamp(value, _least, _most);
        return _remembered.Length > 0 ? Nearest(value) : Math.Clamp(OnGrid(value), _least, _most);
    }

    double Nearest(double value)
    {
        int above = Array.BinarySearch(_remembered, value);
        if (above >= 0)
        {
            return value;
        }

        above = Math.Min(~above, _remembered.Length - 1);
        int below = Math.Max(0, above - 1);
        return value - _remembered[below] <= _remembered[above] - value ? _remembered[below] : _remembered[above];
    }

    // A column that shows a double's full precision has no grid; beyond 2⁵¹ a double has no decimals to round.
    double OnGrid(double value) => _column.Decimals >= 15 || Math.Abs(value) > 1L << 51 ? value : Math.Round(value, _column.Decimals);

    /// <summary>A column of decoded cells with this one's name, kind and levels.</summary>
    internal Column With(double[] cells) =>
        new(_column.Name, _column.Kind, cells, _column.IsDiscrete ? _column.Levels : null, _column.Decimals);

    /// <summary>The head of this column's outputs, from <paramref name="start"/> on.</summary>
    internal OutputHead Head(int start) => new(start, Entries, ModeCount);
}

/// <summary>The levels of a column that are too rare for an entry of their own, and how often each class has them.</summary>
sealed class RareLevels
{
    /// <summary>What stands for all of them among a column's entries: no level's index.</summary>
    internal const double Entry = -1;

    readonly double[][] _cells;

    internal RareLevels(Column column, int[] frequent, int[] classes, int classCount)
    {
        var known = frequent.ToHashSet();
        int[] rows = [.. Enumerable.Range(0, column.Rows).Where(row =>
            !double.IsNaN(column.Values[row]) && !known.Contains((int)column.Values[row]))];
        double[] all = [.. rows.Select(row => column.Values[row])];
        _cells = [.. Enumerable.Range(0, classCount).Select(label =>
            (double[])[.. rows.Where(row => classes[row] == label).Select(row => column.Values[row])])];

        // A class without any draws from them all.
        _cells = [.. _cells.Select(cells => cells.Length > 0 ? cells : all)];
    }

    /// <summary>A rare level of a row of this class, as often as the class has it.</summary>
    internal double Draw(int label, double uniform) => _cells[label][(int)(uniform * _cells[label].Length)];
}
