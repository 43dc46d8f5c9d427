namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The columns of a row that diffuses: first the numbers, then each categorical column as one cell a level.</summary>
public sealed class DiffusionColumns
{
    /// <summary>A row of <paramref name="numeric"/> numbers and of categorical columns with these numbers of levels.</summary>
    public DiffusionColumns(int numeric, IReadOnlyList<int> levels)
    {
        Numeric = numeric;
        Levels = [.. levels];
        var starts = new int[levels.Count + 1];
        starts[0] = numeric;
        for (int column = 0; column < levels.Count; column++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(levels[column], 1);
            starts[column + 1] = starts[column] + levels[column];
        }

        Starts = starts;
    }

    /// <summary>How many columns are numbers.</summary>
    public int Numeric { get; }

    /// <summary>The number of levels of each categorical column.</summary>
    public IReadOnlyList<int> Levels { get; }

    /// <summary>Where the cells of each categorical column start, and behind the last the width of a row.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>How many columns are categorical.</summary>
    public int Categorical => Levels.Count;

    /// <summary>Cells of a row as the denoiser reads it.</summary>
    public int Width => Starts[^1];

    /// <summary>Random numbers that one row takes in one step: one a column.</summary>
    public int Draws => Numeric + Categorical;
}
