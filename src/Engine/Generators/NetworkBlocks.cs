namespace CausalMixFT.Engine.Generators;

/// <summary>The rows of a sample in blocks of one size, so that a row is the same whatever else is asked for.</summary>
static class NetworkBlocks
{
    /// <summary>Rows of a block: a network that reads whole blocks gives a row the same bits in each.</summary>
    internal const int Size = 480;

    /// <summary>The class of every row: <c>rowsOfClass[k]</c> rows of each class k, in the order of the classes.</summary>
    internal static int[] Labels(IReadOnlyList<int> rowsOfClass, int classes)
    {
        ArgumentNullException.ThrowIfNull(rowsOfClass);
        if (rowsOfClass.Count != classes)
        {
            throw new ArgumentException($"{rowsOfClass.Count} counts for {classes} classes.", nameof(rowsOfClass));
        }

        return [.. rowsOfClass.SelectMany((count, label) => Enumerable.Repeat(label, count))];
    }

    /// <summary>Calls back for each block with its number, its first row and how many of its rows are asked for.</summary>
    internal static void ForEach(
        int rows, Action<int, int, int> block, IProgress<double>? progress, CancellationToken cancellation)
    {
        for (int first = 0; first < rows; first += Size)
        {
            cancellation.ThrowIfCancellationRequested();
            block(first / Size, first, Math.Min(Size, rows - first));
            progress?.Report((double)Math.Min(rows, first + Size) / rows);
        }
    }
}
