using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Generators;

/// <summary>What one latent normal stands for: a column's value, or whether a number is missing.</summary>
/// <param name="Column">The column.</param>
/// <param name="Place">Its place among the features.</param>
/// <param name="IsGap">Whether it stands for the gaps.</param>
sealed record CopulaLatent(Column Column, int Place, bool IsGap)
{
    /// <summary>All columns, and then the gaps of those numbers that have some.</summary>
    public static CopulaLatent[] Of(ClassificationTask task) =>
    [
        .. task.Features.Columns.Select((column, place) => new CopulaLatent(column, place, IsGap: false)),
        .. task.Features.Columns.Index().Where(pair => !pair.Item.IsDiscrete && pair.Item.Values.ToArray().Any(double.IsNaN))
            .Select(pair => new CopulaLatent(pair.Item, pair.Index, IsGap: true)),
    ];

    /// <summary>Whether it stands for names.</summary>
    public bool IsName => Column.IsDiscrete;

    /// <summary>Its distribution among some rows; null where none of them has a number.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="order">Puts names in order; null for their own.</param>
    public CopulaMarginal? Marginal(int[] rows, Func<double, double>? order = null)
    {
        double[] cells = Cells(rows);
        if (IsGap)
        {
            return cells.Length == 0
                ? null
                : CopulaMarginal.Of(cells.Select(cell => double.IsNaN(cell) ? 1.0 : 0), cell => cell, interpolates: false);
        }

        var known = Column.IsDiscrete ? cells : cells.Where(cell => !double.IsNaN(cell));
        return known.Any() ? CopulaMarginal.Of(known, order ?? (cell => double.IsNaN(cell) ? double.MaxValue : cell), !Column.IsDiscrete) : null;
    }

    /// <summary>The scores of some rows; 0, their mean, where a number is missing.</summary>
    public double[] Scores(CopulaMarginal marginal, int[] rows) => Array.ConvertAll(Cells(rows), cell =>
        IsGap ? marginal.Score(double.IsNaN(cell) ? 1 : 0) : double.IsNaN(cell) && !Column.IsDiscrete ? 0 : marginal.Score(cell));

    /// <summary>Whether some rows lack the number.</summary>
    public bool HasGaps(int[] rows) => !IsGap && !Column.IsDiscrete && Array.Exists(rows, row => double.IsNaN(Column.Values[row]));

    /// <summary>1 where a row has the number, else 0.</summary>
    public double[] Present(int[] rows) => Array.ConvertAll(Cells(rows), cell => double.IsNaN(cell) ? 0.0 : 1);

    /// <summary>The column's cells.</summary>
    public double[] Cells(int[] rows) => Array.ConvertAll(rows, row => Column.Values[row]);
}
