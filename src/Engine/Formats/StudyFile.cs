using System.Globalization;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;
using Tomlyn;
using Tomlyn.Model;
using Tomlyn.Serialization;

namespace CausalMixFT.Engine.Formats;

/// <summary>A study, as a person writes it down: TOML, described in docs/study.md.</summary>
public static class StudyFile
{
    static readonly (string Word, StudyArm Arm)[] ReferenceWords =
    [
        ("un-tuned", new(ArmKind.Untuned)), ("prior-corrected", new(ArmKind.PriorCorrected)), ("logistic", new(ArmKind.Logistic)),
        ("boosted", new(ArmKind.Boosted)), ("real", new(ArmKind.Real)),
    ];

    /// <summary>Reads a study; paths in it are taken from its own folder.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InputException">It is no study.</exception>
    public static Study Read(string path)
    {
        var places = new TomlMetadataStore();
        var root = new Keys(path, "", Parse(path, places), places);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        var study = new Study
        {
            Name = root.Text("name", Path.GetFileNameWithoutExtension(path)),
            Tables = Path.GetFullPath(Path.Combine(folder, root.Text("tables", "."))),
        };
        var skew = root.Table("skew");
        var tuning = root.Table("fine-tuning");
        var prediction = root.Table("prediction");
        study = study with
        {
            Seed = (ulong)root.Whole("seed", (long)study.Seed, 0, long.MaxValue),
            Include = root.Texts("include", []),
            Model = root.Text("model", "") is { Length: > 0 } model ? Path.GetFullPath(Path.Combine(folder, model)) : null,
            Splits = (int)root.Whole("splits", study.Splits, 1, 1000),
            TestShare = root.Number("test-share", study.TestShare, 0.05, 0.9),
            MaxTestRows = (int)root.Whole("max-test-rows", study.MaxTestRows, 10, int.MaxValue),
            Quality = root.Flag("quality", study.Quality),
            Rows = [.. skew.Wholes("rows", study.Rows, 4, 1_000_000)],
            Shares = skew.Shares("shares", study.Shares),
            ValidationPerRow = skew.Number("validation-per-row", study.ValidationPerRow, 0.05, 1),
            Arms = Arms(root),
            FineTuning = FineTuning(tuning),
            Prediction = Prediction(prediction),
        };
        foreach (var keys in (Keys[])[skew, tuning, prediction, root])
        {
            keys.CheckRest();
        }

        return study;
    }

