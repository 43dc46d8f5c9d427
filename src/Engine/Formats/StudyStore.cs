using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;
using Microsoft.Data.Sqlite;

namespace CausalMixFT.Engine.Formats;

/// <summary>Results of a study on disk: an SQLite file with a write-ahead log, one row a unit.</summary>
/// <remarks>
/// <para>Tables: setting (name, value), what all results depend on; result, one row a unit, unique by (table_name, split, rows,
/// share, arm); claim, which process works at which draw (<see cref="StudyClaims"/>). A share is text, "natural" for the
/// table's own. Labels are bytes, probabilities little-endian 32-bit floats, row-major; lists and names are JSON.</para>
/// <para>A result is one transaction, synced to the disk: after kill -9, or a cut of power, each unit is there as a whole or
/// not at all. A unit that is there already is not replaced.</para>
/// </remarks>
public sealed class StudyStore : IDisposable
{
    const string Schema = """
        CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS result (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            table_name TEXT NOT NULL, split INTEGER NOT NULL, rows INTEGER NOT NULL, share TEXT NOT NULL, arm TEXT NOT NULL,
            class_names TEXT NOT NULL, train_counts TEXT NOT NULL,
            validation_labels BLOB NOT NULL, validation_probabilities BLOB NOT NULL,
            test_labels BLOB NOT NULL, test_probabilities BLOB NOT NULL,
            checkpoints TEXT NOT NULL, best_step INTEGER NOT NULL, quality TEXT NOT NULL, fault TEXT,
            seconds TEXT NOT NULL, peak_bytes INTEGER NOT NULL, elapsed REAL NOT NULL, device TEXT NOT NULL, program TEXT NOT NULL,
            UNIQUE (table_name, split, rows, share, arm));
        CREATE TABLE IF NOT EXISTS claim (
            table_name TEXT NOT NULL, split INTEGER NOT NULL, rows INTEGER NOT NULL, share TEXT NOT NULL,
            owner TEXT NOT NULL, doing TEXT NOT NULL,
            PRIMARY KEY (table_name, split, rows, share)) WITHOUT ROWID;
        """;

    const string Key = "table_name, split, rows, share, arm";

    const string Outcome =
        "class_names, train_counts, validation_labels, validation_probabilities, test_labels, test_probabilities, checkpoints, " +
        "best_step, quality, fault";

    const string Measured = "seconds, peak_bytes, elapsed, device, program";

    const string FormatVersion = "2"; // 2: the generators' defaults are among the settings

    // Writers wait for each other; a transaction takes milliseconds, a slow disk seconds.
    const int BusySeconds = 120;

    static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    StudyStore(string path, SqliteConnection connection) => (Path, Connection) = (path, connection);

    /// <summary>The file.</summary>
    public string Path { get; }

    internal SqliteConnection Connection { get; }

    /// <summary>Opens a store to write to, made where missing.</summary>
    /// <exception cref="InputException">It cannot be opened, or is none.</exception>
    public static StudyStore Open(string path)
    {
        OutputPlace.CheckFile(path);
        if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is string folder)
        {
            Directory.CreateDirectory(folder);
        }

