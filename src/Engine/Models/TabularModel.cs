using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>A model at rest: its sizes and its weights, on no device; immutable.</summary>
/// <remarks>Weights are kept by the names and shapes of <see cref="Parameters.Layout"/>.</remarks>
public sealed class TabularModel
{
    // The width of the vectors in TabPFN 2.5's table.
    const int TableWidth = 48;

    /// <summary>A model of these weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Each weight's elements, row by row, by name.</param>
    /// <param name="origin">Where the weights come from, for the report: a file, or how they were trained.</param>
    /// <param name="traits">What the weights mean beyond the sizes; null for a classifier without peculiarities.</param>
    public TabularModel(TransformerConfig config, IReadOnlyDictionary<string, float[]> weights, string origin, ModelTraits? traits = null)
    {
        Config = config;
        Weights = weights;
        Origin = origin;
        Traits = traits ?? new();
    }

    /// <summary>Sizes.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Each weight's elements, row by row, by name.</summary>
    public IReadOnlyDictionary<string, float[]> Weights { get; }

    /// <summary>Where the weights come from.</summary>
    public string Origin { get; }

    /// <summary>What the weights mean beyond the sizes.</summary>
    public ModelTraits Traits { get; }

    /// <summary>Number of weights.</summary>
    public int ParameterCount => Weights.Values.Sum(values => values.Length);

    /// <summary>The model in memory of <paramref name="device"/>, ready to run; whoever loads it disposes it.</summary>
    public TabularTransformer Load(ComputeDevice device)
    {
        if (Config.ColumnEmbedding == TableWidth && Traits.ColumnVectors == ColumnVectorSource.StoredTable)
        {
            throw new InputException(
                $"{Origin}: this model's column vectors are a table that comes with its Python package and is in no checkpoint, so it cannot predict here; use TabPFN v2, or the model that comes with the program.");
        }

        var transformer = new TabularTransformer(device, Config) { ColumnSeed = (ulong)Traits.ColumnSeed };
        foreach (var info in transformer.Parameters.All)
        {
            transformer.Parameters.Weight(info.Name).CopyFrom(Weights[info.Name]);
        }

        return transformer;
    }

    /// <summary>A copy of the weights of a model on a device.</summary>
    public static TabularModel From(TabularTransformer transformer, string origin, ModelTraits? traits = null) => new(
        transformer.Config,
        transformer.Parameters.All.ToDictionary(info => info.Name, info => transformer.Parameters.Weight(info.Name).ToArray()),
        origin,
        traits);
}
