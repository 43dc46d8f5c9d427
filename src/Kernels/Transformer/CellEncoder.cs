using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Turns the raw cells of tables into what the encoder's weights read: a few numbers for each token of a row.</summary>
/// <remarks>
/// Runs on the host for every device, in double: a cell costs a few operations here and a million in the layers, and a column
/// like a year or an amount loses its small deviations in a float's sum. The rules are those of <see cref="CellEncoding"/>.
/// TabPFN v2's (<see cref="CellEncoding.Indicated"/>) takes these steps in a group of columns: columns that are
/// constant over all rows, the query's too, are dropped and the others move up; NaN, +∞ and −∞ become −2, 2 and 4 in an
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
    readonly double[] _scales;

    // What a column's cells are standardised by. Varies: its cells differ before imputation; Used: after it, too.
    readonly record struct Column(double Mean, double Deviation, double Scale, double Freedom, int Finite, bool Varies, bool Used);

    CellEncoder(ComputeDevice device, TransformerConfig config, int tables, int columns, int contextRows, Column[] statistics)
    {
        (_device, _config, _tables, _columns, _contextRows, _statistics) = (device, config, tables, columns, contextRows, statistics);
        int groups = config.Tokens(columns) - 1;
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
                    _statistics.AsSpan(table * _columns, _columns), _scales[table * groups + group], source, group,
                    target.Slice(group * width, width));
            }
        });
    }

    void EncodeGroup(ReadOnlySpan<Column> statistics, double scale, ReadOnlySpan<float> cells, int group, Span<float> input)
    {
        input.Clear();
        int size = _config.GroupSize;
        for (int place = 0, slot = 0; place < size; place++)
        {
            if (ColumnAt(group, place) is not (>= 0 and int column) || !statistics[column].Varies)
            {
                continue;
            }

            float x = cells[column];
            if (_config.Cells == CellEncoding.Raw)
            {
                input[slot++] = (float)(x * scale);
                continue;
            }

            input[slot] = statistics[column].Used ? (float)(Value(statistics[column], x) * scale) : 0;
            if (_config.Cells == CellEncoding.Indicated)
            {
                input[size + slot] = float.IsNaN(x) ? NaNIndicator
                    : float.IsPositiveInfinity(x) ? InfinityIndicator
                    : float.IsNegativeInfinity(x) ? NegativeInfinityIndicator : 0;
            }

            slot++;
        }
    }

    // The column in a place of a group, or −1 for padding.
    int ColumnAt(int group, int place)
    {
        int column = _config.ShiftedGroups ? (group + (1 << place) - 1) % _columns : group * _config.GroupSize + place;
        return column < _columns ? column : -1;
    }

    double GroupScale(int table, int group)
    {
        int size = _config.GroupSize;
        if (_config.Cells == CellEncoding.Standardized)
        {
            return 1;
        }

        int present = 0, used = 0;
        for (int place = 0; place < size; place++)
        {
            int column = ColumnAt(group, place);
            present += column >= 0 ? 1 : 0;
            used += column >= 0 && _statistics[table * _columns + column].Used ? 1 : 0;
        }

        return Math.Sqrt((double)size / Math.Max(1, _config.Cells == CellEncoding.Raw ? present : used));
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
            var statistics = _statistics.AsSpan(table * _columns, _columns);
            ref readonly var own = ref statistics[column];
            var gradients = new double[rows];
            for (int group = 0; group < groups; group++)
            {
                double scale = _scales[table * groups + group];
                for (int place = 0, slot = 0; place < _config.GroupSize; place++)
                {
                    int shown = ColumnAt(group, place);
                    if (shown < 0 || !statistics[shown].Varies)
                    {
                        continue;
                    }

                    if (shown == column && own.Used)
                    {
                        Gather(batch, table, group * width + slot, groups * width, scale, dContext.Span, dQuery.Span, gradients);
                    }

                    slot++;
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
