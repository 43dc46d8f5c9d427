using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A row to be drawn.</summary>
/// <param name="Cells">The features' cells, column by column.</param>
/// <param name="Row">Its place in them.</param>
/// <param name="Class">Its class.</param>
/// <param name="Number">Its number among the rows of its class: with the seed and the class, it decides all that is drawn.</param>
/// <param name="Random">The random numbers of the seed and the class; the number is their index.</param>
readonly record struct DrawnRow(double[][] Cells, int Row, int Class, uint Number, Philox Random)
{
    /// <summary>One of <paramref name="count"/> things, by the first word of a stream.</summary>
    public int Pick(int count, uint stream) => Random.Below(count, Number, stream);

    /// <summary>A uniform on [0, 1).</summary>
    public float Uniform(uint stream) => Random.Uniform(Number, stream);

    /// <summary>A standard normal.</summary>
    public float Normal(uint stream) => Random.Normal(Number, stream);
}

/// <summary>Writes the cells of one row.</summary>
delegate void RowWriter(in DrawnRow row);
