namespace CausalMixFT.Engine.Scm;

/// <summary>The values that a node can take, and what its children see of them.</summary>
public abstract record Support;

/// <summary>A list of values: observed levels of a discrete column, or observed numbers.</summary>
/// <param name="Values">Level indices or numbers, ascending; empty for a column that is always missing.</param>
/// <param name="Features">For numbers, what children see in place of each value; null for levels.</param>
/// <param name="Standardised">
/// For numbers whose features are ranks, the values standardised as well: causes that act on the numbers themselves. Else null.
/// </param>
/// <remarks>On the device a node with this support holds codes: places in <see cref="Values"/>.</remarks>
public sealed record ValueList(double[] Values, double[]? Features, double[]? Standardised = null) : Support;

/// <summary>An interval of numbers, on a grid.</summary>
/// <param name="Min">The smallest observed value.</param>
/// <param name="Max">The largest observed value.</param>
/// <param name="Grid">The distance of neighbouring values, from the column's decimals; 0 for none.</param>
/// <param name="Centre">The mean: on the device a node holds (value − centre) / spread.</param>
/// <param name="Spread">The standard deviation.</param>
/// <param name="Curve">How children see the standardised value; null when they see it as it is.</param>
public sealed record ValueRange(double Min, double Max, double Grid, double Centre, double Spread, Curve? Curve)
    : Support;

/// <summary>A non-decreasing function: linear between knots, constant outside them.</summary>
/// <param name="At">Where the knots are, non-decreasing.</param>
/// <param name="To">The values there, non-decreasing.</param>
public sealed record Curve(double[] At, double[] To);
