using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Models;

/// <summary>Rows as the model sees them: numbers in both views, and the class of each row.</summary>
/// <param name="Width">Numbers in a row.</param>
/// <param name="Raw">The standardised view: (rows, width), row-major.</param>
/// <param name="Rank">The normal-scores view, laid out alike.</param>
/// <param name="Labels">The class of each row.</param>
public sealed record EncodedRows(int Width, float[] Raw, float[] Rank, int[] Labels)
{
    /// <summary>Number of rows.</summary>
    public int Rows => Labels.Length;

    /// <summary>Encodes a table's features; rows to predict may have any labels.</summary>
    public static EncodedRows Of(FeatureEncoder encoder, Table features, int[] labels) => new(
        encoder.Width, encoder.Encode(features, EncoderView.Raw), encoder.Encode(features, EncoderView.Rank), labels);

    /// <summary>The numbers of one view.</summary>
    public float[] View(EncoderView view) => view == EncoderView.Raw ? Raw : Rank;

    /// <summary>Some of the rows, in that order.</summary>
    public EncodedRows Select(ReadOnlySpan<int> rows)
    {
        var labels = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            labels[i] = Labels[rows[i]];
        }

        return new(Width, Pick(Raw, rows), Pick(Rank, rows), labels);
    }

    /// <summary>These rows, then others of the same encoder.</summary>
    public EncodedRows Concat(EncodedRows other) =>
        new(Width, [.. Raw, .. other.Raw], [.. Rank, .. other.Rank], [.. Labels, .. other.Labels]);

    float[] Pick(float[] view, ReadOnlySpan<int> rows)
    {
        var picked = new float[rows.Length * Width];
        for (int i = 0; i < rows.Length; i++)
        {
            view.AsSpan(rows[i] * Width, Width).CopyTo(picked.AsSpan(i * Width));
        }

        return picked;
    }
}
