using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Studies;

namespace CausalMixFT.Cli.Tests;

/// <summary>study run, list and merge; and what kill -9 does to a study: nothing.</summary>
public sealed class StudyCommandFacts : IDisposable
{
    // Ten by hand, CAUSALMIXFT_KILLS=10; fewer where many tests wait.
    static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("CAUSALMIXFT_KILLS") ?? "3", CultureInfo.InvariantCulture);

    static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    readonly CommandRun _program = new();

    public StudyCommandFacts()
    {
        Directory.CreateDirectory(_program.At("in", "tables"));
        foreach (string name in (string[])["first", "second"])
        {
            _program.File($"tables/{name}.csv", CommandRun.Table(rows: 160, seed: name.Length));
            _program.File($"tables/{name}.json", "{ \"target\": \"y\" }");
        }

        _program.File("study.toml", """
            name = "brief"
            tables = "tables"
            model = "tiny.safetensors"
            splits = 2

            [skew]
            rows = [40]
            shares = ["natural", 0.3]

            [fine-tuning]
            steps = 4
            learning-rate = 1e-3
            validate-every = 2
            context = 20
            query = 10

            [prediction]
            members = 2
            """ + "\n" + Synthetic);
    }

    // Arms with the same generator and K share a fit, which a resumed process has to come to again.
    const string Synthetic = """
        [[synthetic]]
        generators = ["copula", "smote"]
        per-real = [1]
        validation = ["real", "both"]

        [[synthetic]]
        generators = ["smote"]
        per-real = [1]
        use = ["staged"]
        labels = ["soft"]
        """;

    string StudyPath => _program.At("in", "study.toml");

    public void Dispose() => _program.Dispose();

    [Fact]
    public void A_study_that_is_killed_again_and_again_comes_to_what_an_undisturbed_one_does()
    {
        var clock = Stopwatch.StartNew();
        using (var undisturbed = Started(_program.At("undisturbed.db"), processes: 1))
        {
            EndsWell(undisturbed);
        }

        var whole = Results(_program.At("undisturbed.db"));
        Assert.NotEmpty(whole);
        Assert.All(whole, result => Assert.Null(result.Fault));
        double longest = clock.Elapsed.TotalMilliseconds / Kills;

        string store = _program.At("killed.db");
        var random = new Random(Environment.ProcessId);
        var seen = new Dictionary<StudyUnit, double>();
        int disturbed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            // Every third time two processes work, and the one that started them is killed.
            using var process = Started(store, processes: kill % 3 == 2 ? 2 : 1);
            WaitForMore(process, store, seen.Count);
            Thread.Sleep((int)(random.NextDouble() * longest));
            process.Kill();
            process.WaitForExit();
            disturbed += process.ExitCode == 0 ? 0 : 1;
            WaitForWorkers(store);

            // Whatever was done stays, and is not done again.
            using var opened = StudyStore.OpenExisting(store);
            var done = opened.Done().ToDictionary(unit => unit.Unit, unit => unit.Elapsed);
            Assert.All(seen, unit => Assert.Equal(unit.Value, done[unit.Key]));
            seen = done;
        }

        Assert.True(disturbed > 0, "The study was done before it was disturbed.");
        using (var last = Started(store, processes: 1))
        {
            EndsWell(last);
        }

        using (var opened = StudyStore.OpenExisting(store))
        {
            var done = opened.Done();
            Assert.Equal(whole.Length, done.Count);
            Assert.Equal(whole.Length, done.Select(unit => unit.Unit).Distinct().Count());
            var times = done.ToDictionary(unit => unit.Unit, unit => unit.Elapsed);
            Assert.All(seen, unit => Assert.Equal(unit.Value, times[unit.Key]));
        }

        AssertSame(whole, Results(store));
        Assert.Empty(Directory.GetFiles(_program.At(), "*.worker"));
    }

    [Fact]
    public void Two_processes_and_two_machines_come_to_the_same()
    {
        Run("--store", _program.At("one.db"));
        Assert.Contains("Done: 80 of 80 units", _program.Output, StringComparison.Ordinal);
        using (var two = Started(_program.At("two.db"), processes: 2))
        {
            EndsWell(two);
        }

        Run("--store", _program.At("left.db"), "--shard", "1/2");
        Assert.Contains("40 units in part 1/2", _program.Output, StringComparison.Ordinal);
        Run("--store", _program.At("right.db"), "--shard", "2/2");
        _program.RunsWell("study", "merge", StudyPath, "--store", _program.At("left.db"), "--from", _program.At("right.db"));
        Assert.Contains("40 results taken", _program.Output, StringComparison.Ordinal);

        var whole = Results(_program.At("one.db"));
        AssertSame(whole, Results(_program.At("two.db")));
        AssertSame(whole, Results(_program.At("left.db")));

        _program.RunsWell("study", "list", StudyPath, "--store", _program.At("left.db"));
        Assert.Contains("Study: brief", _program.Output, StringComparison.Ordinal);
        Assert.Contains("first", _program.Output, StringComparison.Ordinal);
        _program.RunsWell("study", "report", StudyPath, "--store", _program.At("left.db"));
        Assert.Contains("un-tuned", File.ReadAllText(_program.At("left-report", "index.html")), StringComparison.Ordinal);
        Assert.Equal(1 + 80, File.ReadAllLines(_program.At("left-report", "measures.csv")).Length);

        _program.RunsWell("study", "list", StudyPath, "--store", _program.At("left.db"));
        Assert.Matches(@"All\s+│\s+80 │\s+80 │\s+0 │\s+0 │\s+0 │", _program.Output);
    }

    [Fact]
    public void A_study_can_grow_but_not_change()
    {
        string text = File.ReadAllText(StudyPath).Replace(Synthetic, "", StringComparison.Ordinal);
        File.WriteAllText(StudyPath, "references = [\"logistic\"]\n" + text);
        Run();
        Assert.Contains("Done: 8 of 8 units", _program.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(_program.At("in", "study.db")));
        File.WriteAllText(StudyPath, "references = [\"logistic\", \"un-tuned\"]\n" + text);
        Run();
        Assert.Contains("Done: 16 of 16 units", _program.Output, StringComparison.Ordinal);
        File.WriteAllText(StudyPath, File.ReadAllText(StudyPath).Replace("steps = 4", "steps = 5", StringComparison.Ordinal));
        Refuses("results were made with fine-tuning = ", "study", "run", StudyPath, "--device", "cpu");
    }

    [Fact]
    public void Options_of_a_generator_make_new_units_and_leave_old_ones_done()
    {
        string text = "references = [\"un-tuned\"]\n" + File.ReadAllText(StudyPath).Replace(Synthetic, "", StringComparison.Ordinal);
        File.WriteAllText(StudyPath, text + Block("smote", ""));
        Run();
        Assert.Contains("Done: 16 of 16 units", _program.Output, StringComparison.Ordinal);
        var before = Results(_program.At("in", "study.db"));

        // As it would be anyway: nothing is left.
        File.WriteAllText(StudyPath, text + Block("smote", "options = { k = 5 }"));
        _program.RunsWell("study", "list", StudyPath);
        Assert.Matches(@"smote K=1 mixed hard\s+│\s+8 │\s+8 │\s+0 │\s+0 │\s+0 │", _program.Output);
        Assert.Matches(@"All\s+│\s+16 │\s+16 │\s+0 │\s+0 │\s+0 │", _program.Output);

        // Two generators more: their units alone are left, and the report says so.
        File.WriteAllText(StudyPath, text + Block("smote", "") + Block("smote", "options = { k = 1 }") + Block("scm", "options = { alpha = 0.1, no-trees = true }"));
        _program.RunsWell("study", "list", StudyPath);
        Assert.Matches(@"smote k=1 K=1 mixed hard\s+│\s+8 │\s+0 │\s+0 │\s+0 │\s+8 │", _program.Output);
        Assert.Matches(@"All\s+│\s+32 │\s+16 │\s+0 │\s+0 │\s+16 │", _program.Output);
        Run("--shard", "1/2");
        _program.RunsWell("study", "report", StudyPath);
        Assert.Contains("Unfinished: 24 of 32 units are done", _program.Output, StringComparison.Ordinal);
        string page = File.ReadAllText(_program.At("in", "study-report", "index.html"));
        Assert.Contains("Done in part: 4 of 8 units of smote k=1 K=1 mixed hard and scm alpha=0.1 no-trees=true K=1 mixed hard.", page, StringComparison.Ordinal);
        Run();
        Assert.Contains("Done: 32 of 32 units", _program.Output, StringComparison.Ordinal);
        var after = Results(_program.At("in", "study.db"));
        AssertSame(before, [.. after.Where(result => result.Unit.Arm is "un-tuned" or "smote K=1 mixed hard")]);
        Assert.All(after, result => Assert.Null(result.Fault));
        Assert.All(after.Where(result => result.Unit.Arm == "smote k=1 K=1 mixed hard"), one => Assert.NotEqual(
            before.Single(other => other.Unit == one.Unit with { Arm = "smote K=1 mixed hard" }).Checkpoints, one.Checkpoints));

        static string Block(string generator, string options) => $"\n[[synthetic]]\ngenerators = [\"{generator}\"]\nper-real = [1]\n{options}\n";
    }

    [Fact]
    public void Wrong_requests_are_refused_in_one_sentence()
    {
        Refuses("run, list, report and merge", "study", "walk", StudyPath);
        Refuses("no store of results yet", "study", "list", StudyPath);
        Refuses("--shard is 3/2", "study", "run", StudyPath, "--shard", "3/2");
        Refuses("--shard is half", "study", "run", StudyPath, "--shard", "half");
        Refuses("--processes is 0", "study", "run", StudyPath, "--processes", "0");
        Refuses("--from is missing", "study", "merge", StudyPath);
        Refuses("stands in the study's file", "study", "run", StudyPath, "--seed", "3");
        Refuses("cannot be read", "study", "run", _program.At("in", "nothing.toml"));
        File.WriteAllText(StudyPath, "include = [\"third\"]\n" + File.ReadAllText(StudyPath));
        Refuses("no table 'third'", "study", "run", StudyPath);
        Assert.Empty(_program.Left());
    }

    void Run(params string[] options) => _program.RunsWell(["study", "run", StudyPath, "--device", "cpu", "--threads", "1", .. options]);

    void Refuses(string expected, params string[] args)
    {
        Assert.Equal(1, _program.Run(args));
        Assert.StartsWith("causalmixft: ", _program.Error, StringComparison.Ordinal);
        Assert.Single(_program.Error.TrimEnd().Split('\n'));
        Assert.Contains(expected, _program.Error, StringComparison.Ordinal);
    }

    // The program as a process of its own, which alone can be killed.
    Process Started(string store, int processes)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            typeof(Application).Assembly.Location, "study", "run", StudyPath, "--store", store, "--device", "cpu", "--threads", "1",
            "--processes", processes.ToString(CultureInfo.InvariantCulture),
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    static void EndsWell(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(Longest), "The study did not end.");
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {error}{output.Result}");
    }

    // Until the process has done something that was not done before, or all is done.
    static void WaitForMore(Process process, string store, int before)
    {
        var clock = Stopwatch.StartNew();
        while (!process.HasExited && Count(store) <= before)
        {
            Assert.True(clock.Elapsed < Longest, "The study does not go on.");
            Thread.Sleep(20);
        }
    }

    static int Count(string store)
    {
        if (!File.Exists(store))
        {
            return 0;
        }

        using var opened = StudyStore.OpenExisting(store);
        return opened.Done().Count;
    }

    // Processes whose parent was killed end on their own, by the end of their input.
    static void WaitForWorkers(string store)
    {
        var clock = Stopwatch.StartNew();
        using var opened = StudyStore.OpenExisting(store);
        while (StudyClaims.Working(opened).Count > 0)
        {
            Assert.True(clock.Elapsed < Longest, "A process outlives its parent.");
            Thread.Sleep(20);
        }
    }

    static StudyResult[] Results(string store)
    {
        using var opened = StudyStore.OpenExisting(store);
        return [.. opened.Results()];
    }

    // All but what was measured: seconds and memory.
    static void AssertSame(StudyResult[] expected, StudyResult[] actual)
    {
        Assert.Equal(expected.Select(result => result.Unit), actual.Select(result => result.Unit));
        foreach (var (one, other) in expected.Zip(actual))
        {
            Assert.Equal(one.ClassNames, other.ClassNames);
            Assert.Equal(one.TrainCounts, other.TrainCounts);
            Assert.Equal(one.ValidationLabels, other.ValidationLabels);
            Assert.Equal(one.ValidationProbabilities, other.ValidationProbabilities);
            Assert.Equal(one.TestLabels, other.TestLabels);
            Assert.Equal(one.TestProbabilities, other.TestProbabilities);
            Assert.Equal(one.Checkpoints, other.Checkpoints);
            Assert.Equal(one.BestStep, other.BestStep);
            Assert.Equal(one.Quality.OrderBy(pair => pair.Key, StringComparer.Ordinal), other.Quality.OrderBy(pair => pair.Key, StringComparer.Ordinal));
            Assert.Equal(one.Fault, other.Fault);
        }
    }
}
