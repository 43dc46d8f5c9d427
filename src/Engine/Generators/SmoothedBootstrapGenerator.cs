using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>How far a smoothed bootstrap moves its numbers.</summary>
public sealed record SmoothedBootstrapOptions
{
    /// <summary>Standard deviation of the noise, as a part of the number's own in its class.</summary>
    /// <remarks>
    /// .141 is what TabEBM's chain of 200 steps adds (0.01 · √200): in classes of hundreds of rows its drift is small beside it.
    /// </remarks>
    public double Bandwidth { get; init; } = 0.141;

    /// <summary>Whether values that one row in ten or more has, such as zeros, are left where they are.</summary>
    public bool KeepAtoms { get; init; } = true;
}

/// <summary>A smoothed bootstrap: a row of the class with normal noise on its numbers; names and gaps stay.</summary>
/// <remarks>Silverman (1986), section 6.4. A class of one row has no spread, so its rows are copies.</remarks>
/// <param name="device">Its threads draw the rows.</param>
/// <param name="options">How far numbers move; null for the defaults.</param>
public sealed class SmoothedBootstrapGenerator(ComputeDevice device, SmoothedBootstrapOptions? options = null) : IRowGenerator
{
    // "smoo" in ASCII.
    const uint Purpose = 0x736D6F6F;

    readonly SmoothedBootstrapOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "smoothed-bootstrap";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var classes = ClassRows.Of(rows);
        var noise = NumberNoise.Of(rows, classes, _options.Bandwidth, _options.KeepAtoms);
        var columns = rows.Features.Columns;
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            int[] own = classes[drawn.Class];
            int row = own[drawn.Pick(own.Length, 0)];
            for (int c = 0; c < columns.Count; c++)
            {
                double cell = columns[c].Values[row];
                drawn.Cells[c][drawn.Row] = columns[c].IsDiscrete ? cell : noise.Move(c, drawn.Class, cell, drawn.Normal(1 + (uint)c));
            }
        });
    }
}