    static TomlTable Parse(string path, TomlMetadataStore places)
    {
        try
        {
            return TomlSerializer.Deserialize<TomlTable>(File.ReadAllText(path), new TomlSerializerOptions { MetadataStore = places }) ?? [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: the study cannot be read ({fault.Message.TrimEnd('.')}); check the path and its permissions.");
        }
        catch (TomlException fault)
        {
            throw new InputException($"{path}: it should be a study in TOML, but is not ({fault.Message.ReplaceLineEndings(" ").TrimEnd('.')}); correct it.");
        }
    }

    static StudyArm[] Arms(Keys root)
    {
        var arms = new List<StudyArm>();
        foreach (string word in root.Texts("references", [.. ReferenceWords.Select(pair => pair.Word)]))
        {
            arms.Add(ReferenceWords.FirstOrDefault(pair => pair.Word == word).Arm ?? throw root.Fault(
                "references", $"'{word}'", $"one of {string.Join(", ", ReferenceWords.Select(pair => pair.Word))}"));
        }

        foreach (var keys in root.Tables("synthetic"))
        {
            arms.AddRange(StudyArm.Product(
                Generators(keys),
                keys.Numbers("per-real", [0.5, 1, 2, 5], 0.01, 1000),
                keys.Words("use", [SyntheticUse.Mixed]),
                keys.Words("labels", [SyntheticLabels.Hard]),
                [.. keys.Words("validation", [ValidationWord.Real]).Select(word => word == ValidationWord.Both)]));
            keys.CheckRest();
        }

        // Blocks may overlap; an arm stands where it is named first.
        StudyArm[] distinct = [.. arms.DistinctBy(arm => arm.Name)];
        return distinct.Length > 0 ? distinct : throw root.Fault("references", "empty and there is no [[synthetic]]", "an arm at the least");
    }

    // Options are for every generator of the block: two blocks can ask for one generator with different options.
    static string[] Generators(Keys keys)
    {
        var names = keys.Texts("generators", null);
        var options = keys.Table("options");
        return [.. names.Select(name => WithOptions(name)).Distinct()];

        string WithOptions(string name)
        {
            string at = "generators";
            try
            {
                _ = GeneratorChoice.Of(name, []);
                return GeneratorChoice.Of(name, options.Present.Select(word => (at = word, options.Written(word)))).ToString();
            }
            catch (InputException fault)
            {
                throw (at == "generators" ? keys : options).Fault(at, fault);
            }
        }
    }

    static FineTuneOptions FineTuning(Keys keys)
    {
        var defaults = new FineTuneOptions();
        double rate = keys.Number("learning-rate", double.NaN, 1e-9, 1);
        var rates = keys.Numbers("rates-to-try", [], 1e-9, 1);
        return defaults with
        {
            Steps = (int)keys.Whole("steps", defaults.Steps, 1, 1_000_000),
            LearningRate = double.IsNaN(rate) ? null : (float)rate,
            RatesToTry = rates.Count > 0 ? [.. rates.Order().Select(tried => (float)tried)] : defaults.RatesToTry,
            WarmUp = (float)keys.Number("warm-up", defaults.WarmUp, 0, 1),
            WeightDecay = (float)keys.Number("weight-decay", defaults.WeightDecay, 0, 10),
            ClipNorm = (float)keys.Number("clip-norm", defaults.ClipNorm, 1e-6, 1e6),
            ContextRows = (int)keys.Whole("context", defaults.ContextRows, 4, 100_000),
            QueryRows = (int)keys.Whole("query", defaults.QueryRows, 1, 100_000),
            ValidateEvery = (int)keys.Whole("validate-every", defaults.ValidateEvery, 1, 1_000_000),
            Patience = (int)keys.Whole("patience", defaults.Patience, 1, 1_000_000),
            ValidationRows = (int)keys.Whole("validation-rows", defaults.ValidationRows, 1, 1_000_000),
        };
    }

    static PredictionOptions Prediction(Keys keys)
    {
        var defaults = new PredictionOptions();
        return defaults with
        {
            MaxContext = (int)keys.Whole("max-context", defaults.MaxContext, 4, 1_000_000),
            ContextDraw = keys.Word("context-draw", defaults.ContextDraw),
            Members = (int)keys.Whole("members", defaults.Members, 1, 64),
            TabPfnMembers = (int)keys.Whole("tabpfn-members", defaults.TabPfnMembers, 1, 64),
        };
    }

    enum ValidationWord
    {
        Real,
        Both,
    }

    // The keys of one TOML table: each is asked for once, and one that nobody asked for is a mistake.
    sealed class Keys(string path, string place, TomlTable table, TomlMetadataStore places)
    {
        readonly HashSet<string> _asked = new(StringComparer.Ordinal);

        public IEnumerable<string> Present => table.Keys;

        public InputException Fault(string key, string found, string expected) => new(
            $"{At(key)}: '{place}{key}' is {found}, but {expected} was expected; docs/study.md describes the keys.");

        public InputException Fault(string key, InputException fault) => new($"{At(key)}: {fault.Message}");

        // The value as a person writes it on the command line.
        public string Written(string key) => Find(key) switch
        {
            bool flag => flag ? "true" : "false",
            long or double => Shown(table[key]),
            var other => Shown(other!),
        };

        public void CheckRest()
        {
            if (table.Keys.FirstOrDefault(key => !_asked.Contains(key)) is string stray)
            {
                throw new InputException(
                    $"{At(stray)}: there is no key '{place}{stray}' in a study; {string.Join(", ", _asked.Order(StringComparer.Ordinal))} are the keys there.");
            }
        }

        public string Text(string key, string preset) => Find(key) switch
        {
            null => preset,
            string text => text,
            var other => throw Fault(key, Shown(other), "text in quotes"),
        };

        public bool Flag(string key, bool preset) => Find(key) switch
        {
            null => preset,
            bool flag => flag,
            var other => throw Fault(key, Shown(other), "true or false"),
        };

        public long Whole(string key, long preset, long least, long most) =>
            Find(key) is { } value ? Whole(key, value, least, most) : preset;

        public double Number(string key, double preset, double least, double most) =>
            Find(key) is { } value ? Number(key, value, least, most) : preset;

        public IReadOnlyList<string> Texts(string key, IReadOnlyList<string>? preset) => List(
            key, preset, value => value as string ?? throw Fault(key, Shown(value), "a list of texts"), "a list of texts");

        public IReadOnlyList<int> Wholes(string key, IReadOnlyList<int> preset, int least, int most) =>
            List(key, preset, value => (int)Whole(key, value, least, most), "a list of whole numbers");

        public IReadOnlyList<double> Numbers(string key, IReadOnlyList<double> preset, double least, double most) =>
            List(key, preset, value => Number(key, value, least, most), "a list of numbers");

        public IReadOnlyList<double?> Shares(string key, IReadOnlyList<double?> preset) => List<double?>(
            key, preset, value => value is "natural" ? null : Number(key, value, 1e-6, 1 - 1e-6), "a list of shares and \"natural\"");

        public IReadOnlyList<T> Words<T>(string key, IReadOnlyList<T> preset)
            where T : struct, Enum => List(key, preset, value => Choice<T>(key, value, "a list of "), "a list of words");

        public T Word<T>(string key, T preset)
            where T : struct, Enum => Find(key) is { } value ? Choice<T>(key, value, "one of ") : preset;

        T Choice<T>(string key, object value, string expected)
            where T : struct, Enum =>
            value is string word && Enum.GetValues<T>().Where(choice => Word(choice) == word).ToArray() is [var found]
                ? found : throw Fault(key, Shown(value), expected + string.Join(", ", Enum.GetValues<T>().Select(Word)));

        public Keys Table(string key) => Find(key) switch
        {
            null => new(path, $"{place}{key}.", [], places),
            TomlTable inner => new(path, $"{place}{key}.", inner, places),
            var other => throw Fault(key, Shown(other), $"a table [{place}{key}]"),
        };

        public IEnumerable<Keys> Tables(string key) => Find(key) switch
        {
            null => [],
            TomlTableArray inner => inner.Select(item => new Keys(path, $"{place}{key}.", item, places)),
            var other => throw Fault(key, Shown(other), $"a list of tables [[{key}]]"),
        };

        // The file, and the line of a key that is there.
        string At(string key) => places.TryGetProperties(table, out var known) && known!.TryGetProperty(key, out var found)
            ? string.Create(CultureInfo.InvariantCulture, $"{path}, line {found!.Span.Start.Line + 1}") : path;

        object? Find(string key)
        {
            _asked.Add(key);
            return table.TryGetValue(key, out object? value) ? value : null;
        }

        IReadOnlyList<T> List<T>(string key, IReadOnlyList<T>? preset, Func<object, T> read, string expected)
        {
            var found = Find(key);
            if (found is null && preset is not null)
            {
                return preset;
            }

            var list = found as TomlArray ?? throw Fault(key, found is null ? "missing" : Shown(found), expected);
            T[] values = [.. list.Select(value => read(value!)).Distinct()];
            return values.Length > 0 || key is "references" or "include" ? values : throw Fault(key, "empty", expected);
        }

        long Whole(string key, object value, long least, long most) => value is long whole && whole >= least && whole <= most
            ? whole
            : throw Fault(key, Shown(value), string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));

        double Number(string key, object value, double least, double most)
        {
            double number = value switch { long whole => whole, double real => real, _ => double.NaN };
            return number >= least && number <= most
                ? number
                : throw Fault(key, Shown(value), string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
        }

        static string Shown(object value) => value switch
        {
            string text => $"'{text}'",
            TomlTable => "a table",
            TomlArray or TomlTableArray => "a list",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };

        static string Word<T>(T choice)
            where T : struct, Enum => choice.ToString().ToLowerInvariant();
    }
}
