namespace CausalMixFT.Kernels.Neighbours;

/// <summary>Points of numbers, whose differences count, and of codes, which are equal or not.</summary>
/// <remarks>
/// The square of a distance is Σ (aᵢ − bᵢ)² over the numbers and <c>mismatch</c> for each code that differs. Cells lie column by column,
/// numbers first, each column padded to whole vectors.
/// </remarks>
public sealed class PointSet
{
    /// <summary>Columns are padded to a multiple of it: two of the widest vectors.</summary>
    public const int Padding = 32;

    /// <summary>Makes room for points at the origin.</summary>
    /// <param name="rows">How many points.</param>
    /// <param name="numbers">Columns of numbers.</param>
    /// <param name="codes">Columns of codes.</param>
    /// <param name="mismatch">What a code that differs adds to the square of the distance.</param>
    public PointSet(int rows, int numbers, int codes, float mismatch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        (Rows, Numbers, Codes, Mismatch) = (rows, numbers, codes, mismatch);
        Stride = (rows + Padding - 1) / Padding * Padding;
        Cells = new float[checked(Stride * (numbers + codes))];
    }

    /// <summary>How many points.</summary>
    public int Rows { get; }

    /// <summary>Columns of numbers.</summary>
    public int Numbers { get; }

    /// <summary>Columns of codes.</summary>
    public int Codes { get; }

    /// <summary>What a code that differs adds to the square of the distance.</summary>
    public float Mismatch { get; }

    /// <summary>Cells from the beginning of one column to that of the next.</summary>
    public int Stride { get; }

    internal float[] Cells { get; }

    /// <summary>The cells of a column: one of the numbers, or behind them one of the codes.</summary>
    public Span<float> Column(int column) => Cells.AsSpan(column * Stride, Rows);
}
