namespace CausalMixFT.Engine.Tables;

/// <summary>How messages speak of columns.</summary>
static class ColumnNames
{
    // Longer lists no longer help a reader find the typing mistake.
    const int MostListed = 12;

    /// <summary>'a', 'b', 'c' and 4 more.</summary>
    public static string List(IEnumerable<string> names)
    {
        var all = names.ToArray();
        string listed = string.Join(", ", all.Take(MostListed).Select(name => $"'{name}'"));
        return all.Length > MostListed ? $"{listed} and {all.Length - MostListed} more" : listed;
    }

    /// <summary>One sentence: there is no such column, these are the known ones, and this one is near.</summary>
    public static string Unknown(string name, IEnumerable<string> known, string place)
    {
        var all = known.ToArray();
        int mostEdits = Math.Max(1, name.Length / 3);
        string? near = all.Where(other => Distance(name, other) <= mostEdits).MinBy(other => Distance(name, other));
        string hint = near is null ? "use one of them" : $"did you mean '{near}'";
        return $"There is no column '{name}' in {place}, which has {List(all)}; {hint}{(near is null ? "." : "?")}";
    }

    // Levenshtein's distance, letter case ignored.
    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(diagonal + same, Math.Min(row[j], row[j - 1]) + 1));
            }
        }

        return row[^1];
    }
}
