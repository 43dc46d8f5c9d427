using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>SMOTE, and SMOTE-NC where there are names: rows on the lines from a row of the class to its nearest ones.</summary>
/// <remarks>
/// Chawla, Bowyer, Hall, Kegelmeyer (2002), in imbalanced-learn's reading: a row and one of its k neighbours within the class, each equally
/// often, a uniform share of the way, and for each name the one that most of the k neighbours have (ties at random). A class of one row has
/// no neighbours, so its rows are copies; one of few has fewer neighbours. Tables of names alone, which SMOTE-NC refuses, count the names that
/// differ.
/// </remarks>
/// <param name="device">Finds the neighbours and draws the rows.</param>
/// <param name="options">Neighbours and distances; null for the defaults.</param>
public sealed class SmoteGenerator(ComputeDevice device, SmoteOptions? options = null) : IRowGenerator
{
    // "smot" in ASCII.
    const uint Purpose = 0x736D6F74;

    readonly SmoteOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "smote";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var classes = SmoteClass.Of(
            rows, ClassRows.Of(rows, _options.MostRows, seed), new SmoteSpace(rows, _options.Standardise), _options, device, progress, cancellation);
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            var own = classes[drawn.Class];
            own.Write(drawn, drawn.Pick(own.Rows.Length, 0), drawn.Pick(own.Neighbours, 1), drawn.Uniform(2), stream: 3);
        });
    }
}
