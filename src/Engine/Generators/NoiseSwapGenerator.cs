using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>How much of a row noise and swaps change.</summary>
public sealed record NoiseSwapOptions
{
    /// <summary>Standard deviation of the noise, as a part of the number's own in its class.</summary>
    public double Bandwidth { get; init; } = 0.1;

    /// <summary>The probability that a name is that of another row of the class.</summary>
    public double SwapProbability { get; init; } = 0.1;

    /// <summary>Whether values that one row in ten or more has, such as zeros, are left where they are.</summary>
    public bool KeepAtoms { get; init; } = true;
}

/// <summary>A row of the class with normal noise on its numbers, and some of its names taken from other rows of the class.</summary>
/// <remarks>
/// A plain perturbation of rows, under a plain name: a "TableAugment" that papers compare with is nowhere defined. Gaps are names like others
/// in a column of names, and stay in a column of numbers. A class of one row gives copies.
/// </remarks>
/// <param name="device">Its threads draw the rows.</param>
/// <param name="options">How much changes; null for the defaults.</param>
public sealed class NoiseSwapGenerator(ComputeDevice device, NoiseSwapOptions? options = null) : IRowGenerator
{
    // "swap" in ASCII.
    const uint Purpose = 0x73776170;

    readonly NoiseSwapOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "noise-swap";

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
                uint stream = 1 + 2 * (uint)c;
                if (!columns[c].IsDiscrete)
                {
                    drawn.Cells[c][drawn.Row] = noise.Move(c, drawn.Class, columns[c].Values[row], drawn.Normal(stream));
                    continue;
                }

                bool swaps = drawn.Uniform(stream) < _options.SwapProbability;
                drawn.Cells[c][drawn.Row] = columns[c].Values[swaps ? own[drawn.Pick(own.Length, stream + 1)] : row];
            }
        });
    }
}
