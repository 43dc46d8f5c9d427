namespace CausalMixFT.Cli.Tests;

/// <summary>Tables that a person would expect to work do, and a line says what was done.</summary>
public sealed class GoodInputFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    public static TheoryData<string, string, string> Tables => new()
    {
        { "constant and empty columns", Widened(CommandRun.Table(), "same,none", row => "7,"), "'same'" },
        { "no numeric columns", Only(CommandRun.Table(), 2, 3), "" },
        { "no categorical columns", Only(CommandRun.Table(), 0, 1, 3), "" },
        { "missing target cells", CommandRun.Table() + "1,1,red,\n2,2,blue,NA\n", "2 rows without a value of the target 'y'" },
        { "missing cells", CommandRun.Table() + "1,,red,no\n2,,,yes\n", "" },
        { "a byte-order mark and semicolons", "\uFEFF" + CommandRun.Table().Replace(',', ';'), "" },
        { "three classes", CommandRun.Table() + string.Concat(Enumerable.Range(0, 9).Select(i => $"{20 + i},{i},red,never\n")), "" },
        { "odd column names", CommandRun.Table().Replace("x,z,colour,y", "\"<b>|x\",\"a, b\",`co_lour`,y", StringComparison.Ordinal), "" },
    };

    [Theory, MemberData(nameof(Tables))]
    public void It_runs_and_says_what_it_did(string what, string text, string note)
    {
        string table = _program.File("t.csv", text);
        _program.RunsWell(
            "run", table, "--target", "y", "--model", _program.Model, "--steps", "2", "--context", "20", "--max-context", "40",
            "--threads", "1", "--out", _program.At("out"));
        Assert.NotEmpty(what);
        Assert.Contains(note, _program.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", File.ReadAllText(_program.At("out", "report.html")), StringComparison.Ordinal);
    }

    static string Widened(string table, string names, Func<int, string> cells) => string.Concat(
        table.TrimEnd().Split('\n').Select((line, row) => $"{line},{(row == 0 ? names : cells(row))}\n"));

    static string Only(string table, params int[] columns) => string.Concat(
        table.TrimEnd().Split('\n').Select(line => string.Join(',', columns.Select(column => line.Split(',')[column])) + "\n"));
}
