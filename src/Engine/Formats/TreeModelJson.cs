using System.Text.Json;
using CausalMixFT.Engine.Boosting;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Formats;

/// <summary>Boosted trees inside scm.json.</summary>
/// <remarks>
/// <code>
/// { "features": 3, "outputs": 1,
///   "trees": [ { "feature": [ … ], "threshold": [ … ], "codes": [ null or [ … ] … ], "left": [ … ], "right": [ … ],
///                "leaves": [ … ] } … ] }
/// </code>
/// A split sends a number to the left when it is at most the threshold, a code when it is listed. A child that is not
/// negative is a later split of the tree, else the complement of a leaf's place. Tree t adds to output t mod outputs.
/// </remarks>
static class TreeModelJson
{
    const int MostOutputs = 1024;

    public static void Write(Utf8JsonWriter json, string name, TreeModel model)
    {
        json.WriteStartObject(name);
        json.WriteNumber("features", model.Features);
        json.WriteNumber("outputs", model.Outputs);
        json.WriteStartArray("trees");
        foreach (var tree in model.Trees)
        {
            json.WriteStartObject();
            Write(json, "feature", tree.Splits, split => json.WriteNumberValue(split.Feature));
            Write(json, "threshold", tree.Splits, split => json.WriteNumberValue(split.Threshold));
            Write(json, "codes", tree.Splits, split => Write(json, split.LeftCodes));
            Write(json, "left", tree.Splits, split => json.WriteNumberValue(split.Left));
            Write(json, "right", tree.Splits, split => json.WriteNumberValue(split.Right));
            Write(json, "leaves", tree.Leaves, json.WriteNumberValue);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Write<T>(Utf8JsonWriter json, string name, T[] items, Action<T> write)
    {
        json.WriteStartArray(name);
        Array.ForEach(items, write);
        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, int[]? codes)
    {
        if (codes is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        Array.ForEach(codes, json.WriteNumberValue);
        json.WriteEndArray();
    }

    /// <exception cref="FormatException">The trees do not hold together.</exception>
    public static TreeModel Read(JsonElement element)
    {
        int features = element.GetProperty("features").GetInt32(), outputs = element.GetProperty("outputs").GetInt32();
        var trees = element.GetProperty("trees").EnumerateArray().Select(tree => ReadTree(tree, features)).ToArray();
        return features > 0 && outputs is > 0 and <= MostOutputs
            ? new(features, outputs, trees)
            : throw new FormatException($"trees have {features} features and {outputs} outputs");
    }

    static Tree ReadTree(JsonElement tree, int features)
    {
        int[] feature = Integers("feature"), left = Integers("left"), right = Integers("right");
        float[] threshold = [.. Items("threshold").Select(value => value.GetSingle())];
        int[]?[] codes = [.. Items("codes").Select(value => value.ValueKind == JsonValueKind.Null
            ? null : value.EnumerateArray().Select(code => code.GetInt32()).ToArray())];
        double[] leaves = [.. Items("leaves").Select(value => value.GetDouble())];
        int splits = feature.Length;
        bool holds = left.Length == splits && right.Length == splits && threshold.Length == splits && codes.Length == splits
            && leaves.Length == splits + 1 && leaves.All(double.IsFinite) && threshold.All(float.IsFinite)
            && feature.All(f => f >= 0 && f < features)
            && codes.All(list => list is null || (list.All(code => code >= 0) && list.Zip(list.Skip(1)).All(c => c.First < c.Second)))
            && Enumerable.Range(0, splits).All(i => IsChild(left[i], i) && IsChild(right[i], i));
        return holds
            ? new([.. feature.Select((f, i) => new TreeSplit(f, threshold[i], codes[i], left[i], right[i]))], leaves)
            : throw new FormatException("a tree does not hold together");

        // Children come after their parents, so that no walk goes round.
        bool IsChild(int child, int parent) => child >= 0 ? child > parent && child < splits : ~child < leaves.Length;

        IEnumerable<JsonElement> Items(string name) => tree.GetProperty(name).EnumerateArray();

        int[] Integers(string name) => [.. Items(name).Select(value => value.GetInt32())];
    }
}
