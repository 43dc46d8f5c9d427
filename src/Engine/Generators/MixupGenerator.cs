using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Generators;

/// <summary>How mixup weighs its two rows.</summary>
public sealed record MixupOptions
{
    /// <summary>The weight is Beta(α, α): near 0 and 1 for a small α, uniform for 1.</summary>
    public double Alpha { get; init; } = 0.2;

    /// <summary>Whether values that one row in ten or more has, such as zeros, are kept or left as they are rather than mixed.</summary>
    public bool KeepAtoms { get; init; } = true;
}

/// <summary>Mixup of two rows of a class: numbers between theirs, and each name one of theirs, by the weight.</summary>
/// <remarks>
/// Zhang, Cisse, Dauphin, Lopez-Paz (2018), with pairs of one class, so that labels need no mixing. Where one number of two is missing, the
/// row of the larger weight decides. A class of one row gives copies.
/// </remarks>
/// <param name="device">Its threads draw the rows.</param>
/// <param name="options">The weights; null for the defaults.</param>
public sealed class MixupGenerator(ComputeDevice device, MixupOptions? options = null) : IRowGenerator
{
    // "mixu" in ASCII.
    const uint Purpose = 0x6D697875;

    // The weight's distribution as values at the middles of equal parts: its inverse has no closed form and is slow.
    const int Quantiles = 4096;

    readonly MixupOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "mixup";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var classes = ClassRows.Of(rows);
        var columns = rows.Features.Columns;
        NumberColumn?[] numbers = [.. columns.Select(column => column.IsDiscrete ? null : NumberColumn.Of(column))];
        double[] weights = Weights(_options.Alpha);
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            int[] own = classes[drawn.Class];
            int first = own[drawn.Pick(own.Length, 0)], second = own[drawn.Pick(own.Length, 1)];
            double weight = weights[drawn.Pick(Quantiles, 2)];
            for (int c = 0; c < columns.Count; c++)
            {
                double from = columns[c].Values[first], to = columns[c].Values[second];
                drawn.Cells[c][drawn.Row] = numbers[c] is { } column
                    ? column.Between(from, to, weight, _options.KeepAtoms)
                    : drawn.Uniform(3 + (uint)c) < weight ? to : from;
            }
        });
    }

    internal static double[] Weights(double alpha) =>
        [.. Enumerable.Range(0, Quantiles).Select(i => Beta.InvCDF(alpha, alpha, (i + 0.5) / Quantiles))];
}
