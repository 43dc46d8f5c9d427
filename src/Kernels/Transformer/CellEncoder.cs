using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Turns the raw cells of tables into what the encoder's weights read: a few numbers for each token of a row.</summary>
/// <remarks>
/// Runs on the host for every device, in double: a cell costs a few operations here and a million in the layers, and a column
/// like a year or an amount loses its small deviations in a float's sum. The rules are those of <see cref="CellEncoding"/>.
/// TabPFN v2's (<see cref="CellEncoding.Indicated"/>) takes these steps in a group of columns, or TabPFN 2.5's the first of them in
/// the whole table: columns that are constant over all rows, the query's too, are dropped and the others move up; NaN, +∞ and −∞ become −2, 2 and 4 in an
/// indicator; they are imputed by the mean of the context; cells are standardised by the context's mean and deviation, the
/// missing ones counted, and clipped; and they are scaled by √(group size / columns that vary).
/// </remarks>
sealed class CellEncoder
{
    const double Clip = 100;

    // nanoTabPFN's and TabPFN v2's guards beside the deviation.
    const double TinyDeviation = 1e-20, FloatSpacing = 1.1920928955078125e-07;

    const float NaNIndicator = -2, InfinityIndicator = 2, NegativeInfinityIndicator = 4;

    readonly ComputeDevice _device;
    readonly TransformerConfig _config;
    readonly int _tables, _columns, _contextRows;
    readonly Column[] _statistics;

    // Of each table: the column that each place of each group shows, or −1 for none.
    readonly int[] _places;
    readonly double[] _scales;

    // What a column's cells are standardised by. Varies: its cells differ before imputation; Used: after it, too.
    readonly record struct Column(double Mean, double Deviation, double Scale, double Freedom, int Finite, bool Varies, bool Used);

    CellEncoder(ComputeDevice device, TransformerConfig config, int tables, int columns, int contextRows, Column[] statistics)
    {
        (_device, _config, _tables, _columns, _contextRows, _statistics) = (device, config, tables, columns, contextRows, statistics);
        int groups = config.Tokens(columns) - 1;
        _places = [.. Enumerable.Range(0, tables).SelectMany(table => Places(table, groups))];
        _scales = [.. Enumerable.Range(0, tables * groups).Select(index => GroupScale(index / groups, index % groups))];
    }

    /// <summary>The statistics of a batch's tables: of their context rows, and of all rows which columns vary.</summary>
    internal static CellEncoder Of(ComputeDevice device, TransformerConfig config, EpisodeBatch batch)
    {
        var statistics = new Column[batch.Tables * batch.Columns];
        int rows = batch.ContextRows + batch.QueryRows;
        For(device, statistics.Length, index =>
        {
            int table = index / batch.Columns, column = index % batch.Columns;
            statistics[index] = Statistics(
                config, batch.Cells.Span.Slice(table * rows * batch.Columns, rows * batch.Columns), batch.Columns, column,
                batch.ContextRows, rows);
        });
        return new(device, config, batch.Tables, batch.Columns, batch.ContextRows, statistics);
    }

    // On the threads that a CPU device was given; beside a GPU, on all.
    static void For(ComputeDevice device, int count, Action<int> body)
    {
        if (device is CpuDevice cpu)
        {
            cpu.For(count, body);
        }
        else
        {
            Parallel.For(0, count, body);
        }
    }

