using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A generator that draws each row by itself, on all threads of a device.</summary>
/// <param name="task">The rows that it learnt from.</param>
/// <param name="purpose">Keeps the random numbers of different generators apart.</param>
/// <param name="device">Its threads share the rows.</param>
/// <param name="open">Tells, for the rows of each class that are asked for, how to draw one.</param>
sealed class FittedRows(ClassificationTask task, uint purpose, ComputeDevice device, Func<IReadOnlyList<int>, RowWriter> open)
    : IFittedGenerator
{
    const int RowsPerTask = 256;

    /// <summary>One whose rows do not depend on how many are asked for.</summary>
    public FittedRows(ClassificationTask task, uint purpose, ComputeDevice device, RowWriter write)
        : this(task, purpose, device, _ => write) { }

    public Table Sample(
        IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var classes = ClassRows.Check(task, rowsOfClass);
        var cells = new double[task.Features.Columns.Count][];
        for (int c = 0; c < cells.Length; c++)
        {
            cells[c] = new double[classes.Length];
        }

        var write = open(rowsOfClass);
        var random = new Philox(seed).Branch(purpose);
        Philox[] randoms = [.. rowsOfClass.Select((_, k) => random.Branch((uint)k))];
        int[] starts = [.. rowsOfClass.Select((_, k) => rowsOfClass.Take(k).Sum())];
        RowBlocks.For(device, classes.Length, RowsPerTask, progress, (first, end) =>
        {
            for (int row = first; row < end; row++)
            {
                int k = classes[row];
                write(new DrawnRow(cells, row, k, (uint)(row - starts[k]), randoms[k]));
            }
        }, cancellation);
        return ClassRows.ToTable(task, cells, classes);
    }
}
