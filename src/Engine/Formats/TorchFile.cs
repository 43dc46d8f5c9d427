using System.IO.Compression;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>What torch.save wrote: .pt, .pth or .ckpt.</summary>
/// <remarks>
/// Layout (torch 1.6 and later): a zip archive of entries ROOT/data.pkl, a pickle; ROOT/data/KEY, the bytes of each storage;
/// ROOT/byteorder and others. torch compresses nothing, so an entry that is compressed is refused: no archive can grow.
/// </remarks>
static class TorchFile
{
    // Real ones take some tens of kilobytes.
    const long LongestPickle = 16 << 20;

    const int LegacyPickle = 0x80;

    /// <summary>Whether a file that begins with these bytes is a torch file, or a pickle on its own.</summary>
    public static bool Begins(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', 3 or 5, 4 or 6, ..] || IsLegacy(start);

    /// <summary>The object that was saved, as data: see <see cref="Unpickler"/>.</summary>
    /// <exception cref="InputException">The file is damaged, or holds what is refused.</exception>
    public static object? Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            Span<byte> start = stackalloc byte[8];
            if (IsLegacy(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]))
            {
                throw Fault(path, "it is a bare pickle, as torch wrote before version 1.6",
                    "load it with PyTorch and save it anew with torch.save, or as .safetensors");
            }

            file.Position = 0;
            using var archive = new ZipArchive(file, ZipArchiveMode.Read);
            return Read(path, archive, file.Length);
        }
        catch (Exception fault) when (fault is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw Fault(path, $"it is no whole zip archive ({fault.Message.TrimEnd('.')})");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the weights cannot be read ({fault.Message.TrimEnd('.')}); name an existing file.");
        }
    }

    static object? Read(string path, ZipArchive archive, long fileLength)
    {
        var entries = Entries(path, archive, fileLength);
        string[] pickles = [.. entries.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal))];
        if (pickles is not [var pickle])
        {
            throw Fault(path, $"its archive has {pickles.Length} entries data.pkl instead of one");
        }

        string root = pickle[..^"data.pkl".Length];
        if (entries.ContainsKey($"{root}constants.pkl"))
        {
            throw Fault(path, "it is a TorchScript program", "save the model's state_dict() with torch.save instead");
        }

        if (entries.TryGetValue($"{root}byteorder", out var order)
            && !Content(path, order, 16).Span.SequenceEqual("little"u8))
        {
            throw Fault(path, "its numbers are not little-endian (its byteorder says otherwise)", "save it on a little-endian machine");
        }

        var storages = new Dictionary<string, TorchStorage>(StringComparer.Ordinal);
        return Unpickler.Read(path, Content(path, entries[pickle], LongestPickle), Storage, mayGather: fileLength);

        TorchStorage Storage(TorchStorageType type, string key, long elements)
        {
            if (storages.TryGetValue(key, out var known))
            {
                return known.Type == type.Type && known.Elements == elements ? known
                    : throw Fault(path, $"storage {known.Type} [{known.Elements}] is also used as {type.Type} [{elements}]");
            }

            if (!entries.TryGetValue($"{root}data/{key}", out var entry))
            {
                throw Fault(path, "its pickle uses a storage that the archive lacks");
            }

            if (elements < 0 || (UInt128)elements * (UInt128)SafeTensor.Sizes[type.Type] != (UInt128)entry.Length)
            {
                throw Fault(path, $"a storage of {elements} elements of type {type.Type} has {entry.Length} bytes");
            }

            return storages[key] = new(type.Type, elements, Content(path, entry, Array.MaxLength));
        }
    }

    static Dictionary<string, ZipArchiveEntry> Entries(string path, ZipArchive archive, long fileLength)
    {
        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        UInt128 declared = 0;
        foreach (var entry in archive.Entries)
        {
            if (entry.IsEncrypted || entry.Length != entry.CompressedLength)
            {
                throw Fault(path, $"an entry of its archive is encrypted or compressed ({entry.CompressedLength} bytes to {entry.Length})",
                    "save it anew with torch.save, which compresses nothing");
            }

            if (!entries.TryAdd(entry.FullName, entry))
            {
                throw Fault(path, "its archive has two entries of one name");
            }

            declared += (UInt128)Math.Max(0, entry.Length);
        }

        return declared <= (UInt128)fileLength ? entries
            : throw Fault(path, $"its archive declares {declared} bytes in a file of {fileLength}");
    }

    // What is there counts, not only what is declared: a stream that gives more or fewer bytes is refused.
    static ReadOnlyMemory<byte> Content(string path, ZipArchiveEntry entry, long most)
    {
        if (entry.Length > most)
        {
            throw Fault(path, $"an entry of its archive has {entry.Length} bytes, and {most} are the most that are read");
        }

        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        return stream.ReadByte() < 0 ? bytes : throw Fault(path, "an entry of its archive is longer than it declares");
    }

    static bool IsLegacy(ReadOnlySpan<byte> start) => start is [LegacyPickle, >= 1 and <= 5, ..] && (start.Length < 8 || start[7] != 0);

    /// <summary>A fault of a torch file, in one sentence.</summary>
    public static InputException Fault(string path, string what, string advice = "download it again, or save a plain state_dict with torch.save") =>
        new($"{path}: this torch file cannot be read: {what}; {advice}.");
}
