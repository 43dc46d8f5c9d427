namespace CausalMixFT.Kernels.Generative;

/// <summary>The outputs that stand for one column of a table: a one-hot block and, where the column has modes, a number after it.</summary>
/// <remarks>
/// The block's entries are what the column can be: levels, a missing cell, values that occur by themselves, and last its modes,
/// the components of a mixture of normals. The number says where in its mode a cell lies, and is 0 where no mode is on.
/// </remarks>
/// <param name="Start">The first output.</param>
/// <param name="Levels">Entries of the one-hot block.</param>
/// <param name="Modes">How many of the last entries are modes; 0 where the head has no number.</param>
public readonly record struct OutputHead(int Start, int Levels, int Modes)
{
    /// <summary>Outputs of the head.</summary>
    public int Width => Levels + (Modes > 0 ? 1 : 0);

    /// <summary>The output that is the number.</summary>
    public int Number => Start + Levels;

    /// <summary>The first output that is a mode.</summary>
    public int FirstMode => Start + Levels - Modes;
}