    static Column Statistics(
        TransformerConfig config, ReadOnlySpan<float> cells, int columns, int column, int contextRows, int rows)
    {
        double sum = 0, squares = 0;
        int finite = 0;
        for (int row = 0; row < contextRows; row++)
        {
            float x = cells[row * columns + column];
            if (float.IsFinite(x))
            {
                sum += x;
                finite++;
            }
        }

        double mean = finite == 0 ? 0 : sum / finite;
        for (int row = 0; row < contextRows; row++)
        {
            float x = cells[row * columns + column];
            squares += float.IsFinite(x) ? (x - mean) * (x - mean) : 0;
        }

        bool indicated = config.Cells == CellEncoding.Indicated;
        double freedom = Math.Max(1, (indicated ? contextRows : finite) - 1), deviation = Math.Sqrt(squares / freedom);
        double scale = indicated
            ? (deviation == 0 ? 1 : deviation) + FloatSpacing
            : config.ZeroConstantColumns && deviation == 0 ? double.PositiveInfinity : deviation + TinyDeviation;
        var statistics = new Column(mean, deviation, scale, freedom, finite, true, true);
        if (!indicated)
        {
            return statistics;
        }

        bool varies = false, used = false;
        float first = cells[column], firstValue = (float)Value(statistics, first);
        for (int row = 1; row < rows && !(varies && used); row++)
        {
            float x = cells[row * columns + column];
            varies |= x != first;
            used |= (float)Value(statistics, x) != firstValue;
        }

        return statistics with { Varies = varies, Used = used && varies };
    }

    // What is missing or infinite is the mean; double infinity as scale makes a constant column 0.
    static double Value(in Column column, float x) =>
        float.IsFinite(x) ? Math.Clamp((x - column.Mean) / column.Scale, -Clip, Clip) : 0;

    /// <summary>Writes the encoder's input (tables · rows · groups, <see cref="TransformerConfig.CellInputs"/>) of some rows.</summary>
    /// <param name="rows">Rows of each table.</param>
    /// <param name="cells">Their cells.</param>
    /// <param name="stride">Cells between the first row of a table and that of the next.</param>
    /// <param name="inputs">Written.</param>
    internal void Encode(int rows, ReadOnlyMemory<float> cells, int stride, Memory<float> inputs)
    {
        int groups = _config.Tokens(_columns) - 1, width = _config.CellInputs;
        For(_device, _tables * rows, index =>
        {
            int table = index / rows, row = index % rows;
            var source = cells.Span.Slice(table * stride + row * _columns, _columns);
            var target = inputs.Span.Slice(index * groups * width, groups * width);
            for (int group = 0; group < groups; group++)
            {
                EncodeGroup(
                    _statistics.AsSpan(table * _columns, _columns), PlacesOf(table, group, groups), _scales[table * groups + group], source,
                    target.Slice(group * width, width));
            }
        });
    }

    void EncodeGroup(ReadOnlySpan<Column> statistics, ReadOnlySpan<int> places, double scale, ReadOnlySpan<float> cells, Span<float> input)
    {
        input.Clear();
        int size = _config.GroupSize;
        for (int place = 0; place < size && places[place] is >= 0 and int column; place++)
        {
            float x = cells[column];
            if (_config.Cells == CellEncoding.Raw)
            {
                input[place] = (float)(x * scale);
                continue;
            }

            input[place] = statistics[column].Used ? (float)(Value(statistics[column], x) * scale) : 0;
            if (_config.Cells == CellEncoding.Indicated)
            {
                input[size + place] = float.IsNaN(x) ? NaNIndicator
                    : float.IsPositiveInfinity(x) ? InfinityIndicator
                    : float.IsNegativeInfinity(x) ? NegativeInfinityIndicator : 0;
            }
        }
    }

    ReadOnlySpan<int> PlacesOf(int table, int group, int groups) =>
        _places.AsSpan((table * groups + group) * _config.GroupSize, _config.GroupSize);

    IEnumerable<int> Places(int table, int groups)
    {
        // What stands where a group looks for its columns: each in its own place, or those that vary moved up.
        int[] columns = [.. Enumerable.Range(0, _columns).Select(column => _statistics[table * _columns + column].Varies ? column : -1)];
        if (_config.PackColumns)
        {
            columns = [.. columns.Where(column => column >= 0)];
        }

        for (int group = 0; group < groups; group++)
        {
            int[] shown = [.. Enumerable.Range(0, _config.GroupSize)
                .Select(place => _config.ShiftedGroups ? (group + (1 << place) - 1) % _columns : group * _config.GroupSize + place)
                .Where(at => at < columns.Length && columns[at] >= 0).Select(at => columns[at])];
            for (int place = 0; place < _config.GroupSize; place++)
            {
                yield return place < shown.Length ? shown[place] : -1;
            }
        }
    }

