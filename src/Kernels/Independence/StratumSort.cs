namespace CausalMixFT.Kernels.Independence;

/// <summary>Counts tables too large to lay out: rows are sorted by S, y and x, so that equal cells lie side by side.</summary>
/// <remarks>A counting sort by one column after the other, the last first; memory is kept from question to question.</remarks>
sealed class StratumSort
{
    readonly int[] _places = new int[byte.MaxValue + 1], _sumsX = new int[byte.MaxValue + 1];
    int[] _rows = [], _sorted = [];

    public ContingencyResult Sum(
        ReadOnlySpan<byte> codes, DiscreteColumns columns, ReadOnlySpan<int> query, ContingencyStatistic statistic)
    {
        int rows = columns.Rows;
        if (_rows.Length < rows)
        {
            _rows = new int[rows];
            _sorted = new int[rows];
        }

        int kept = 0;
        for (int row = 0; row < rows; row++)
        {
            bool complete = true;
            foreach (int variable in query)
            {
                complete &= codes[variable * rows + row] != DiscreteColumns.Missing;
            }

            _rows[kept] = row;
            kept += complete ? 1 : 0;
        }

        foreach (int variable in query)
        {
            SortBy(codes.Slice(variable * rows, rows), kept);
        }

        var sum = new StratumSum(columns.Entropy, statistic, byDefinition: true);
        for (int start = 0; start < kept;)
        {
            int end = start + 1;
            while (end < kept && SameStratum(codes, rows, query[2..], _rows[start], _rows[end]))
            {
                end++;
            }

            sum.AddSparse(
                _rows.AsSpan(start, end - start), codes.Slice(query[0] * rows, rows), codes.Slice(query[1] * rows, rows), _sumsX);
            start = end;
        }

        return sum.Result;
    }

    static bool SameStratum(ReadOnlySpan<byte> codes, int rows, ReadOnlySpan<int> given, int a, int b)
    {
        foreach (int variable in given)
        {
            if (codes[variable * rows + a] != codes[variable * rows + b])
            {
                return false;
            }
        }

        return true;
    }

    void SortBy(ReadOnlySpan<byte> column, int kept)
    {
        Array.Clear(_places);
        foreach (int row in _rows.AsSpan(0, kept))
        {
            _places[column[row]]++;
        }

        int place = 0;
        for (int level = 0; level < _places.Length; level++)
        {
            (_places[level], place) = (place, place + _places[level]);
        }

        foreach (int row in _rows.AsSpan(0, kept))
        {
            _sorted[_places[column[row]]++] = row;
        }

        (_rows, _sorted) = (_sorted, _rows);
    }
}
