using System.Globalization;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

/// <summary>A command that reads a table.</summary>
abstract class TableCommand : Command
{
    /// <summary>What --context-draw is, where a command has it.</summary>
    protected const string ContextDrawHelp =
        "Which labelled rows it sees where it cannot see all: stratified, or more of rare classes, with probabilities corrected for that. A TabPFN sees stratified ones.";

    [Option("categorical", MetaValue = "A,B", HelpText = "Columns whose cells are names, even where they look like numbers.")]
    public string? Categorical { get; set; }

    [Option("numeric", MetaValue = "A,B", HelpText = "Columns whose cells are numbers.")]
    public string? Numeric { get; set; }

    [Option("drop", MetaValue = "A,B", HelpText = "Columns to leave out.")]
    public string? Drop { get; set; }

    [Option("id", MetaValue = "A,B", HelpText = "Columns that only tell rows apart, left out as well.")]
    public string? Id { get; set; }

    /// <summary>How to read the table.</summary>
    protected CsvOptions Csv => new()
    {
        Categorical = Names(Categorical),
        Numeric = Names(Numeric),
        Drop = Names(Drop),
        Id = Names(Id),
    };

    /// <summary>Where and how this command was given, and what it read.</summary>
    protected Provenance ProvenanceOf(string table) => new(
        Line(Args), table, TableFile.Sha256(table), TimeProvider.System.GetLocalNow());

    /// <summary>How fine-tuning is done, by the options that its commands have in common.</summary>
    protected static FineTuneOptions Tuning(
        int steps, string learningRate, int context, SyntheticUse use, SyntheticLabels labels, int? memory)
    {
        Check(steps >= 1, "steps", steps, "a number from 1 on");
        Check(memory is null or >= 1, "memory", memory, "a number from 1 on");
        Check(context >= 4, "context", context, "a number from 4 on");
        return new()
        {
            Steps = steps,
            LearningRate = RateOf(learningRate),
            ContextRows = context,
            Use = use,
            Labels = labels,
            MemoryBytes = (long?)memory << 20,
        };
    }

    // Null where the validation rows are to choose it.
    static float? RateOf(string word)
    {
        if (word == "auto")
        {
            return null;
        }

        bool isNumber = float.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out float rate);
        Check(isNumber && rate is > 0 and < 1, "learning-rate", word, "a number between 0 and 1, or auto,");
        return rate;
    }

    // Commas separate names; a name that holds one stands in double quotes.
    internal static IReadOnlyList<string> Names(string? list)
    {
        var names = new List<string>();
        var name = new System.Text.StringBuilder();
        bool quoted = false;
        foreach (char letter in list ?? "")
        {
            if (letter == '"')
            {
                quoted = !quoted;
            }
            else if (letter == ',' && !quoted)
            {
                Add();
            }
            else
            {
                name.Append(letter);
            }
        }

        Add();
        return names;

        void Add()
        {
            if (name.ToString().Trim() is { Length: > 0 } trimmed)
            {
                names.Add(trimmed);
            }

            name.Clear();
        }
    }
}
