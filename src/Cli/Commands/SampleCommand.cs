using System.Globalization;
using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Scm;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("sample", HelpText = "Sample synthetic rows from a structural causal model.")]
sealed class SampleCommand : Command
{
    [Value(0, MetaName = "MODEL", Required = true, HelpText = "A scm.json, as fit and run write it.")]
    public string Model { get; set; } = "";

    [Option("rows", Required = true, HelpText = "How many rows.")]
    public long Rows { get; set; }

    [Option("out", Required = true, MetaValue = "FILE", HelpText = "The .csv or .csv.gz file to write.")]
    public string Out { get; set; } = "";

    [Option("where", MetaValue = "CONDITION", HelpText = "Only rows that meet it, such as \"age > 60 and region in (north, south)\": rows as they are seen.")]
    public string? Where { get; set; }

    [Option("do", MetaValue = "COLUMN=VALUE", HelpText = "Set columns from outside, such as \"treatment=1 and dose=2\": rows as they would be if that were done.")]
    public string? Do { get; set; }

    [Option("class-share", MetaValue = "COLUMN:LEVEL=SHARE", HelpText = "The share of a class, such as \"churn:yes=0.5\"; of two classes, \"churn=0.5\" is the rarer; several are joined by and.")]
    public string? ClassShares { get; set; }

    [Option("balance", MetaValue = "COLUMN", HelpText = "Give all classes of a column equal shares.")]
    public string? Balance { get; set; }

    [Option("complete", HelpText = "Leave no cell missing. (Default: as many, and where, as in the table that was fitted)")]
    public bool Complete { get; set; }

    [Option("beyond-support", HelpText = "Let numbers leave the interval that was observed.")]
    public bool BeyondSupport { get; set; }

    [Option("budget", Default = 1000, HelpText = "Most rows drawn for each one kept, with --where, --class-share or --balance.")]
    public int Budget { get; set; }

    [Option("shard", MetaValue = "I/N", HelpText = "Only the I-th of N nearly equal parts of the rows; the parts in order are the whole.")]
    public string? Shard { get; set; }

    public override string Example => "causalmixft sample runs/wdbc/scm.json --rows 100000 --out synthetic.csv";

    public override string Results => Out;

    public override void Run(Terminal terminal)
    {
        Check(Rows > 0, "rows", Rows, "a number from 1 on");
        Check(Budget > 0, "budget", Budget, "a number from 1 on");
        OutputPlace.CheckFile(Out);
        var request = Request();
        var models = ScmJson.ReadEnsemble(Model);
        if (Complete)
        {
            models = [.. models.Select(scm => scm.Complete())];
        }

        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Note(Notes(models.Count));
        var mix = new CausalMix(device, new CausalMixOptions { Seed = Seed });
        (long drawn, long kept) = (0, 0);
        terminal.Stage("Sample rows", told =>
        {
            CsvTable.WriteBlocks(mix.SampleBlocks(models, request, told, (all, some) => (drawn, kept) = (all, some)), Out, Threads);
            return request.Rows;
        });
        if (drawn > kept)
        {
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Kept {kept:N0} of {drawn:N0} rows that were drawn"));
        }

        terminal.Say($"Rows: {Out}");
    }

    IEnumerable<string> Notes(int models)
    {
        if (models > 1)
        {
            yield return $"Rows come from {models} models by turns, one for each graph of the ensemble.";
        }

        if (Do is not null)
        {
            yield return $"{Do} is done: rows of an intervention, not of rows that happen to have these values (--where).";
        }
    }

    SampleRequest Request()
    {
        var request = new SampleRequest
        {
            Rows = Rows,
            Where = Where is null ? [] : [Where],
            Do = Do is null ? [] : [Do],
            ClassShares = ClassShares?.Split(" and ", StringSplitOptions.TrimEntries) ?? [],
            Balance = Balance,
            BeyondSupport = BeyondSupport,
            Budget = Budget,
        };
        if (Shard is null)
        {
            return request;
        }

        string[] parts = Shard.Split('/');
        int number = 0, count = 0;
        bool reads = parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out count);
        Check(reads && number >= 1 && number <= count && count <= Rows, "shard", Shard, "a part and their number, such as 3/8, and no more parts than rows");
        return request.Shard(number, count);
    }
}
