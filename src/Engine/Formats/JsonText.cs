using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
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
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new UndefinedAsNull() },
    };

    public static void Write(string path, object content) =>
        AtomicFile.WriteText(path, JsonSerializer.Serialize(content, Options) + "\n");
}
