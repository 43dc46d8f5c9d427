using System.Globalization;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>confidence.csv: how sure each edge is, one row for each pair that a resample joined.</summary>
/// <remarks>
/// from, to (the likelier cause first), joined (the share of resamples that join the two), a share for each way to draw the
/// edge from the one to the other, and direction: the probability that from is the cause, given that they are joined.
/// </remarks>
public static class ConfidenceCsv
{
    // The surest first: directed, open, and then what only FCI finds.
    static readonly string[] Symbols = ["-->", "<--", "---", "<->", "o->", "<-o", "o-o", "o--", "--o"];

    /// <summary>Writes the file.</summary>
    public static void Write(EdgeConfidence confidence, string path)
    {
        ArgumentNullException.ThrowIfNull(confidence);
        CsvText.Write(path, text =>
        {
            CsvText.WriteRow(text, ["from", "to", "joined", .. Symbols, "direction"]);
            for (int a = 0; a < confidence.Variables.Count; a++)
            {
                for (int b = a + 1; b < confidence.Variables.Count; b++)
                {
                    if (confidence.Joined(a, b) > 0)
                    {
                        CsvText.WriteRow(text, confidence.Direction(a, b) >= 0.5 ? Row(confidence, a, b) : Row(confidence, b, a));
                    }
                }
            }
        });
    }

    static IEnumerable<string> Row(EdgeConfidence confidence, int from, int to) =>
    [
        confidence.Variables[from].Name, confidence.Variables[to].Name, Text(confidence.Joined(from, to)),
        .. Symbols.Select(symbol => Text(Share(confidence, from, to, symbol))), Text(confidence.Direction(from, to)),
    ];

    static double Share(EdgeConfidence confidence, int from, int to, string symbol)
    {
        var (atFrom, atTo) = Edge.MarksOf(symbol)!.Value;
        return confidence.Share(from, to, atFrom, atTo);
    }

    static string Text(double share) => share.ToString("R", CultureInfo.InvariantCulture);
}
