namespace CausalMixFT.Engine.Studies;

/// <summary>How and where a unit was worked out; never a part of what it came to.</summary>
/// <param name="Elapsed">Seconds that the unit took, what it shares with other arms counted where it was done.</param>
/// <param name="Device">The device.</param>
/// <param name="Program">The program's version.</param>
public sealed record StudyWork(double Elapsed, string Device, string Program);
