using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>Results on disk, and who works at what.</summary>
public sealed class StudyStoreFacts : IDisposable
{
    static readonly StudyWork Work = new(1.5, "test device", "0.0");

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("causalmixft-store-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_result_is_read_back_to_the_bit()
    {
        var results = new[] { Result("b"), Result("a") with { Unit = new("t", 300, 0.05, 1, "a") }, Result("c") with { Fault = "no luck" } };
        using (var store = Open())
        {
            Assert.All(results, result => store.Append(result, Work));
        }

        using var again = Open();
        StudyResult[] read = [.. again.Results()];
        Assert.Equal(["b", "c", "a"], read.Select(result => result.Unit.Arm)); // by split, then arm
        Assert.All(read, result => AssertSame(results.Single(other => other.Unit == result.Unit), result));
        Assert.Equal([null, null, "no luck"], again.Done().Select(done => done.Fault));
    }

    [Fact]
    public void A_unit_that_is_there_is_not_replaced()
    {
        using var store = Open();
        store.Append(Result("a"), Work);
        store.Append(Result("a") with { BestStep = 99 }, Work);
        Assert.Equal(20, Assert.Single(store.Results()).BestStep);
    }

    [Fact]
    public void Only_what_is_new_is_told_to_those_who_ask_again()
    {
        using StudyStore store = Open(), other = Open();
        long last = 0;
        store.Append(Result("a"), Work);
        Assert.Equal("a", Assert.Single(other.DoneAfter(ref last)).Unit.Arm);
        Assert.Empty(other.DoneAfter(ref last));
        store.Append(Result("b"), Work);
        Assert.Equal("b", Assert.Single(other.DoneAfter(ref last)).Unit.Arm);
    }

    [Fact]
    public void Faults_can_be_forgotten()
    {
        using var store = Open();
        store.Append(Result("a"), Work);
        store.Append(Result("b") with { Fault = "no luck" }, Work);
        Assert.Equal(1, store.ForgetFaults());
        Assert.Equal("a", Assert.Single(store.Done()).Unit.Arm);
    }

    [Fact]
    public void Results_of_other_settings_do_not_mix()
    {
        using (var store = Open())
        {
            store.Agree("seed", "1");
            store.Agree("seed", "1");
        }

        using var again = Open();
        var fault = Assert.Throws<InputException>(() => again.Agree("seed", "2"));
        Assert.Contains("made with seed = 1, but now it is 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stores_of_several_machines_become_one()
    {
        using (var other = Open("other.db"))
        {
            other.Agree("seed", "1");
            other.Append(Result("a") with { BestStep = 99 }, Work);
            other.Append(Result("b"), Work);
        }

        using var store = Open();
        store.Agree("seed", "1");
        store.Append(Result("a"), Work);
        Assert.Equal(1, store.Merge(At("other.db")));
        Assert.Equal(0, store.Merge(At("other.db")));
        Assert.Equal([20, 20], store.Results().Select(result => result.BestStep));

        using var stranger = Open("stranger.db");
        stranger.Agree("seed", "2");
        Assert.Throws<InputException>(() => stranger.Merge(At("other.db")));
        Assert.Empty(stranger.Done());
    }

    [Fact]
    public void What_is_no_store_is_refused_and_left_alone()
    {
        File.WriteAllText(At("notes.db"), new string('x', 4096));
        Assert.Contains("cannot be used as a store", Assert.Throws<InputException>(() => Open("notes.db")).Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 4096), File.ReadAllText(At("notes.db")));
        Assert.Contains("no store", Assert.Throws<InputException>(() => StudyStore.OpenExisting(At("none.db"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_claims_what_another_works_at()
    {
        StudyDraw[] draws = [new("t", 100, null, 0), new("t", 100, 0.1, 0)];
        using StudyStore store = Open(), other = Open();
        using var first = new StudyClaims(store);
        using (var second = new StudyClaims(other))
        {
            Assert.Equal(draws[0], first.Next(draws));
            Assert.Equal(draws[1], second.Next(draws));
            first.Tell("un-tuned");
            Assert.Equal([(draws[1], ""), (draws[0], "un-tuned")], StudyClaims.Working(other)); // "0.1" before "natural"
            first.ReleaseAll();
            Assert.Equal(draws[0], second.Next(draws));
            Assert.Null(first.Next(draws));
        }

        Assert.Equal(draws[0], first.Next(draws));
    }

    [Fact]
    public void The_claims_of_the_dead_are_void()
    {
        StudyDraw[] draws = [new("t", 100, null, 0)];
        using var store = Open();

        // A killed process leaves its claim, and its file without a lock; an even older one not even that.
        foreach (string owner in (string[])["12345-1", "12345-2"])
        {
            store.Run(
                "INSERT INTO claim (table_name, split, rows, share, owner, doing) VALUES ($table, 0, 100, 'natural', $owner, 'real')",
                ("$table", owner == "12345-1" ? "t" : "u"), ("$owner", owner));
        }

        File.WriteAllText(At("study.db.12345-1.worker"), "");
        Assert.Empty(StudyClaims.Working(store));
        using var claims = new StudyClaims(store);
        Assert.Equal(draws[0], claims.Next(draws));
        Assert.Equal(draws[0], Assert.Single(StudyClaims.Working(store)).Draw);
        Assert.False(File.Exists(At("study.db.12345-1.worker")));
    }

    [Fact]
    public void Owners_leave_no_file_behind()
    {
        using var store = Open();
        using (new StudyClaims(store))
        {
            Assert.Single(_folder.GetFiles("*.worker"));
        }

        Assert.Empty(_folder.GetFiles("*.worker"));
    }

    internal static void AssertSame(StudyResult expected, StudyResult actual)
    {
        Assert.Equal(expected.Unit, actual.Unit);
        Assert.Equal(expected.ClassNames, actual.ClassNames);
        Assert.Equal(expected.TrainCounts, actual.TrainCounts);
        Assert.Equal(expected.ValidationLabels, actual.ValidationLabels);
        Assert.Equal(expected.ValidationProbabilities, actual.ValidationProbabilities);
        Assert.Equal(expected.TestLabels, actual.TestLabels);
        Assert.Equal(expected.TestProbabilities, actual.TestProbabilities);
        Assert.Equal(expected.Checkpoints, actual.Checkpoints);
        Assert.Equal(expected.BestStep, actual.BestStep);
        Assert.Equal(expected.Quality.OrderBy(pair => pair.Key, StringComparer.Ordinal), actual.Quality.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.Equal(expected.Fault, actual.Fault);
    }

    static StudyResult Result(string arm) => new()
    {
        Unit = new("t", 100, null, 0, arm),
        ClassNames = ["no", "yes, \"really\""],
        TrainCounts = [90, 10],
        ValidationLabels = [0, 1],
        ValidationProbabilities = [0.1f, 0.9f, 1f / 3, 2f / 3],
        TestLabels = [1, 0, 1],
        TestProbabilities = [0.5f, 0.5f, float.Epsilon, 1, 0.123456789f, 0.87654321f],
        Checkpoints = [new(0, 0.1, double.NaN, 1.0 / 3, 0.5), new(10, 0.2, 0.75, 0.1, 0.6)],
        BestStep = 20,
        Seconds = new Dictionary<string, double> { ["tune"] = 1.25 },
        PeakBytes = 1L << 40,
        Quality = new Dictionary<string, double> { ["shape"] = 0.987654321, ["detection boosted trees"] = 2.0 / 3 },
    };

    StudyStore Open(string name = "study.db") => StudyStore.Open(At(name));

    string At(string name) => Path.Combine(_folder.FullName, name);
}
