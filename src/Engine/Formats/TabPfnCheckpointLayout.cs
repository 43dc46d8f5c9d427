using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>TabPFN 2 and 2.5 by the names of the checkpoints that were released: {"state_dict", "config"} in a torch file.</summary>
/// <remarks>
/// _w_qkv is (3, heads, head width, width): queries, keys and values by rows. _w_out is (heads, head width, width), that is
/// (in, out), and is transposed. The step of the encoder that has weights is numbered by the steps before it.
/// </remarks>
sealed class TabPfnCheckpointLayout : ModelLayout
{
    const string Layers = "transformer_encoder.layers.", Stacked = "._w_qkv", Output = "._w_out";

    static readonly (string Theirs, string Renamed)[] InLayer =
    [
        ("self_attn_between_features", "per_sample_attention_between_features"), ("self_attn_between_items", "per_column_attention_between_cells"),
        ("mlp.linear1.", "mlp.0."), ("mlp.linear2.", "mlp.2."),
    ];

    static readonly (string Theirs, string Renamed)[] Outside =
    [
        ("y_encoder.1.layer.", "target_embedder."), ("y_encoder.2.layer.", "target_embedder."),
        ("decoder_dict.standard.", "output_projection."), ("add_thinking_tokens.row_token_values", "add_thinking_rows.row_token_values_TE"),
    ];

    static readonly TabPfnLayout Renamed = new();

    public override string Name => "TabPFN (released checkpoint)";

    public override bool Recognises(Checkpoint file) => file.Tensors.ContainsKey($"{Layers}0.self_attn_between_features{Stacked}");

    public override TabularModel Read(Checkpoint file, int? heads)
    {
        var tensors = new Dictionary<string, SafeTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in file.Tensors.SelectMany(entry => Translated(file.Path, entry.Key, entry.Value)))
        {
            if (!tensors.TryAdd(name, tensor))
            {
                throw new InputException($"{file.Path}: two of its tensors are '{name}' to tabpfn 8; the file is damaged.");
            }
        }

        // The heads are in the shape that the translation flattens.
        int shaped = file.Tensors[$"{Layers}0.self_attn_between_features{Stacked}"].Shape[1];
        return Renamed.Read(file.With(tensors), heads ?? shaped);
    }

    static IEnumerable<KeyValuePair<string, SafeTensor>> Translated(string path, string name, SafeTensor tensor)
    {
        string renamed = Rename(name);
        if (renamed.EndsWith(Stacked, StringComparison.Ordinal))
        {
            var shape = Shape(path, name, tensor, 4);
            int length = tensor.Bytes.Length / 3;
            return Enumerable.Range(0, 3).Select(part => KeyValuePair.Create(
                $"{renamed[..^Stacked.Length]}.{"qkv"[part]}_projection.weight",
                tensor with { Shape = [shape[1] * shape[2], shape[3]], Bytes = tensor.Bytes.Slice(part * length, length) }));
        }

        return [renamed.EndsWith(Output, StringComparison.Ordinal)
            ? new($"{renamed[..^Output.Length]}.out_projection.weight", Transposed(tensor, Shape(path, name, tensor, 3)))
            : new(renamed, tensor)];
    }

    static string Rename(string name)
    {
        if (name.StartsWith(Layers, StringComparison.Ordinal) && name.IndexOf('.', Layers.Length) is > 0 and var dot)
        {
            return $"blocks.{name[Layers.Length..dot]}.{Replaced(name[(dot + 1)..], InLayer)}";
        }

        return name.StartsWith("encoder.", StringComparison.Ordinal) && name.Split('.') is ["encoder", _, "layer" or "mlp", .. var rest]
            ? $"feature_group_embedder.{string.Join('.', rest)}"
            : Replaced(name, Outside);
    }

    static string Replaced(string name, (string Theirs, string Renamed)[] names)
    {
        var (theirs, renamed) = names.FirstOrDefault(pair => name.StartsWith(pair.Theirs, StringComparison.Ordinal));
        return theirs is null ? name : renamed + name[theirs.Length..];
    }

    static IReadOnlyList<int> Shape(string path, string name, SafeTensor tensor, int axes) =>
        tensor.Shape.Count == axes && tensor.Bytes.Length > 0 && (axes == 3 || tensor.Shape[0] == 3)
            ? tensor.Shape
            : throw new InputException(
                $"{path}: tensor '{name}' should have {axes} axes{(axes == 4 ? ", the first of 3," : "")} but is [{string.Join(", ", tensor.Shape)}]; the file is damaged.");

    // From (in, out) to (out, in), whatever the elements.
    static SafeTensor Transposed(SafeTensor tensor, IReadOnlyList<int> shape)
    {
        int rows = shape[0] * shape[1], columns = shape[2], width = SafeTensor.Sizes[tensor.Type];
        var bytes = new byte[tensor.Bytes.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                tensor.Bytes.Span.Slice((row * columns + column) * width, width).CopyTo(bytes.AsSpan((column * rows + row) * width));
            }
        }

        return new(tensor.Type, [columns, rows], bytes);
    }
}
