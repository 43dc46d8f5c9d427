using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Random under-sampling: rows of the class in a random order, none twice before all were there once.</summary>
/// <remarks>
/// Drawing without replacement gives at most the rows there are. Where more are asked for, the rows follow again in another random order, so
/// that of n rows each is there ⌊m / n⌋ or ⌈m / n⌉ times among m.
/// </remarks>
/// <param name="device">Its threads copy the rows.</param>
public sealed class UnderSamplingGenerator(ComputeDevice device) : IRowGenerator
{
    // "undr" and "turn" in ASCII.
    const uint Purpose = 0x756E6472, TurnPurpose = 0x7475726E;

    /// <inheritdoc/>
    public string Name => "under-sampling";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new Fitted(rows, device);
    }

    sealed class Fitted(ClassificationTask task, ComputeDevice device) : IFittedGenerator
    {
        readonly int[][] _classes = ClassRows.Of(task);

        public Table Sample(
            IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
        {
            ClassRows.Check(task, rowsOfClass);
            var columns = task.Features.Columns;
            int[][] orders = [.. rowsOfClass.Select((count, k) => Order(_classes[k], count, new Philox(seed).Branch(TurnPurpose).Branch((uint)k)))];
            return new FittedRows(task, Purpose, device, (in DrawnRow drawn) =>
            {
                int row = orders[drawn.Class][drawn.Number];
                for (int c = 0; c < columns.Count; c++)
                {
                    drawn.Cells[c][drawn.Row] = columns[c].Values[row];
                }
            }).Sample(rowsOfClass, seed, progress, cancellation);
        }

        // Turn after turn, each turn in the order of the rows' words.
        static int[] Order(int[] rows, int count, Philox random)
        {
            var order = new List<int>(count);
            for (uint turn = 0; order.Count < count; turn++)
            {
                order.AddRange(rows.OrderBy(row => random.Word((uint)row, turn)).ThenBy(row => row).Take(count - order.Count));
            }

            return [.. order];
        }
    }
}
