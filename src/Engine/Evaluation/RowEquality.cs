using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Evaluation;

/// <summary>Whether two rows of a table hold the same cells; missing equals missing.</summary>
sealed class RowEquality(Table table) : IEqualityComparer<int>
{
    /// <summary>The share of <paramref name="rows"/> that equal a row of <paramref name="others"/> in every cell.</summary>
    public static double ShareMetIn(Table rows, Table others)
    {
        var both = others.Concat(rows);
        var met = new HashSet<int>(Enumerable.Range(0, others.Rows), new RowEquality(both));
        return Enumerable.Range(others.Rows, rows.Rows).Count(met.Contains) / (double)rows.Rows;
    }

    public bool Equals(int x, int y)
    {
        foreach (var column in table.Columns)
        {
            // Equals, not ==: NaN is NaN's equal.
            if (!column.Values[x].Equals(column.Values[y]))
            {
                return false;
            }
        }

        return true;
    }

    public int GetHashCode(int row)
    {
        // FNV-1a over the cells' bits: the same in every process, unlike HashCode.
        ulong hash = 14695981039346656037;
        foreach (var column in table.Columns)
        {
            double value = column.Values[row];
            ulong bits = double.IsNaN(value) ? ulong.MaxValue : BitConverter.DoubleToUInt64Bits(value == 0 ? 0 : value);
            hash = (hash ^ bits) * 1099511628211;
            hash ^= hash >> 29;
        }

        return (int)(hash ^ (hash >> 32));
    }
}
