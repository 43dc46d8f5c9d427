using System.Security.Cryptography;
using System.Text.Json;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A table's file: its name, its fingerprint, and what a file beside it says about it.</summary>
public static class TableFile
{
    static readonly string[] Endings = [".csv", ".csv.gz"];

    /// <summary>The file's name without its folder and without .csv or .csv.gz.</summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        string ending = Endings.LastOrDefault(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase), "");
        return name[..^ending.Length];
    }

    /// <summary>The SHA-256 of the file's bytes, in lower-case hexadecimal digits.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static string Sha256(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the file cannot be read ({fault.Message.TrimEnd('.')}); check the path and its permissions.");
        }
    }

    /// <summary>The tables of a folder by name, or the one table that the path names.</summary>
    /// <exception cref="InputException">The folder holds no table.</exception>
    public static IReadOnlyList<string> In(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        string[] tables = [.. Directory.EnumerateFiles(path)
            .Where(file => Endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal)];
        return tables.Length > 0 ? tables : throw new InputException(
            $"{path}: the folder holds no .csv or .csv.gz file; name a table, or a folder with tables.");
    }

    /// <summary>What the file NAME.json beside the table says, or nothing where there is none.</summary>
    /// <remarks>
    /// A JSON object with any of: "target", a column; "id_columns", "leak_columns", "categorical_columns", lists of
    /// columns. Leaks are columns that are only known once the target is. A column that is left out may be listed as categorical too.
    /// Other keys are not read.
    /// </remarks>
    /// <exception cref="InputException">The file is not such an object.</exception>
    public static TableDescription Description(string path)
    {
        string beside = Path.Combine(Path.GetDirectoryName(path) ?? "", NameOf(path) + ".json");
        if (!File.Exists(beside))
        {
            return new(null, new());
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(beside));
            var root = document.RootElement;
            string[] ids = Names("id_columns"), leaks = Names("leak_columns");
            return new(
                root.TryGetProperty("target", out var target) ? target.GetString() : null,
                new() { Id = ids, Drop = leaks, Categorical = [.. Names("categorical_columns").Except(ids).Except(leaks)] });

            string[] Names(string key) => root.TryGetProperty(key, out var names)
                ? [.. names.EnumerateArray().Select(name => name.GetString() ?? "")] : [];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{beside}: it should be a JSON object with \"target\" and lists such as \"id_columns\", but is not ({fault.Message.TrimEnd('.')}); " +
                "correct it or move it away.");
        }
    }
}

/// <summary>What is known of a table before it is read.</summary>
/// <param name="Target">The column to predict, or null.</param>
/// <param name="Csv">Columns to leave out or to read as names.</param>
public sealed record TableDescription(string? Target, CsvOptions Csv);