    double GroupScale(int table, int group)
    {
        if (_config.Cells == CellEncoding.Standardized)
        {
            return 1;
        }

        int used = 0;
        foreach (int column in PlacesOf(table, group, _config.Tokens(_columns) - 1))
        {
            used += column >= 0 && (_config.Cells == CellEncoding.Raw || _statistics[table * _columns + column].Used) ? 1 : 0;
        }

        return Math.Sqrt((double)_config.GroupSize / Math.Max(1, used));
    }

    /// <summary>The gradient of a batch's cells (tables, rows, columns), given that of the context's and the query's inputs.</summary>
    /// <remarks>
    /// Mean and deviation are functions of the context's cells, so with z = (x − μ) / s and sums over all rows:
    /// <c>dx = dz / s − [context row] (Σ dz / n + (x − μ) Σ (dz z) / (freedom · σ)) / s</c>. Clipped cells give nothing, and what
    /// is missing receives 0.
    /// </remarks>
    internal void Backward(EpisodeBatch batch, ReadOnlyMemory<float> dContext, ReadOnlyMemory<float> dQuery, Memory<float> dCells)
    {
        int rows = batch.ContextRows + batch.QueryRows, groups = _config.Tokens(_columns) - 1, width = _config.CellInputs;
        For(_device, _tables * _columns, index =>
        {
            int table = index / _columns, column = index % _columns;
            ref readonly var own = ref _statistics[index];
            var gradients = new double[rows];
            for (int group = 0; own.Used && group < groups; group++)
            {
                var places = PlacesOf(table, group, groups);
                for (int place = 0; place < places.Length; place++)
                {
                    if (places[place] == column)
                    {
                        Gather(
                            batch, table, group * width + place, groups * width, _scales[table * groups + group], dContext.Span,
                            dQuery.Span, gradients);
                    }
                }
            }

            ThroughStatistics(
                own, gradients, batch.Cells.Span[(table * rows * _columns)..], column, dCells.Span[(table * rows * _columns)..]);
        });
    }

    // Adds the gradients of one input number of a table's rows, context rows first.
    static void Gather(
        EpisodeBatch batch, int table, int at, int stride, double scale,
        ReadOnlySpan<float> dContext, ReadOnlySpan<float> dQuery, double[] gradients)
    {
        for (int row = 0; row < gradients.Length; row++)
        {
            gradients[row] += scale * (row < batch.ContextRows
                ? dContext[(table * batch.ContextRows + row) * stride + at]
                : dQuery[(table * batch.QueryRows + row - batch.ContextRows) * stride + at]);
        }
    }

    void ThroughStatistics(
        in Column own, double[] gradients, ReadOnlySpan<float> cells, int column, Span<float> dCells)
    {
        double sum = 0, products = 0;
        if (_config.Cells == CellEncoding.Standardized && own.Deviation == 0)
        {
            // A step from 0 to whatever a second value makes of it has no slope.
            Array.Clear(gradients);
        }
        else if (_config.Cells != CellEncoding.Raw)
        {
            for (int row = 0; row < gradients.Length; row++)
            {
                float x = cells[row * _columns + column];
                double value = (x - own.Mean) / own.Scale;
                gradients[row] = float.IsFinite(x) && Math.Abs(value) <= Clip ? gradients[row] / own.Scale : 0;
                sum += gradients[row];
                products += gradients[row] * value is var product && double.IsFinite(product) ? product : 0;
            }
        }

        for (int row = 0; row < gradients.Length; row++)
        {
            float x = cells[row * _columns + column];
            double gradient = gradients[row];
            if (_config.Cells != CellEncoding.Raw && row < _contextRows && own.Finite > 0 && float.IsFinite(x))
            {
                gradient -= sum / own.Finite;
                gradient -= own.Deviation > 0 ? (x - own.Mean) * products / (own.Freedom * own.Deviation) : 0;
            }

            dCells[row * _columns + column] = (float)gradient;
        }
    }
}
