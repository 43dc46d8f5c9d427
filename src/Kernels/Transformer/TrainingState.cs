namespace CausalMixFT.Kernels.Transformer;

/// <summary>What an optimiser, or an average of weights, remembers between steps: enough to continue bit for bit.</summary>
/// <param name="Steps">Steps taken.</param>
/// <param name="Arrays">Arrays by name, in a fixed order.</param>
/// <param name="Scalars">Numbers by name, in a fixed order.</param>
public sealed record TrainingState(
    int Steps, OrderedDictionary<string, float[]> Arrays, OrderedDictionary<string, double> Scalars)
{
    /// <summary>A state of arrays alone.</summary>
    public TrainingState(int steps, OrderedDictionary<string, float[]> arrays)
        : this(steps, arrays, [])
    { }

    /// <summary>The array of that name, which has to have that many elements.</summary>
    /// <exception cref="ArgumentException">It is missing or has another length.</exception>
    internal float[] Array(string name, int length) =>
        !Arrays.TryGetValue(name, out float[]? values)
            ? throw new ArgumentException($"The state has no array '{name}', but {Listed(Arrays.Keys)}: it is of something else.")
        : values.Length != length
            ? throw new ArgumentException($"The state's array '{name}' has {values.Length} elements instead of {length}: it is of another model.")
        : values;

    /// <summary>The number of that name.</summary>
    /// <exception cref="ArgumentException">It is missing.</exception>
    internal double Scalar(string name) => Scalars.TryGetValue(name, out double value)
        ? value
        : throw new ArgumentException($"The state has no number '{name}', but {Listed(Scalars.Keys)}: it is of something else.");

    static string Listed(ICollection<string> names) => names.Count == 0 ? "none" : $"'{string.Join("', '", names)}'";
}