        return Open(path, SqliteOpenMode.ReadWriteCreate);
    }

    /// <summary>Opens a store that exists, to read it.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static StudyStore OpenExisting(string path) => File.Exists(path)
        ? Open(path, SqliteOpenMode.ReadWrite)
        : throw new InputException($"{path}: there is no store of results yet; 'causalmixft study run' makes it.");

    static StudyStore Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        }.ToString());
        var store = new StudyStore(path, connection);
        try
        {
            connection.Open();
            store.Run("PRAGMA journal_mode = WAL");
            store.Run("PRAGMA synchronous = FULL");
            using (var transaction = store.Begin())
            {
                store.Run(Schema);
                transaction.Commit();
            }

            store.Agree("format", FormatVersion);
            return store;
        }
        catch (Exception fault)
        {
            store.Dispose();
            if (fault is SqliteException)
            {
                throw new InputException($"{path}: it cannot be used as a store of results ({fault.Message.TrimEnd('.')}); name another with --store.");
            }

            throw;
        }
    }

    /// <summary>Notes something that all results depend on, or makes sure that it is as it was.</summary>
    /// <exception cref="InputException">It is not.</exception>
    public void Agree(string name, string value)
    {
        // Read first: most of the time nothing is to be written, and a reader waits for nobody.
        string? known = Known();
        if (known is null)
        {
            Run("INSERT INTO setting (name, value) VALUES ($name, $value) ON CONFLICT DO NOTHING", ("$name", name), ("$value", value));
            known = Known();
        }

        if (known != value)
        {
            throw new InputException(
                $"{Path}: its results were made with {name} = {known}, but now it is {value}; keep the old value, or name another store with --store.");
        }

        string? Known()
        {
            using var command = Command("SELECT value FROM setting WHERE name = $name", ("$name", name));
            return (string?)command.ExecuteScalar();
        }
    }

    /// <summary>Adds a result, unless the unit is there already.</summary>
    public void Append(StudyResult result, StudyWork work)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(work);
        var unit = result.Unit;
        Run(
            $"""
            INSERT INTO result ({Key}, {Outcome}, {Measured}) VALUES (
                $table, $split, $rows, $share, $arm, $classNames, $trainCounts, $validationLabels, $validationProbabilities,
                $testLabels, $testProbabilities, $checkpoints, $bestStep, $quality, $fault, $seconds, $peakBytes, $elapsed, $device, $program)
            ON CONFLICT DO NOTHING
            """,
            ("$table", unit.Table), ("$split", unit.Split), ("$rows", unit.Rows), ("$share", StudyDraw.ShareText(unit.Share)), ("$arm", unit.Arm),
            ("$classNames", JsonSerializer.Serialize(result.ClassNames, Json)), ("$trainCounts", JsonSerializer.Serialize(result.TrainCounts, Json)),
            ("$validationLabels", Labels(result.ValidationLabels)), ("$validationProbabilities", Bytes(result.ValidationProbabilities)),
            ("$testLabels", Labels(result.TestLabels)), ("$testProbabilities", Bytes(result.TestProbabilities)),
            ("$checkpoints", JsonSerializer.Serialize(result.Checkpoints, Json)), ("$bestStep", result.BestStep),
            ("$quality", JsonSerializer.Serialize(Sorted(result.Quality), Json)), ("$fault", result.Fault),
            ("$seconds", JsonSerializer.Serialize(Sorted(result.Seconds), Json)), ("$peakBytes", result.PeakBytes),
            ("$elapsed", work.Elapsed), ("$device", work.Device), ("$program", work.Program));
    }

    /// <summary>Units that were done after others, in the order in which they were.</summary>
    /// <param name="after">The number of the last unit that is known; becomes that of the last one that is told.</param>
    public IReadOnlyList<StudyDone> DoneAfter(ref long after)
    {
        var done = new List<StudyDone>();
        using var command = Command($"SELECT {Key}, elapsed, fault, number FROM result WHERE number > $after ORDER BY number", ("$after", after));
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            done.Add(new(Unit(reader), reader.GetDouble(5), reader.IsDBNull(6) ? null : reader.GetString(6)));
            after = reader.GetInt64(7);
        }

        return done;
    }

    /// <summary>Units that are done.</summary>
    public IReadOnlyList<StudyDone> Done()
    {
        long none = 0;
        return DoneAfter(ref none);
    }

    /// <summary>Every result, ordered by unit: the order does not tell who did what when.</summary>
    public IEnumerable<StudyResult> Results()
    {
        using var command = Command($"SELECT {Key}, {Outcome}, seconds, peak_bytes FROM result ORDER BY {Key}");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return new()
            {
                Unit = Unit(reader),
                ClassNames = Parsed<string[]>(reader.GetString(5)),
                TrainCounts = Parsed<int[]>(reader.GetString(6)),
                ValidationLabels = Labels((byte[])reader[7]),
                ValidationProbabilities = Floats((byte[])reader[8]),
                TestLabels = Labels((byte[])reader[9]),
                TestProbabilities = Floats((byte[])reader[10]),
                Checkpoints = Parsed<StudyCheckpoint[]>(reader.GetString(11)),
                BestStep = reader.GetInt32(12),
                Quality = Parsed<Dictionary<string, double>>(reader.GetString(13)),
                Fault = reader.IsDBNull(14) ? null : reader.GetString(14),
                Seconds = Parsed<Dictionary<string, double>>(reader.GetString(15)),
                PeakBytes = reader.GetInt64(16),
            };
        }
    }

    /// <summary>Forgets units that have a fault, so that they are done again.</summary>
    /// <returns>How many there were.</returns>
    public int ForgetFaults() => Run("DELETE FROM result WHERE fault IS NOT NULL");

    /// <summary>Takes the results of another store of the same study, those of units that are not here.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="InputException">The other store's settings are others.</exception>
    public int Merge(string other)
    {
        using (var source = OpenExisting(other))
        {
            foreach (var (name, value) in source.Settings())
            {
                Agree(name, value);
            }
        }

        Run("ATTACH DATABASE $other AS other", ("$other", other));
        try
        {
            return Run($"INSERT OR IGNORE INTO result ({Key}, {Outcome}, {Measured}) SELECT {Key}, {Outcome}, {Measured} FROM other.result ORDER BY number");
        }
        finally
        {
            Run("DETACH DATABASE other");
        }
    }

    /// <summary>What all results depend on, by name.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings()
    {
        var settings = new List<(string, string)>();
        using var command = Command("SELECT name, value FROM setting ORDER BY name");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            settings.Add((reader.GetString(0), reader.GetString(1)));
        }

        return settings;
    }

    /// <inheritdoc/>
    public void Dispose() => Connection.Dispose();

    // Takes the write lock at once: a transaction that begins by reading could lose what it read to another writer.
    internal SqliteTransaction Begin() => Connection.BeginTransaction(deferred: false);

    internal int Run(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    internal SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = Connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    internal static double? Share(string text) => text == "natural" ? null : double.Parse(text, CultureInfo.InvariantCulture);

    static StudyUnit Unit(SqliteDataReader reader) =>
        new(reader.GetString(0), reader.GetInt32(2), Share(reader.GetString(3)), reader.GetInt32(1), reader.GetString(4));

    static byte[] Labels(int[] labels) => Array.ConvertAll(labels, label => checked((byte)label));

    static int[] Labels(byte[] labels) => Array.ConvertAll(labels, label => (int)label);

    static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    static float[] Floats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes).ToArray();

    static SortedDictionary<string, double> Sorted(IReadOnlyDictionary<string, double> values) =>
        new(values.ToDictionary(pair => pair.Key, pair => pair.Value), StringComparer.Ordinal);

    static T Parsed<T>(string json) => JsonSerializer.Deserialize<T>(json, Json)!;
}
