using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Formats;

/// <summary>All switches of a <see cref="TransformerConfig"/> as JSON: snake case, enums as words.</summary>
static class ConfigJson
{
    static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static string Text(TransformerConfig config) => JsonSerializer.Serialize(config, Options);

    /// <summary>Reads them; a switch that is not given has its default.</summary>
    /// <exception cref="InputException">A switch is unknown to this program or has no such value.</exception>
    public static TransformerConfig Read(string path, string text)
    {
        try
        {
            return JsonSerializer.Deserialize<TransformerConfig>(text, Options) ?? throw new JsonException();
        }
        catch (JsonException fault)
        {
            throw new InputException(
                $"{path}: metadata 'config' is not understood at '{fault.Path}'; the file is damaged or of a newer version of this program.");
        }
    }

    /// <summary>The switches in which a config differs from another, with its own values.</summary>
    public static IReadOnlyList<(string Name, string Value)> Differences(TransformerConfig config, TransformerConfig other)
    {
        var others = Node(other);
        return [.. Node(config).Where(entry => !JsonNode.DeepEquals(entry.Value, others[entry.Key]))
            .Select(entry => (entry.Key, entry.Value!.ToString()))];
    }

    static JsonObject Node(TransformerConfig config) => JsonSerializer.SerializeToNode(config, Options)!.AsObject();
}
