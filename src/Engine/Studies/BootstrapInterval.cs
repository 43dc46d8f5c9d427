namespace CausalMixFT.Engine.Studies;

/// <summary>A number and the 95 % interval that comes from having met these tables and no others.</summary>
/// <param name="Estimate">The number; NaN without tables.</param>
/// <param name="Low">The interval's lower end; NaN with fewer than two tables.</param>
/// <param name="High">The interval's upper end.</param>
public sealed record BootstrapInterval(double Estimate, double Low, double High)
{
    /// <summary>Whether all of the interval lies on one side of 0.</summary>
    public bool LeavesOutZero => Low > 0 || High < 0;
}
