using System.Text.Json;
using System.Text.Json.Nodes;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A file of weights as it lies there: named tensors, and texts that say what they are.</summary>
/// <remarks>
/// A torch file is seen as the safetensors file that TabPFN's own converter makes of it: tensors from the state_dict, and
/// everything beside it as JSON.
/// </remarks>
sealed class Checkpoint : IDisposable
{
    // A config holds some hundred values, a few deep; a file can refer to one object from many places.
    const int MostNodes = 10_000, MostDepth = 16;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    static readonly string[] StateNames = ["state_dict", "model_state_dict", "model"];

    readonly SafeTensors? _file;

    public Checkpoint(
        string path, IReadOnlyDictionary<string, SafeTensor> tensors, IReadOnlyDictionary<string, string> metadata, SafeTensors? file = null) =>
        (Path, Tensors, Metadata, _file) = (path, tensors, metadata, file);

    public string Path { get; }

    public IReadOnlyDictionary<string, SafeTensor> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file of either kind, told apart by how it begins.</summary>
    /// <exception cref="InputException">The file is missing, damaged, or holds what is refused.</exception>
    public static Checkpoint Open(string path)
    {
        if (!IsTorch(path))
        {
            var file = SafeTensors.Read(path);
            return new(path, file.Tensors, file.Metadata, file);
        }

        return TorchFile.Read(path) is TorchDict root ? Of(path, root)
            : throw TorchFile.Fault(path, "it holds no dict of tensors");
    }

    /// <summary>What a setting's JSON object says, or null where there is none.</summary>
    public JsonObject? Settings(string key)
    {
        try
        {
            return Metadata.TryGetValue(key, out string? text) ? JsonNode.Parse(text, null, Strict) as JsonObject : null;
        }
        catch (JsonException)
        {
            throw new InputException($"{Path}: metadata '{key}' should be JSON; the file is damaged.");
        }
    }

    /// <summary>A JSON object in the same folder, or null where there is none.</summary>
    public JsonObject? Beside(string name)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, name);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(File.ReadAllText(path), null, Strict) as JsonObject ?? throw new JsonException();
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: this should be a JSON object with the model's sizes; write it again.");
        }
    }

    /// <summary>The same file with other names for its tensors.</summary>
    public Checkpoint With(IReadOnlyDictionary<string, SafeTensor> tensors) => new(Path, tensors, Metadata);

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    static bool IsTorch(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            Span<byte> start = stackalloc byte[8];
            return TorchFile.Begins(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: the weights cannot be read ({fault.Message.TrimEnd('.')}); name an existing .safetensors, .ckpt, .pt or .pth file.");
        }
    }

    static Checkpoint Of(string path, TorchDict root)
    {
        var state = StateNames.Select(name => root[name]).OfType<TorchDict>().FirstOrDefault(dict => HasTensor(dict)) ?? root;
        var tensors = state.Entries.Where(entry => entry.Value is SafeTensor)
            .ToDictionary(entry => entry.Key, entry => (SafeTensor)entry.Value!, StringComparer.Ordinal);
        int nodes = 0;
        var metadata = root.Entries.Where(entry => !ReferenceEquals(entry.Value, state) && IsPlain(entry.Value))
            .ToDictionary(entry => entry.Key, entry => Json(path, entry.Value, 0, ref nodes)?.ToJsonString() ?? "null", StringComparer.Ordinal);
        return new(path, tensors, metadata);
    }

    static bool HasTensor(TorchDict dict) => dict.Entries.Any(entry => entry.Value is SafeTensor);

    static bool IsPlain(object? value) => value is null or string or bool or long or double or TorchDict or TorchTuple or List<object?>;

    // What is not plain, such as a tensor among the settings, is left out.
    static JsonNode? Json(string path, object? value, int depth, ref int nodes)
    {
        if (++nodes > MostNodes || depth > MostDepth)
        {
            throw TorchFile.Fault(path, "its settings are larger or deeper than any model's, or contain themselves");
        }

        switch (value)
        {
            case string text:
                return JsonValue.Create(text);
            case bool truth:
                return JsonValue.Create(truth);
            case long whole:
                return JsonValue.Create(whole);
            case double number:
                return double.IsFinite(number) ? JsonValue.Create(number) : null;
            case TorchDict dict:
                var settings = new JsonObject();
                foreach (var (key, item) in dict.Entries.Where(entry => IsPlain(entry.Value)))
                {
                    settings[key] = Json(path, item, depth + 1, ref nodes);
                }

                return settings;
            case TorchTuple or List<object?>:
                var list = new JsonArray();
                foreach (object? item in (value as TorchTuple)?.Items ?? (IEnumerable<object?>)value)
                {
                    list.Add(Json(path, IsPlain(item) ? item : null, depth + 1, ref nodes));
                }

                return list;
            default:
                return null;
        }
    }
}
