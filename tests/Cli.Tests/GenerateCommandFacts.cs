using CausalMixFT.Engine.Generators;

namespace CausalMixFT.Cli.Tests;

/// <summary>generate on files.</summary>
public sealed class GenerateCommandFacts : IDisposable
{
    readonly CommandRun _program = new();
    readonly string _table;

    public GenerateCommandFacts() => _table = _program.File("t.csv", CommandRun.Table(rows: 200));

    public void Dispose() => _program.Dispose();

    public static TheoryData<string> Names => [.. GeneratorCatalog.Names];

    [Theory, MemberData(nameof(Names))]
    public void Every_generator_writes_rows_like_the_table_s(string name)
    {
        string[][] rows = Rows(Generate(name, "s.csv"));
        Assert.Equal(300, rows.Length);
        Assert.All(rows, row => Assert.True(row.Length == 4 && row[2] is "red" or "green" or "blue" && row[3] is "yes" or "no"));
        Assert.Contains("of class yes", _program.Output, StringComparison.Ordinal);
        Assert.Contains($"Learn with {(name == "smote-nc" ? "smote" : name)}", _program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Class_shares_are_exact_and_the_same_seed_gives_the_same_bytes_on_any_threads()
    {
        Assert.Equal(150, Yes(Generate("copula", "b.csv", "--balance")));
        Assert.Equal(75, Yes(Generate("smote", "c.csv", "--class-share", "y:yes=0.25")));
        Assert.Equal(Yes(File.ReadAllText(_table)) * 1.5, Yes(Generate("mixup", "n.csv")), 0.5);
        Assert.Equal(Generate("smote", "one.csv", "--threads", "1"), Generate("smote", "two.csv", "--threads", "2"));
        Assert.NotEqual(Generate("smote", "one.csv"), Generate("smote k=1", "two.csv"));
        Assert.NotEqual(Generate("smote", "one.csv", "--seed", "1"), Generate("smote", "two.csv", "--seed", "2"));

        static int Yes(string csv) => Rows(csv).Count(row => row[3] == "yes");
    }

    [Theory]
    [InlineData("--with", "TableAugment", "not publicly defined")]
    [InlineData("--with", "ctgam", "no generator 'ctgam'")]
    [InlineData("--with", "smote neighbours=3", "'smote' has no option 'neighbours'; it has k, standardise.")]
    [InlineData("--with", "smote k=0", "is 0, but a whole number from 1")]
    [InlineData("--class-share", "y:maybe=0.5", "whose classes are 'no', 'yes'")]
    [InlineData("--class-share", "y:yes=2", "from 0 to 1")]
    [InlineData("--rows", "0", "from 1 on")]
    public void A_wrong_request_is_one_sentence_and_leaves_no_file(string option, string value, string mention)
    {
        string[] with = option == "--with" ? [] : ["--with", "smote"], rows = option == "--rows" ? [] : ["--rows", "10"];
        Assert.Equal(1, _program.Run(["generate", _table, "--target", "y", .. with, .. rows, "--out", _program.At("bad.csv"), option, value]));
        Assert.Contains(mention, _program.Error, StringComparison.Ordinal);
        Assert.Single(_program.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(_program.Left());
    }

    [Fact]
    public void Shares_and_balance_together_are_refused()
    {
        Assert.Equal(1, _program.Run(
            "generate", _table, "--target", "y", "--with", "smote", "--rows", "10", "--balance", "--class-share", "y=0.5", "--out", _program.At("bad.csv")));
        Assert.Contains("not both", _program.Error, StringComparison.Ordinal);
    }

    string Generate(string with, string name, params string[] more)
    {
        _program.RunsWell(["generate", _table, "--target", "y", "--with", with, "--rows", "300", "--out", _program.At(name), .. more]);
        return File.ReadAllText(_program.At(name));
    }

    static string[][] Rows(string csv) => [.. csv.TrimEnd('\n').Split('\n').Skip(1).Select(line => line.Split(','))];
}
