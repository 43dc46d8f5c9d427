using System.Security.Cryptography;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>A layout in which models can be written.</summary>
public enum ModelExport
{
    /// <summary>This program's own.</summary>
    Own,

    /// <summary>TabPFN's, for tabpfn 8.</summary>
    TabPfn,

    /// <summary>nanoTabPFN's names, as safetensors.</summary>
    Nano,
}

/// <summary>Models as files: safetensors, and torch files without running them; the content decides which, and whose.</summary>
public static class ModelFile
{
    /// <summary>Reads a model of any layout.</summary>
    /// <exception cref="InputException">The file is missing, is no model, or its tensors do not fit its sizes.</exception>
    public static TabularModel Read(string path) => Read(path, heads: null);

    /// <summary>Reads a model whose attention heads are known where its file does not tell them.</summary>
    internal static TabularModel Read(string path, int? heads)
    {
        using var file = Checkpoint.Open(path);
        return ModelLayout.Of(file).Read(file, heads);
    }

    /// <summary>Reads a model that lies in a stream; <paramref name="name"/> is what faults call it.</summary>
    internal static TabularModel Read(string name, Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        using var parsed = SafeTensors.Parse(name, bytes.ToArray());
        var file = new Checkpoint(name, parsed.Tensors, parsed.Metadata);
        return ModelLayout.Of(file).Read(file, heads: null);
    }

    /// <summary>Writes a model in this program's layout; the same model gives the same bytes.</summary>
    public static void Write(TabularModel model, string path) => OwnLayout.Write(model, path);

    /// <summary>Writes a model for another program.</summary>
    /// <exception cref="InputException">That program has no such model, or the file cannot be written.</exception>
    public static void Export(TabularModel model, string path, ModelExport layout)
    {
        Action<TabularModel, string> write = layout switch
        {
            ModelExport.TabPfn => TabPfnLayout.Write,
            ModelExport.Nano => NanoTabPfnLayout.Write,
            _ => OwnLayout.Write,
        };
        write(model, path);
    }

    /// <summary>What a file is, down to its tensors.</summary>
    /// <exception cref="InputException">As <see cref="Read(string)"/>.</exception>
    public static ModelDescription Describe(string path)
    {
        using var file = Checkpoint.Open(path);
        var layout = ModelLayout.Of(file);
        var model = layout.Read(file, heads: null);
        using var stream = File.OpenRead(path);
        string hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        return new(
            layout.Name, model, [.. file.Tensors.Select(entry => new TensorDescription(entry.Key, entry.Value.Shape, entry.Value.Type))],
            stream.Length, hash, ReleasedModel.Find(hash));
    }
}
