using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Files that are there whole or not at all: written beside their place, then renamed into it.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Makes the file at <paramref name="path"/>, replacing what was there; its folder is made where missing.
    /// </summary>
    /// <remarks>When <paramref name="write"/> throws, the old file stays and nothing half-written is left behind.</remarks>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        if (Directory.Exists(path))
        {
            throw new InputException($"{path}: this is a folder, but a file is to be written; name a file with --out.");
        }

        string beside = $"{path}.{Environment.ProcessId}.partial";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
            {
                Directory.CreateDirectory(folder);
            }

            using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception fault)
        {
            Remove(beside);
            if (fault is IOException or UnauthorizedAccessException)
            {
                throw new InputException(
                    $"{path}: the file cannot be written ({fault.Message.TrimEnd('.')}); choose another place with " +
                    "--out " +
                    "or change the folder's permissions.");
            }

            throw;
        }
    }

    /// <summary>Makes a file of UTF-8 text without a byte-order mark.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream =>
        {
            using var writer = new StreamWriter(stream);
            writer.Write(text);
        });

    // Best effort: the fault that led here is the one to report.
    static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
        }
    }
}
