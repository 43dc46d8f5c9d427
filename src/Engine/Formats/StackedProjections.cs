using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>Query, key and value projections, which files may hold apart and models hold stacked by rows, in that order.</summary>
static class StackedProjections
{
    const string Weight = ".in_proj_weight", Bias = ".in_proj_bias";

    /// <summary>The attention and "weight" or "bias" of a stacked projection's name; null for any other weight.</summary>
    public static (string Attention, string Kind)? Parts(string name) =>
        name.EndsWith(Weight, StringComparison.Ordinal) ? (name[..^Weight.Length], "weight")
        : name.EndsWith(Bias, StringComparison.Ordinal) ? (name[..^Bias.Length], "bias")
        : null;

    /// <summary>The stack of the three projections that <paramref name="named"/> names by 0, 1 and 2.</summary>
    public static float[] Take(WeightSource source, ParameterInfo info, Func<int, string> named)
    {
        int[] shape = PartShape(info);
        return [.. Enumerable.Range(0, 3).SelectMany(part => source.Take(named(part), shape))];
    }

    /// <summary>The three projections of a stack, as tensors.</summary>
    public static IEnumerable<KeyValuePair<string, SafeTensor>> Apart(ParameterInfo info, float[] stack, Func<int, string> named)
    {
        int[] shape = PartShape(info);
        int length = stack.Length / 3;
        return Enumerable.Range(0, 3).Select(part => KeyValuePair.Create(named(part), SafeTensor.Of(stack.AsSpan(part * length, length), shape)));
    }

    static int[] PartShape(ParameterInfo info) => [info.Shape[0] / 3, .. info.Shape.Skip(1)];
}
