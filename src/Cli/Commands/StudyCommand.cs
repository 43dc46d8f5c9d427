using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("study", HelpText = "Compare generators over many tables, skews and seeds: run, list, report, or merge stores.")]
sealed partial class StudyCommand : Command
{
    [Value(0, MetaName = "ACTION", Required = true, HelpText = "run: work it off. list: what is done. report: judge it. merge: take other stores' results.")]
    public string Action { get; set; } = "";

    [Value(1, MetaName = "STUDY", Required = true, HelpText = "The study's .toml file; docs/study.md describes it.")]
    public string File { get; set; } = "";

    [Option("tables", MetaValue = "DIR", HelpText = "The folder of tables. (default: the one that the study names)")]
    public string? Tables { get; set; }

    [Option("store", MetaValue = "FILE", HelpText = "Where results are kept; the same command continues there. (default: STUDY.db beside the study)")]
    public string? Store { get; set; }

    [Option("processes", Default = 1, HelpText = "Processes that run side by side on this machine.")]
    public int Processes { get; set; }

    [Option("shard", MetaValue = "I/N", HelpText = "Do the I-th of N parts, for N machines with a store each.")]
    public string? Shard { get; set; }

    [Option("retry-faults", HelpText = "Do units again that failed or were not possible.")]
    public bool RetryFaults { get; set; }

    [Option("from", MetaValue = "A,B", HelpText = "Stores whose results merge takes.")]
    public string? From { get; set; }

    [Option("out", MetaValue = "DIR", HelpText = "Where report puts index.html and measures.csv. (default: STUDY-report beside the store)")]
    public string? Out { get; set; }

    // Set for the processes that run starts.
    [Option("worker", Hidden = true)]
    public bool Worker { get; set; }

    public override string Example => "causalmixft study run examples/study.toml --processes 2";

    public override string? Results => File.Length > 0 ? Place : null;

    public override string AfterStop => $"what was done is in {Place}; the same command continues.";

    string Place => Store ?? Path.ChangeExtension(File, ".db");

    public override void Run(Terminal terminal)
    {
        Check(!Args.Any(arg => arg.Split('=')[0] == "--seed"), "seed", Seed, "no seed here, for it stands in the study's file,");
        var study = StudyFile.Read(File);
        study = Tables is null ? study : study with { Tables = Path.GetFullPath(Tables) };
        var plan = Part(StudyPlan.Of(study, TablesOf(study)));
        switch (Action)
        {
            case "run":
                Check(Processes is >= 1 and <= 1024, "processes", Processes, "a number from 1 to 1024");
                RunStudy(terminal, study, plan);
                break;
            case "list":
                List(terminal, study, plan);
                break;
            case "report":
                Report(terminal, study, plan);
                break;
            case "merge":
                Merge(terminal);
                break;
            default:
                throw new InputException($"study is asked to '{Action}', but run, list, report and merge are what it can do.");
        }
    }

    static string[] TablesOf(Study study)
    {
        string[] names = [.. TableFile.In(study.Tables).Select(TableFile.NameOf)];
        return study.Include.FirstOrDefault(name => !names.Contains(name)) is string missing
            ? throw new InputException($"{study.Tables}: there is no table '{missing}', which the study includes; correct 'include' or 'tables'.")
            : names;
    }

    StudyPlan Part(StudyPlan plan)
    {
        if (Shard is null)
        {
            return plan;
        }

        int number = 0, count = 0;
        bool good = Shard.Split('/') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out count)
            && number >= 1 && number <= count;
        Check(good, "shard", Shard, "a part such as 2/8");
        return plan.Shard(number, count);
    }

    void List(Terminal terminal, Study study, StudyPlan plan)
    {
        using var store = StudyStore.OpenExisting(Place);
        terminal.Say($"Study: {study.Name}");
        var done = store.Done();
        terminal.Show(StudyTableView.ByTable(plan, done));
        terminal.Show(StudyTableView.ByArm(plan, done));
        foreach (var (draw, doing) in StudyClaims.Working(store))
        {
            terminal.Say($"At work: {draw}: {doing}");
        }
    }

    void Report(Terminal terminal, Study study, StudyPlan plan)
    {
        string place = Out ?? Path.ChangeExtension(Place, null) + "-report";
        OutputPlace.CheckFolder(place);
        using var store = StudyStore.OpenExisting(Place);
        var units = plan.Units.ToHashSet();
        StudyResult[] results = [.. terminal.Stage("Read the results", _ => store.Results().Where(result => units.Contains(result.Unit)).ToArray())];
        var unfinished = UnfinishedArm.Of(plan, results.Select(result => result.Unit).ToHashSet());
        var options = new StudyAnalysisOptions { Seed = study.Seed, Traits = Traits(study, results) };
        var besideUntuned = terminal.Stage("Compare with the un-tuned model", _ => StudyAnalysis.Of(results, options));
        var besideReal = terminal.Stage("Compare with tuning on real rows", _ => besideUntuned.BesideReal());
        StudyReportFolder.Write(place, besideUntuned, besideReal, new(
            study.Name, Line(Args), TimeProvider.System.GetLocalNow(), [("units", $"{results.Length} of {plan.Count}"), .. store.Settings()])
        { Unfinished = unfinished });
        if (unfinished.Count > 0)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Unfinished: {results.Length} of {plan.Count} units are done; the report names what is missing"));
        }

        terminal.Say($"Report: {Path.Combine(place, StudyReport.Page)}");
    }

    static Dictionary<string, TableTraits> Traits(Study study, IReadOnlyList<StudyResult> results)
    {
        var used = results.Where(result => result.Fault is null).Select(result => result.Unit.Table).ToHashSet(StringComparer.Ordinal);
        return TableFile.In(study.Tables).Where(file => used.Contains(TableFile.NameOf(file)))
            .Select(file => StudyTable.Read(study, file, int.MaxValue)).Where(table => table.Traits is not null)
            .ToDictionary(table => table.Name, table => table.Traits!);
    }

    void Merge(Terminal terminal)
    {
        var stores = TableCommand.Names(From);
        Check(stores.Count > 0, "from", From ?? "missing", "the stores to take results from, such as --from a.db,b.db,");
        using var store = StudyStore.Open(Place);
        foreach (string other in stores)
        {
            terminal.Say($"{other}: {store.Merge(other)} results taken");
        }
    }
}
