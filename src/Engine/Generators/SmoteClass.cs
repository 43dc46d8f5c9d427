using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Neighbours;

namespace CausalMixFT.Engine.Generators;

/// <summary>The rows of one class and the nearest of them to each, and what lies between.</summary>
sealed class SmoteClass
{
    const int FewNeighbours = 32;

    readonly IReadOnlyList<Column> _columns;
    readonly NumberColumn?[] _numbers;
    readonly bool _keepAtoms;

    SmoteClass(IReadOnlyList<Column> columns, NumberColumn?[] numbers, bool keepAtoms, int[] rows, int[] nearest) =>
        (_columns, _numbers, _keepAtoms, Rows, Nearest) = (columns, numbers, keepAtoms, rows, nearest);

    /// <summary>The class's rows in the task.</summary>
    public int[] Rows { get; }

    /// <summary>Neighbours of each row; 0 in a class of one row.</summary>
    public int Neighbours => Rows.Length == 0 ? 0 : Nearest.Length / Rows.Length;

    /// <summary>Places in <see cref="Rows"/>: (rows, neighbours), nearest first.</summary>
    internal int[] Nearest { get; }

    /// <summary>Finds the neighbours within each class.</summary>
    public static SmoteClass[] Of(
        ClassificationTask task, int[][] classes, SmoteSpace space, SmoteOptions options, ComputeDevice device,
        IProgress<double>? progress, CancellationToken cancellation)
    {
        var columns = task.Features.Columns;
        NumberColumn?[] numbers = [.. columns.Select(column => column.IsDiscrete ? null : NumberColumn.Of(column))];
        var search = NearestNeighbours.On(device);
        var found = new SmoteClass[classes.Length];
        for (int k = 0; k < classes.Length; k++)
        {
            int[] rows = classes[k], all = [.. Enumerable.Range(0, rows.Length)];
            int count = Math.Min(options.Neighbours, Math.Max(0, rows.Length - 1));
            int[] nearest = search.Find(space.Points(rows, rows), all, count, cancellation);
            found[k] = new(columns, numbers, options.KeepAtoms, rows, nearest);
            progress?.Report((k + 1.0) / classes.Length);
        }

        return found;
    }

    /// <summary>
    /// Writes a row between the one at place <paramref name="from"/> and a neighbour of it: numbers a share of the way, and each name that
    /// which most neighbours have.
    /// </summary>
    /// <param name="drawn">Where to, and what breaks ties, from <paramref name="stream"/> on.</param>
    /// <param name="from">A place in <see cref="Rows"/>.</param>
    /// <param name="neighbour">Which of its neighbours, from 0.</param>
    /// <param name="share">From 0, the row, to 1, its neighbour.</param>
    /// <param name="stream">The first stream of random numbers that is free.</param>
    /// <remarks>Of a number that is missing in one of two rows, the nearer decides.</remarks>
    public void Write(in DrawnRow drawn, int from, int neighbour, double share, uint stream)
    {
        var nearest = Nearest.AsSpan(from * Neighbours, Neighbours);
        int row = Rows[from], other = Neighbours == 0 ? row : Rows[nearest[neighbour]];
        for (int c = 0; c < _columns.Count; c++)
        {
            var cells = _columns[c].Values;
            drawn.Cells[c][drawn.Row] = _numbers[c] is { } numbers
                ? numbers.Between(cells[row], cells[other], share, _keepAtoms)
                : Neighbours == 0 ? cells[row] : Mode(drawn, cells, nearest, stream + (uint)c);
        }
    }

    // Ties go to one of those that tie, in the order in which they appear: few neighbours need no table of counts.
    double Mode(in DrawnRow drawn, ReadOnlySpan<double> cells, ReadOnlySpan<int> nearest, uint stream)
    {
        Span<double> modes = nearest.Length <= FewNeighbours ? stackalloc double[FewNeighbours] : new double[nearest.Length];
        int most = 0, ties = 0;
        for (int i = 0; i < nearest.Length; i++)
        {
            double cell = cells[Rows[nearest[i]]];
            int before = 0, votes = 0;
            for (int j = 0; j < nearest.Length; j++)
            {
                bool same = cells[Rows[nearest[j]]].Equals(cell); // a gap equals a gap
                before += same && j < i ? 1 : 0;
                votes += same ? 1 : 0;
            }

            if (before > 0 || votes < most)
            {
                continue;
            }

            ties = votes > most ? 0 : ties;
            most = votes;
            modes[ties++] = cell;
        }

        return ties == 1 ? modes[0] : modes[drawn.Pick(ties, stream)];
    }
}
