using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Evaluation;

namespace CausalMixFT.Engine.Formats;

/// <summary>Records as JSON files: camel case, enums as words, undefined numbers as null, indented.</summary>
static class JsonText
{
    static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // files, not pages: names stay readable
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new UndefinedAsNull(), new KnowledgeAsLines() },
    };

    public static void Write(string path, object content) => AtomicFile.WriteText(path, Of(content) + "\n");

    public static string Of(object content) => JsonSerializer.Serialize(content, Options);
}

/// <summary>Background knowledge as the lines of its file.</summary>
sealed class KnowledgeAsLines : JsonConverter<BackgroundKnowledge>
{
    public override BackgroundKnowledge Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Knowledge is read from its own file.");

    public override void Write(Utf8JsonWriter writer, BackgroundKnowledge value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (string line in KnowledgeText.Lines(value))
        {
            writer.WriteStringValue(line);
        }

        writer.WriteEndArray();
    }
}
