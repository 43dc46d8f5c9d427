using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// What the encoder reads of the cells: for each row and group <see cref="TransformerConfig.CellInputs"/> numbers.
/// </summary>
/// <remarks>
/// Forward gives (tables · rows · groups, inputs); Backward gives the gradient of the cells, 0 for what is not finite.
/// </remarks>
sealed class CellInputs(TransformerConfig config, OracleEpisode episode)
{
    readonly int _groups = config.Tokens(episode.Columns) - 1;

    // For each table and group, how its inputs lead back to its columns' gradients.
    readonly List<Action<Matrix, double[]>> _backward = [];

    public Matrix Forward()
    {
        var inputs = new Matrix(episode.Tables * episode.Rows * _groups, config.CellInputs);
        _backward.Clear();
        for (int table = 0; table < episode.Tables; table++)
        {
            for (int group = 0; group < _groups; group++)
            {
                if (config.Cells == CellEncoding.Indicated)
                {
                    Indicated(table, group, inputs);
                }
                else
                {
                    EachByItself(table, group, inputs);
                }
            }
        }

        return inputs;
    }

    public double[] Backward(Matrix dInputs)
    {
        var dCells = new double[episode.Cells.Length];
        foreach (var backward in _backward)
        {
            backward(dInputs, dCells);
        }

        return dCells;
    }

    // The columns of a group; what pads the last one is left out.
    int[] ColumnsOf(int group) => config.ShiftedGroups
        ? [.. Enumerable.Range(0, config.GroupSize).Select(j => (group + (1 << j) - 1) % episode.Columns)]
        : [.. Enumerable.Range(group * config.GroupSize, config.GroupSize).Where(column => column < episode.Columns)];

    // Standardised or raw: a column's values do not depend on its group's others.
    void EachByItself(int table, int group, Matrix inputs)
    {
        int[] columns = ColumnsOf(group);
        for (int slot = 0; slot < columns.Length; slot++)
        {
            double[] x = episode.Column(table, columns[slot]);
            var (values, backward) = config.Cells == CellEncoding.Raw
                ? Scaled(x, Math.Sqrt((double)config.GroupSize / columns.Length))
                : Standardized(x);
            Write(table, group, slot, values, inputs);
            AddBackward(table, group, slot, columns[slot], backward);
        }
    }

    static (double[] Values, Func<double[], double[]> Backward) Scaled(double[] x, double factor)
    {
        double[] Times(double[] values) => Array.ConvertAll(values, v => v * factor);
        return (Times(x), Times);
    }

    // Statistics are those of the finite context cells; what is missing or infinite is 0, the mean.
    (double[] Values, Func<double[], double[]> Backward) Standardized(double[] x)
    {
        int[] measured = [.. Enumerable.Range(0, episode.ContextRows).Where(row => double.IsFinite(x[row]))];
        var column = new StandardizedColumn(x, measured, ifConstant: 0, epsilon: 1e-20);
        bool zero = config.ZeroConstantColumns && column.Constant;
        double[] OfFinite(double[] values) => [.. values.Select((v, row) => zero || !double.IsFinite(x[row]) ? 0 : v)];

        // Without spread the slope is 0 or a division by 1e-20: no derivative worth a name.
        return (OfFinite(column.Values), dz => column.Constant ? new double[dz.Length] : column.Backward(OfFinite(dz)));
    }

    // TabPFN v2: constant columns leave their group, or 2.5: the table, and the others move up and are scaled by how many they are.
    void Indicated(int table, int group, Matrix inputs)
    {
        bool Varies(int column) => !Constant(episode.Column(table, column));
        int[] varying = [.. Enumerable.Range(0, episode.Columns).Where(Varies)];
        int[] kept = config.PackColumns
            ? [.. ColumnsOf(group).Where(place => place < varying.Length).Select(place => varying[place])]
            : [.. ColumnsOf(group).Where(Varies)];
        var columns = kept.Select(column => new ImputedColumn(episode.Column(table, column), episode.ContextRows)).ToArray();
        int used = Math.Max(columns.Count(column => !Constant(column.Values)), 1);
        double factor = Math.Sqrt((double)config.GroupSize / used);
        for (int slot = 0; slot < columns.Length; slot++)
        {
            var column = columns[slot];
            double scale = Constant(column.Values) ? 0 : factor;
            Write(table, group, slot, Array.ConvertAll(column.Values, v => v * scale), inputs);
            Write(table, group, config.GroupSize + slot, column.Indicators, inputs);
            AddBackward(
                table, group, slot, kept[slot], d => column.Backward(Array.ConvertAll(d, value => value * scale)));
        }
    }

    // Over context and query rows; NaN is no constant, for it does not equal itself.
    static bool Constant(double[] x) => x.All(value => value == x[0]);

    void Write(int table, int group, int slot, double[] values, Matrix inputs)
    {
        for (int row = 0; row < values.Length; row++)
        {
            inputs[At(table, row, group), slot] = values[row];
        }
    }

    void AddBackward(int table, int group, int slot, int column, Func<double[], double[]> backward) =>
        _backward.Add((dInputs, dCells) =>
        {
            double[] d = backward([.. Enumerable.Range(0, episode.Rows).Select(row => dInputs[At(table, row, group), slot])]);
            for (int row = 0; row < d.Length; row++)
            {
                dCells[(table * episode.Rows + row) * episode.Columns + column] += d[row];
            }
        });

    int At(int table, int row, int group) => (table * episode.Rows + row) * _groups + group;
}
