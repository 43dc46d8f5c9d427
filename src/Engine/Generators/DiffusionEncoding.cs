using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A table as rows that diffuse, and back: numbers by their quantiles, names and missing cells as levels.</summary>
/// <remarks>
/// A number with missing cells is a number and a column of two levels, missing or not. A column that holds nothing to learn, because its
/// cells are all alike, takes no part and is written as it was.
/// </remarks>
sealed class DiffusionEncoding
{
    readonly Part[] _parts;
    readonly Table _features;
    readonly string _target;
    readonly IReadOnlyList<string> _classNames;

    internal DiffusionEncoding(ClassificationTask rows, DiffusionOptions options)
    {
        (_features, _target, _classNames) = (rows.Features, rows.Target, rows.ClassNames);
        _parts = new Part[_features.Columns.Count];
        int numbers = 0;
        var levels = new List<int>();
        for (int i = 0; i < _parts.Length; i++)
        {
            var column = _features.Columns[i];
            if (column.IsDiscrete)
            {
                var names = new DiffusionLevels(column, rows.Labels, rows.ClassNames.Count, options.MaxLevels);
                _parts[i] = new(column, null, names, -1, names.Count > 1 ? levels.Count : -1);
            }
            else
            {
                var number = new DiffusionNumber(column, options);
                bool someMissing = number.Present > 0 && number.Present < column.Rows;
                _parts[i] = new(column, number, null, number.Varies ? numbers++ : -1, someMissing ? levels.Count : -1);
            }

            if (_parts[i].Level >= 0)
            {
                levels.Add(_parts[i].Names?.Count ?? 2);
            }
        }

        Columns = new(numbers, levels);
        (float Low, float High)[] ranges = [.. _parts.Where(part => part.Place >= 0).Select(part => part.Number!.Range)];
        Low = [.. ranges.Select(range => options.Compatible ? float.NegativeInfinity : range.Low)];
        High = [.. ranges.Select(range => options.Compatible ? float.PositiveInfinity : range.High)];
        Encode();
    }

    /// <summary>The columns that diffuse.</summary>
    internal DiffusionColumns Columns { get; }

    /// <summary>Between which x̂₀ of each number is held.</summary>
    internal float[] Low { get; }

    /// <summary>The upper ends.</summary>
    internal float[] High { get; }

    /// <summary>The training rows' numbers, (rows, numeric).</summary>
    internal float[] Numbers { get; private set; } = [];

    /// <summary>The training rows' levels, (rows, categorical).</summary>
    internal int[] Levels { get; private set; } = [];

    void Encode()
    {
        int rows = _features.Rows;
        (Numbers, Levels) = (new float[rows * Columns.Numeric], new int[rows * Columns.Categorical]);
        foreach (var part in _parts)
        {
            for (int row = 0; row < rows; row++)
            {
                double cell = part.Column.Values[row];
                if (part.Place >= 0)
                {
                    Numbers[row * Columns.Numeric + part.Place] = part.Number!.Encode(cell);
                }

                if (part.Level >= 0)
                {
                    Levels[row * Columns.Categorical + part.Level] = part.Names?.Encode(cell) ?? (double.IsNaN(cell) ? 1 : 0);
                }
            }
        }
    }

    /// <summary>Rows of the table, the target last.</summary>
    /// <param name="numbers">(rows, numeric).</param>
    /// <param name="levels">(rows, categorical).</param>
    /// <param name="labels">The class of each row.</param>
    /// <param name="ids">The number of each row within its class, by which rare levels are drawn.</param>
    /// <param name="random">What draws them.</param>
    internal Table Decode(float[] numbers, int[] levels, int[] labels, int[] ids, Philox random)
    {
        var columns = new Column[_parts.Length + 1];
        for (int i = 0; i < _parts.Length; i++)
        {
            var part = _parts[i];
            var values = new double[labels.Length];
            for (int row = 0; row < values.Length; row++)
            {
                int level = part.Level < 0 ? 0 : levels[row * Columns.Categorical + part.Level];
                values[row] = part.Names is not null
                    ? part.Names.Decode(level, labels[row], random.Branch((uint)labels[row]), ids[row], i)
                    : level == 1 ? double.NaN
                    : part.Number!.Decode(part.Place < 0 ? 0 : numbers[row * Columns.Numeric + part.Place]);
            }

            var column = part.Column;
            columns[i] = new(column.Name, column.Kind, values, column.IsDiscrete ? column.Levels : null, column.Decimals);
        }

        columns[^1] = new(_target, ColumnKind.Categorical, Array.ConvertAll(labels, label => (double)label), _classNames);
        return new(columns);
    }

    // A column of the table and where it diffuses: its place among the numbers and among the columns of levels, −1 for none.
    sealed record Part(Column Column, DiffusionNumber? Number, DiffusionLevels? Names, int Place, int Level);
}
