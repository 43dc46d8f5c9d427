namespace CausalMixFT.Engine.Generators;

/// <summary>What chains descend on.</summary>
public enum EnergyReduction
{
    /// <summary>Each row's own energy, as the paper's equations have it.</summary>
    Sum,

    /// <summary>
    /// The mean energy of the rows asked for, as the paper's code has it: the slope of a row's own energy is divided by how many rows
    /// are asked for, so that from a hundred on little is left but the noise, a smoothed bootstrap of 0.14 standard deviations.
    /// </summary>
    Mean,
}

/// <summary>What can be chosen about energy-based generation; the defaults are the paper's but for the bounds on its cost.</summary>
public sealed record EnergyOptions
{
    /// <summary>
    /// What chains descend on. Own energies by default: that is the method as published, and a row does not depend on how many others
    /// are asked for.
    /// </summary>
    public EnergyReduction Reduction { get; init; } = EnergyReduction.Sum;

    /// <summary>Steps of each chain.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>The share of the energy's slope that a step goes down, in standard deviations of the class.</summary>
    public double StepSize { get; init; } = 0.1;

    /// <summary>The deviation of each step's noise, in standard deviations of the class.</summary>
    public double Noise { get; init; } = 0.01;

    /// <summary>The deviation of the noise on the real row that a chain starts at, in standard deviations of the class.</summary>
    public double StartNoise { get; init; } = 0.01;

    /// <summary>How far the corner points are off the class's mean in every column, in standard deviations of the class.</summary>
    public double CornerDistance { get; init; } = 5;

    /// <summary>Most rows of a class that its energy is made from; of more, so many are drawn.</summary>
    public int MaxContext { get; init; } = 256;

    /// <summary>Chains that take their steps together: memory grows with them, and time a row falls.</summary>
    public int ChainsAtOnce { get; init; } = 512;

    /// <summary>Whether numbers that repeat beyond chance, such as 0 where most are, stay as the start row has them.</summary>
    public bool KeepsRepeatedValues { get; init; } = true;
}
