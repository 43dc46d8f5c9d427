using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>Rows as our own models see them: numbers in both views, and the class of each row.</summary>
/// <param name="Width">Numbers in a row.</param>
/// <param name="Raw">The standardised view: (rows, width), row-major.</param>
/// <param name="Rank">The normal-scores view, laid out alike.</param>
/// <param name="Labels">The class of each row.</param>
public sealed record EncodedRows(int Width, float[] Raw, float[] Rank, int[] Labels) : ShownRows(Labels)
{
    /// <summary>Encodes a table's features; rows to predict may have any labels.</summary>
    public static EncodedRows Of(FeatureEncoder encoder, Table features, int[] labels) => new(
        encoder.Width, encoder.Encode(features, EncoderView.Raw), encoder.Encode(features, EncoderView.Rank), labels);

    /// <summary>The numbers of one view.</summary>
    public float[] View(EncoderView view) => view == EncoderView.Raw ? Raw : Rank;

    /// <inheritdoc/>
    protected override EncodedRows Picked(ReadOnlySpan<int> rows)
    {
        var labels = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            labels[i] = Labels[rows[i]];
        }

        return new(Width, Pick(Raw, rows), Pick(Rank, rows), labels);
    }

    /// <inheritdoc/>
    public override EncodedRows Concat(ShownRows other)
    {
        var (_, raw, rank, labels) = (EncodedRows)other;
        return new(Width, [.. Raw, .. raw], [.. Rank, .. rank], [.. Labels, .. labels]);
    }

    /// <inheritdoc/>
    public override int MostColumns(int contextRows) => Width;

    /// <inheritdoc/>
    public override ShownTable Episode(ShownRows query, int classes, ulong seed, uint draw)
    {
        var random = new Philox(seed).Branch(0x66696E65); // "fine" in ASCII
        var view = random.Below(2, draw, stream: uint.MaxValue) == 0 ? EncoderView.Raw : EncoderView.Rank;
        return new Member(view, random.Below(classes, draw, stream: uint.MaxValue - 1), classes).Show(this, (EncodedRows)query);
    }

    /// <inheritdoc/>
    public override float[] Probabilities(
        ShownRows query, int classes, PredictionOptions options, double temperature, TransformerPredictor predictor,
        IProgress<double>? progress)
    {
        var sums = new float[query.Rows * classes];
        for (int index = 0; index < options.Members; index++)
        {
            var member = Member.Of(index, options.Members, classes);
            var drawn = DrawnContext.Of(Labels, classes, options.MaxContext, options.ContextDraw, options.Seed + (ulong)index);
            var table = member.Show(Picked(drawn.Rows), (EncodedRows)query);
            float[] probabilities = predictor.Probabilities(table.Batch, classes, temperature);
            for (int row = 0; row < query.Rows; row++)
            {
                drawn.Correct(probabilities.AsSpan(row * classes, classes), table.Names);
                for (int k = 0; k < classes; k++)
                {
                    sums[row * classes + k] += probabilities[row * classes + member.Shown(k)] / options.Members;
                }
            }

            progress?.Report((index + 1.0) / options.Members);
        }

        return sums;
    }

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
