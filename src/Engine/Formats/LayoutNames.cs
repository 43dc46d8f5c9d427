namespace CausalMixFT.Engine.Formats;

/// <summary>The names of one layout for this program's weights.</summary>
/// <param name="layers">What stands before a layer's number.</param>
/// <param name="inLayer">Beginnings of names within a layer.</param>
/// <param name="outside">Beginnings of the other names.</param>
sealed class LayoutNames(string layers, (string Own, string Theirs)[] inLayer, (string Own, string Theirs)[] outside)
{
    const string Blocks = "transformer_blocks.";

    /// <summary>Their name for the weight of that name.</summary>
    public string Theirs(string own)
    {
        if (!own.StartsWith(Blocks, StringComparison.Ordinal))
        {
            return Replaced(own, outside);
        }

        int dot = own.IndexOf('.', Blocks.Length);
        return $"{layers}{own[Blocks.Length..dot]}.{Replaced(own[(dot + 1)..], inLayer)}";
    }

    // A weight that the layout lacks keeps its own name, which no file of that layout has.
    static string Replaced(string name, (string Own, string Theirs)[] names)
    {
        var (own, theirs) = names.FirstOrDefault(pair => name.StartsWith(pair.Own, StringComparison.Ordinal));
        return own is null ? name : theirs + name[own.Length..];
    }
}
