namespace CausalMixFT.Cli.Tests;

/// <summary>Whatever is wrong with the input: exit code 1, one sentence that helps, and nothing left behind.</summary>
public sealed class BadInputFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    /// <summary>Name, the file (null: it is missing), and what the sentence must hold.</summary>
    public static TheoryData<string, string?, string[]> Tables
    {
        get
        {
            string table = CommandRun.Table();
            string[] lines = table.Split('\n');
            return new()
            {
                { "a missing file", null, ["t.csv", "does not exist", "check the path"] },
                { "an empty file", "", ["t.csv", "empty"] },
                { "a header only", lines[0] + "\n", ["t.csv", "no rows"] },
                { "ragged rows", table + "1,2\n", ["t.csv, line 92", "2 fields", "4 fields"] },
                { "duplicate names", table.Replace("x,z,colour,y", "x,x,colour,y", StringComparison.Ordinal), ["line 1", "'x'", "columns 1 and 2"] },
                { "no such target", table.Replace("colour,y\n", "colour,Y\n", StringComparison.Ordinal), ["no column 'y'", "'colour'", "did you mean 'Y'?"] },
                { "one class", table.Replace(",yes", ",no", StringComparison.Ordinal), ["'y'", "only 'no'", "two classes"] },
                { "a single-row class", table + "1,2,red,maybe\n", ["'maybe'", "single row", "'y'"] },
                { "a 500-level target", Levels(500), ["'y'", "500", "at most 10"] },
                { "12 classes", Levels(12), ["'y'", "12 classes", "at most 10", "merge"] },
                { "a number like 1e999", table + "1e999,2,red,no\n", ["line 92", "'x'", "1e999"] },
                { "too few rows", string.Join('\n', lines[..8]) + "\n", ["7 rows", "'y'", "10"] },
            };
        }
    }

    [Theory]
    [InlineData("x,y\n1,2\n", "0 of the table's 2 columns vary")]
    [InlineData("x,y\n1,2\n3\n", "line 3", "1 field")]
    [InlineData("x,x\n1,2\n", "line 1", "columns 1 and 2")]
    [InlineData("x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n7,a\n", "fisherz needs numbers", "'y'")]
    [InlineData("x,y\n\"1,2\n3,4\n", "line 2", "close the quote")]
    public void A_table_that_no_graph_can_be_found_of_is_refused(string text, params string[] expected) =>
        Refuses(expected, "discover", _program.File("t.csv", text), "--test", "fisherz", "--out", _program.At("out"));

    [Theory, MemberData(nameof(Tables))]
    public void A_bad_table_is_refused_in_one_sentence(string what, string? text, string[] expected)
    {
        string table = text is null ? _program.At("in", "t.csv") : _program.File("t.csv", text);
        string[] numeric = what.Contains("1e999", StringComparison.Ordinal) ? ["--numeric", "x"] : [];
        Refuses(expected, ["run", table, "--target", "y", "--model", _program.Model, "--out", _program.At("out"), .. numeric]);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_refused_with_their_line()
    {
        string table = _program.File("t.csv", [.. "x,y\n1,a\n2,"u8, 0xE9, .. "\n"u8]);
        Refuses(["t.csv, line 3", "0xE9", "UTF-8"], "run", table, "--target", "y", "--model", _program.Model, "--out", _program.At("out"));
    }

    [Theory]
    [InlineData("run", "TABLE", "--target", "y")]
    [InlineData("discover", "TABLE")]
    [InlineData("evaluate", "TABLE", "--target", "y")]
    [InlineData("finetune", "TABLE", "--target", "y")]
    public void An_output_folder_that_cannot_be_is_refused_before_any_work(params string[] args)
    {
        string table = _program.File("t.csv", CommandRun.Table()), file = _program.File("file", "");
        string[] line = [.. args.Select(arg => arg == "TABLE" ? table : arg), "--out", Path.Combine(file, "out")];
        Refuses([Path.Combine(file, "out"), "is a file", "--out"], line);
        Assert.Empty(_program.Output); // not even the device was opened
    }

    [Fact]
    public void A_folder_without_permission_is_refused()
    {
        string closed = Directory.CreateDirectory(_program.At("in", "closed")).FullName;
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "permissions do not bind this user");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        string table = _program.File("t.csv", CommandRun.Table());
        Refuses(["closed", "--out", "permissions"], "run", table, "--target", "y", "--model", _program.Model, "--out", closed);
    }

    public static TheoryData<string[], string[]> CommandLines => new()
    {
        { ["rn"], ["'rn'", "run, discover"] },
        { ["run"], ["--target is missing", "causalmixft run"] },
        { ["run", "--target", "y"], ["needs a file"] },
        { ["run", "TABLE", "--target"], ["--target is missing", "causalmixft run"] },
        { ["run", "TABLE", "--target", "y", "--alpha", "much"], ["--alpha is 'much'", "a number"] },
        { ["run", "TABLE", "--target", "y", "--alpha", "2"], ["--alpha is 2", "between 0 and 1"] },
        { ["run", "TABLE", "--target", "y", "--seed", "-1"], ["--seed is '-1'", "whole number from 0"] },
        { ["run", "TABLE", "--target", "y", "--threads", "0", "--model", "MODEL"], ["--threads is 0", "from 1 on"] },
        { ["run", "TABLE", "--target", "y", "--test-share", "1"], ["--test-share is 1", "share"] },
        { ["run", "TABLE", "--target", "y", "--colour", "red"], ["'--colour'", "run --help"] },
        { ["run", "TABLE", "--target", "y", "--drop", "x", "z"], ["'z'", "commas"] },
        { ["run", "TABLE", "--target", "y", "--device", "gpu"], ["'gpu'", "auto, cpu, cuda, emulated"] },
        { ["run", "TABLE", "--target", "y", "--target", "z"], ["--target", "more than once"] },
        { ["run", "TABLE", "--target", "y", "--model", "TABLE"], ["t.csv", "safetensors"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--drop", "w"], ["'w'", "--drop", "'x'"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--blas", "nowhere.so"], ["nowhere.so", "--blas"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--device", "cpu", "--precision", "tf32"], ["--precision is tf32", "CUDA", "Cpu", "--device cuda"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--device", "emulated", "--precision", "bfloat16"], ["--precision is bfloat16", "Emulated"] },
        { ["run", "TABLE", "--target", "y", "--model", "MODEL", "--precision", "half"], ["'half'", "full, tf32, bfloat16"] },
        { ["run", "TABLE", "--target", "y", "--learning-rate", "quick"], ["--learning-rate is quick", "between 0 and 1", "auto"] },
        { ["run", "TABLE", "--target", "y", "--learning-rate", "2"], ["--learning-rate is 2", "between 0 and 1"] },
        { ["run", "TABLE", "--target", "y", "--use", "never"], ["'never'", "mixed, staged, only"] },
        { ["finetune", "TABLE", "--target", "y", "--model", "MODEL", "--use", "staged", "--out", "OUT"], ["--use is Staged", "--synthetic"] },
        { ["finetune", "TABLE", "--target", "y", "--model", "MODEL", "--labels", "soft", "--out", "OUT"], ["--labels is Soft", "--synthetic"] },
        { ["finetune", "TABLE", "--target", "y", "--model", "MODEL", "--memory", "0", "--out", "OUT"], ["--memory is 0", "from 1 on"] },
        { ["finetune", "TABLE", "--target", "y", "--model", "MODEL", "--memory", "1", "--out", "OUT"], ["1 MiB were allowed", "--memory"] },
        { ["sample", "TABLE", "--rows", "0", "--out", "OUT"], ["--rows is 0", "from 1 on"] },
        { ["sample", "TABLE", "--rows", "-5", "--out", "OUT"], ["--rows is -5", "from 1 on"] },
        { ["sample", "TABLE", "--rows", "5", "--out", "OUT"], ["t.csv", "JSON"] },
        { ["fit", "TABLE", "--graph", "TABLE", "--out", "OUT"], ["t.csv", "matrix", "90 rows"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--model", "MODEL"], ["no target is known", "--target"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--holdout", "TABLE"], ["--holdout", "--synthetic"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--synthetic", "TABLE", "--model", "MODEL"], ["--model", "--synthetic", "one of the two"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--synthetic", "TABLE", "--splits=3"], ["--splits", "--synthetic"] },
        { ["evaluate", "FOLDER", "--out", "OUT", "--synthetic", "TABLE"], ["is a folder", "--synthetic", "one table"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--synthetic", "MODEL"], ["tiny.safetensors"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--synthetic", "TABLE", "--target", "w"], ["'w'", "'x'"] },
        { ["evaluate", "TABLE", "--out", "OUT", "--synthetic", "TABLE", "--graph", "TABLE"], ["t.csv", "matrix"] },
        { ["pretrain", "--heads", "5", "--out", "OUT"], ["--heads is 5", "divisor"] },
        { ["pretrain", "--config", "huge", "--out", "OUT"], ["--config is 'huge'", "nano and base"] },
        { ["pretrain", "--check", "TABLE", "--out", "OUT"], ["no target is known", "t.json"] },
    };

    [Theory, MemberData(nameof(CommandLines))]
    public void A_bad_command_line_is_refused_in_one_sentence(string[] args, string[] expected)
    {
        string table = _program.File("t.csv", CommandRun.Table());
        string[] line = [.. args.Select(arg => arg switch { "TABLE" => table, "FOLDER" => _program.At("in"), "MODEL" => _program.Model, "OUT" => _program.At("out"), _ => arg })];
        Refuses(expected, args is ["run", "TABLE", ..] && args.Length > 3 ? [.. line, "--out", _program.At("out")] : line);
    }

    [Fact]
    public void New_rows_that_lack_a_column_are_refused()
    {
        string context = _program.File("t.csv", CommandRun.Table()), rows = _program.File("new.csv", "x,colour\n1,red\n");
        Refuses(["new.csv", "'z'"], "predict", rows, "--context", context, "--target", "y", "--model", _program.Model, "--out", _program.At("p.csv"));
    }

    [Fact]
    public void A_regressor_is_refused_where_classes_are_predicted()
    {
        string table = _program.File("t.csv", CommandRun.Table()), regressor = _program.Regressor();
        foreach (string command in (string[])["run", "finetune", "evaluate"])
        {
            Refuses(["regressor.safetensors", "predicts numbers", "classifier", "--model"], command, table, "--target", "y", "--model", regressor, "--out", _program.At("out"));
        }
    }

    [Fact]
    public void Names_are_no_target_of_a_regressor()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        Refuses(["'y'", "'no'", "predicts numbers", "--numeric", "classifier"], "predict", table, "--context", table, "--target", "y", "--model", _program.Regressor(), "--out", _program.At("p.csv"));
    }

    void Refuses(string[] expected, params string[] args)
    {
        Assert.Equal(Outcome.WrongInput, _program.Run(args));
        string[] lines = _program.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string sentence = Assert.Single(lines);
        Assert.StartsWith("causalmixft: ", sentence, StringComparison.Ordinal);
        Assert.All(expected, part => Assert.Contains(part, sentence, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", sentence, StringComparison.Ordinal); // no stack
        Assert.Empty(_program.Left());
    }

    // A table whose target has many classes of two rows each.
    static string Levels(int count) => string.Join('\n', Enumerable.Range(0, 2 * count)
        .Select(row => $"{row % 7},{row % 5},red,c{row % count}").Prepend("x,z,colour,y")) + "\n";
}
