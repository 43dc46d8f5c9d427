using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Where results go: tried before long work begins, and filled as a whole.</summary>
public static class OutputPlace
{
    /// <summary>Makes sure that files can be made in a folder, which may not exist yet; leaves nothing behind.</summary>
    /// <exception cref="InputException">They cannot.</exception>
    public static void CheckFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string? at = Path.GetFullPath(folder);
        while (at is not null && !Directory.Exists(at))
        {
            if (File.Exists(at))
            {
                throw new InputException($"{folder}: '{at}' is a file, but a folder for results was expected; choose another place with --out.");
            }

            at = Path.GetDirectoryName(at);
        }

        try
        {
            string probe = Path.Combine(at ?? "/", $".{Path.GetRandomFileName()}");
            using var _ = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{folder}: results cannot be written there ({fault.Message.TrimEnd('.')}); choose another place with --out " +
                "or change the folder's permissions.");
        }
    }

    /// <summary>Makes sure that a file can be made.</summary>
    /// <exception cref="InputException">It cannot.</exception>
    public static void CheckFile(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (Directory.Exists(file))
        {
            throw new InputException($"{file}: this is a folder, but a file is to be written; name a file with --out.");
        }

        CheckFolder(Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/");
    }

    /// <summary>Makes files in a folder, all or none: they are made beside it and move in when the last is done.</summary>
    /// <remarks>Files of an earlier run with the same names are replaced, others stay.</remarks>
    /// <param name="folder">Made where missing.</param>
    /// <param name="write">Makes the files in the folder that it is given.</param>
    public static void Fill(string folder, Action<string> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(write);
        string place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        bool exists = Directory.Exists(place);

        // A new folder appears by one rename; the parent of an existing one may not be ours to write to.
        string partial = exists ? Path.Combine(place, $".{Environment.ProcessId}.partial") : $"{place}.{Environment.ProcessId}.partial";
        try
        {
            Directory.CreateDirectory(partial);
            write(partial);
            if (!exists)
            {
                Directory.Move(partial, place);
                return;
            }

            foreach (string file in Directory.GetFiles(partial))
            {
                File.Move(file, Path.Combine(place, Path.GetFileName(file)), overwrite: true);
            }

            Directory.Delete(partial);
        }
        catch (Exception fault)
        {
            Remove(partial);
            if (fault is IOException or UnauthorizedAccessException)
            {
                throw new InputException(
                    $"{folder}: results cannot be written there ({fault.Message.TrimEnd('.')}); choose another place with --out.");
            }

            throw;
        }
    }

    // Best effort: the fault that led here is the one to report.
    static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
        }
    }
}
