using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Which process works at which draw of a study, so that no two work at the same one.</summary>
/// <remarks>
/// <para>A claim is a row of the store. It holds while its owner lives, and an owner lives while it holds the lock of a file
/// beside the store, STORE.PROCESS-NUMBER.worker. The system lets go of the lock when the process ends, however it ends, so a
/// claim of a killed process is void at once: no heartbeat to miss, no time to wait, no process number to mistake for another.</para>
/// <para>Claims are for one machine: several machines take shards, each with a store of its own. Should two processes work at
/// one draw after all, the store keeps the first of two equal results.</para>
/// </remarks>
public sealed class StudyClaims : IDisposable
{
    const string Ending = ".worker";

    static int _count;

    readonly StudyStore _store;
    readonly string _owner;
    readonly FileStream _lock;

    /// <summary>An owner of claims, alive until it is disposed or its process ends.</summary>
    public StudyClaims(StudyStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;

        // One process at a time makes and removes files: a new one has no lock for a moment, and must not be taken for a dead one's.
        using var transaction = store.Begin();
        Sweep(store.Path);
        (_owner, _lock) = Lock(store.Path);

        // A process that was killed may have had the same number, and have left claims.
        ReleaseAll();
        transaction.Commit();
    }

    /// <summary>Claims the first of some draws that nobody else works at.</summary>
    /// <param name="draws">Draws that are to be done, in order.</param>
    /// <returns>The draw, or null if others work at each of them.</returns>
    public StudyDraw? Next(IEnumerable<StudyDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(draws);
        using var transaction = _store.Begin();
        var claimed = Living(Read());
        var draw = draws.FirstOrDefault(draw => !claimed.Contains(draw));
        if (draw is not null)
        {
            _store.Run(
                "INSERT INTO claim (table_name, split, rows, share, owner, doing) VALUES ($table, $split, $rows, $share, $owner, '')",
                ("$table", draw.Table), ("$split", draw.Split), ("$rows", draw.Rows), ("$share", StudyDraw.ShareText(draw.Share)), ("$owner", _owner));
        }

        transaction.Commit();
        return draw;
    }

    /// <summary>Says what is being done with the draw that was claimed.</summary>
    public void Tell(string doing) => _store.Run("UPDATE claim SET doing = $doing WHERE owner = $owner", ("$doing", doing), ("$owner", _owner));

    /// <summary>Gives back whatever was claimed.</summary>
    public void ReleaseAll() => _store.Run("DELETE FROM claim WHERE owner = $owner", ("$owner", _owner));

    /// <summary>What each living process is at.</summary>
    public static IReadOnlyList<(StudyDraw Draw, string Doing)> Working(StudyStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return [.. Read(store).Where(claim => Lives(store.Path, claim.Owner)).Select(claim => (claim.Draw, claim.Doing))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var transaction = _store.Begin();
        ReleaseAll();
        _lock.Dispose();
        Sweep(_store.Path);
        transaction.Commit();
    }

    // Drops the claims of the dead, with their files, and tells what the others have.
    HashSet<StudyDraw> Living(IReadOnlyList<(StudyDraw Draw, string Owner, string Doing)> claims)
    {
        var living = new HashSet<StudyDraw>();
        foreach (var owned in claims.GroupBy(claim => claim.Owner))
        {
            if (Lives(_store.Path, owned.Key))
            {
                living.UnionWith(owned.Select(claim => claim.Draw));
                continue;
            }

            _store.Run("DELETE FROM claim WHERE owner = $owner", ("$owner", owned.Key));
            Remove(LockFile(_store.Path, owned.Key));
        }

        return living;
    }

    List<(StudyDraw Draw, string Owner, string Doing)> Read() => Read(_store);

    static List<(StudyDraw Draw, string Owner, string Doing)> Read(StudyStore store)
    {
        var claims = new List<(StudyDraw, string, string)>();
        using var command = store.Command("SELECT table_name, split, rows, share, owner, doing FROM claim ORDER BY table_name, split, rows, share");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            claims.Add((
                new(reader.GetString(0), reader.GetInt32(2), StudyStore.Share(reader.GetString(3)), reader.GetInt32(1)),
                reader.GetString(4),
                reader.GetString(5)));
        }

        return claims;
    }

    static bool Lives(string store, string owner)
    {
        try
        {
            using var taken = new FileStream(LockFile(store, owner), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    static (string Owner, FileStream Lock) Lock(string store)
    {
        for (int attempt = 0; ; attempt++)
        {
            string owner = $"{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
            try
            {
                return (owner, new FileStream(LockFile(store, owner), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1));
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Another process may be trying whether an older owner of this name lives; a few more names will do.
                if (attempt == 10)
                {
                    throw new InputException(
                        $"{LockFile(store, owner)}: a file that tells that this process is at work cannot be made ({fault.Message.TrimEnd('.')}); name another store with --store.");
                }
            }
        }
    }

    static string LockFile(string store, string owner) => $"{store}.{owner}{Ending}";

    // Removes the files of the dead, as far as that can be done: they mean nothing.
    static void Sweep(string store)
    {
        string full = Path.GetFullPath(store), prefix = Path.GetFileName(full) + ".";
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(full)!, $"*{Ending}"))
        {
            string name = Path.GetFileName(file);
            if (name.StartsWith(prefix, StringComparison.Ordinal) && !Lives(store, name[prefix.Length..^Ending.Length]))
            {
                Remove(file);
            }
        }
    }

    static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
        }
    }
}
