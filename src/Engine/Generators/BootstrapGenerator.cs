using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>Random over-sampling: each row is one of its class's rows, drawn with replacement.</summary>
/// <param name="device">Its threads draw the rows.</param>
public sealed class BootstrapGenerator(ComputeDevice device) : IRowGenerator
{
    // "boot" in ASCII.
    const uint Purpose = 0x626F6F74;

    /// <inheritdoc/>
    public string Name => "bootstrap";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var classes = ClassRows.Of(rows);
        var columns = rows.Features.Columns;
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            int[] own = classes[drawn.Class];
            int row = own[drawn.Pick(own.Length, 0)];
            for (int c = 0; c < columns.Count; c++)
            {
                drawn.Cells[c][drawn.Row] = columns[c].Values[row];
            }
        });
    }
}
