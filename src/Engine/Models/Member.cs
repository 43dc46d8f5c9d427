using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>One way of showing a table to the model: which view of the numbers, and which class is called 0.</summary>
/// <remarks>
/// The model reads classes as numbers, so their names matter to it and should not: averaging over members that name them
/// differently takes most of that away. Fine-tuning draws a member for each episode, so that it trains on what it will see.
/// </remarks>
/// <param name="View">The view of the numbers.</param>
/// <param name="Shift">Class k is shown as (k + shift) mod classes.</param>
/// <param name="Classes">Number of classes.</param>
readonly record struct Member(EncoderView View, int Shift, int Classes)
{
    /// <summary>Member number <paramref name="index"/> of an ensemble: the views alternate, the shifts spread over the classes.</summary>
    public static Member Of(int index, int members, int classes)
    {
        int shifts = (members + 1) / 2;
        return new(index % 2 == 0 ? EncoderView.Raw : EncoderView.Rank, index / 2 * classes / shifts % classes, classes);
    }

    /// <summary>The name under which the model sees a class.</summary>
    public int Shown(int label) => (label + Shift) % Classes;

    /// <summary>One table of context rows and query rows.</summary>
    public ShownTable Show(EncodedRows context, EncodedRows query)
    {
        var member = this;
        var batch = new EpisodeBatch(
            1, context.Rows, query.Rows, context.Width, (float[])[.. context.View(View), .. query.View(View)],
            Array.ConvertAll(context.Labels, label => (float)member.Shown(label)));
        return new(batch, [.. Enumerable.Range(0, Classes).Select(Shown)], Classes);
    }
}
