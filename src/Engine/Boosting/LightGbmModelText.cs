using System.Globalization;

namespace CausalMixFT.Engine.Boosting;

/// <summary>LightGBM's text format of trees: a header, then for each tree lines of key=values.</summary>
static class LightGbmModelText
{
    // The lowest bit of a decision type.
    const int CategoricalMask = 1;

    const int BitsPerWord = 32;

    /// <summary>Reads the trees of a model without missing values.</summary>
    public static TreeModel Parse(string text)
    {
        var trees = new List<Tree>();
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        int features = 0, outputs = 1;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("end of trees"))
            {
                break;
            }

            int equals = line.IndexOf('=');
            if (equals >= 0)
            {
                fields[line[..equals].ToString()] = line[(equals + 1)..].ToString();
            }
            else if (fields.ContainsKey("num_leaves"))
            {
                trees.Add(ToTree(fields));
                fields.Clear();
            }
            else if (fields.TryGetValue("max_feature_idx", out string? last))
            {
                features = int.Parse(last, CultureInfo.InvariantCulture) + 1;
                outputs = int.Parse(fields["num_tree_per_iteration"], CultureInfo.InvariantCulture);
                fields.Clear();
            }
        }

        return new(features, outputs, [.. trees]);
    }

    static Tree ToTree(Dictionary<string, string> fields)
    {
        double[] leaves = Numbers<double>("leaf_value");
        int[] features = Numbers<int>("split_feature"), decisions = Numbers<int>("decision_type");
        int[] left = Numbers<int>("left_child"), right = Numbers<int>("right_child");
        double[] thresholds = Numbers<double>("threshold");
        int[] wordStarts = Numbers<int>("cat_boundaries");
        uint[] words = Numbers<uint>("cat_threshold");
        var splits = new TreeSplit[features.Length];
        for (int i = 0; i < splits.Length; i++)
        {
            bool isCategorical = (decisions[i] & CategoricalMask) != 0;
            int[]? codes = isCategorical ? Codes((int)thresholds[i]) : null;
            splits[i] = new(features[i], isCategorical ? 0 : AtMost(thresholds[i]), codes, left[i], right[i]);
        }

        return new(splits, leaves);

        T[] Numbers<T>(string key)
            where T : IParsable<T> =>
            [.. fields.GetValueOrDefault(key, "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(number => T.Parse(number, CultureInfo.InvariantCulture))];

        int[] Codes(int set)
        {
            var members = words.AsSpan(wordStarts[set]..wordStarts[set + 1]).ToArray();
            return [.. Enumerable.Range(0, members.Length * BitsPerWord)
                .Where(code => (members[code / BitsPerWord] >> (code % BitsPerWord) & 1) != 0)];
        }
    }

    // For every float x, x ≤ the result just when x ≤ the threshold in double, as LightGBM decides.
    static float AtMost(double threshold)
    {
        float rounded = (float)threshold;
        return rounded > threshold ? MathF.BitDecrement(rounded) : rounded;
    }
}
