using System.Globalization;
using System.Text.Json;
using CausalMixFT.Cli.Commands;
using CausalMixFT.Engine;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Pretraining;

namespace CausalMixFT.Cli.Tests;

/// <summary>Each command, alone on files that the others wrote.</summary>
public sealed class CommandFacts : IDisposable
{
    readonly CommandRun _program = new();

    public void Dispose() => _program.Dispose();

    [Fact]
    public void A_run_writes_every_file_and_ends_with_scores_and_the_report()
    {
        RunOn(_program.File("t.csv", CommandRun.Table()), "out");
        string[] expected =
        [
            "graph.json", "graph.svg", "marginals.svg", "model.safetensors", "predictions.csv", "report.html", "report.md", "run.json", "scm.json",
            "synthetic.csv", "validation.svg",
        ];
        Assert.Equal(expected, Directory.GetFiles(_program.At("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        string[] lines = _program.Output.TrimEnd().Split('\n');
        Assert.Equal($"Report: {_program.At("out", "report.html")}", lines[^1].TrimEnd());
        Assert.StartsWith("Device: CPU (1 thread", lines[0], StringComparison.Ordinal);
        Assert.Contains("90 rows", _program.Output, StringComparison.Ordinal);
        Assert.All((string[])["un-tuned", "real only", "mixed", "skew", "Discover the graph ..."], part =>
            Assert.Contains(part, _program.Output, StringComparison.Ordinal));

        using var run = JsonDocument.Parse(File.ReadAllText(_program.At("out", "run.json")));
        Assert.Equal("causalmixft.run", run.RootElement.GetProperty("format").GetString());
        Assert.Equal(TableFile.Sha256(_program.At("in", "t.csv")), run.RootElement.GetProperty("table").GetProperty("sha256").GetString());
        Assert.Equal(3, run.RootElement.GetProperty("arms").GetArrayLength());
        Assert.Equal(90, run.RootElement.GetProperty("split").EnumerateObject().Sum(part => part.Value.GetInt32()));
        Assert.Contains("ILGPU", run.RootElement.GetProperty("program").GetProperty("libraries").EnumerateObject().Select(library => library.Name));
        Assert.Contains("cannot show that a method helps", File.ReadAllText(_program.At("out", "report.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_one_thread_and_on_two()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        RunOn(table, "one", "--threads", "1");
        RunOn(table, "two", "--threads", "2");
        foreach (string file in (string[])["synthetic.csv", "graph.json", "graph.svg", "marginals.svg", "scm.json", "model.safetensors", "predictions.csv"])
        {
            Assert.True(
                File.ReadAllBytes(_program.At("one", file)).AsSpan().SequenceEqual(File.ReadAllBytes(_program.At("two", file))),
                $"{file} differs between one thread and two.");
        }
    }

    [Fact]
    public void A_second_run_replaces_the_files_of_the_first()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        RunOn(table, "out");
        File.WriteAllText(_program.At("out", "mine.txt"), "stays");
        RunOn(table, "out", "--seed", "2");
        Assert.Contains("\"seed\": 2", File.ReadAllText(_program.At("out", "run.json")), StringComparison.Ordinal);
        Assert.True(File.Exists(_program.At("out", "mine.txt")));
        Assert.DoesNotContain(_program.Left(), path => path.EndsWith(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public void Predictions_of_a_run_name_the_rows_of_the_file()
    {
        // Every second row lacks its target: rows of the task are not rows of the file.
        string[] lines = CommandRun.Table().TrimEnd().Split('\n');
        string text = string.Concat(lines.Select((line, row) => row > 0 && row % 4 == 2 ? $"{line[..line.LastIndexOf(',')]},\n" : $"{line}\n"));
        string[] given = text.Split('\n');
        RunOn(_program.File("t.csv", text), "out");
        foreach (string line in File.ReadLines(_program.At("out", "predictions.csv")).Skip(1))
        {
            string[] cells = line.Split(',');
            Assert.EndsWith($",{cells[1]}", given[int.Parse(cells[0], null)], StringComparison.Ordinal);

            // Two floats, each the mean of four members' and rounded to 2⁻²⁴ of 1.
            Assert.Equal(1, float.Parse(cells[2], null) + float.Parse(cells[3], null), 2e-6);
        }
    }

    [Fact]
    public void Discover_fit_sample_and_finetune_work_on_each_others_files()
    {
        string table = _program.File("t.csv", CommandRun.Table()), folder = _program.At("out");
        _program.RunsWell("discover", table, "--target", "y", "--out", folder);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(folder, "graph.svg")), StringComparison.Ordinal);
        _program.RunsWell("fit", table, "--graph", Path.Combine(folder, "graph.json"), "--out", folder);
        string rows = Path.Combine(folder, "rows.csv"), packed = Path.Combine(folder, "rows.csv.gz");
        _program.RunsWell("sample", Path.Combine(folder, "scm.json"), "--rows", "70000", "--out", packed);
        _program.RunsWell("sample", Path.Combine(folder, "scm.json"), "--rows", "150", "--out", rows);
        var (many, few) = (CsvTable.Read(packed).Table, CsvTable.Read(rows).Table);
        Assert.Equal((70000, 150), (many.Rows, few.Rows));
        Assert.Equal(["x", "z", "colour", "y"], few.Columns.Select(column => column.Name));
        Assert.All(few.Columns, column => Assert.Equal(
            Enumerable.Range(0, 150).Select(column.Text), Enumerable.Range(0, 150).Select(many[column.Name].Text)));
        _program.RunsWell(
            "finetune", table, "--target", "y", "--synthetic", rows, "--model", _program.Model, "--steps", "2", "--context", "20", "--out",
            folder);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "finetune.json")));
        Assert.Equal(150, json.RootElement.GetProperty("syntheticRows").GetInt32());
        string origin = ModelFile.Read(Path.Combine(folder, "model.safetensors")).Origin;
        Assert.Equal(json.RootElement.GetProperty("bestStep").GetInt32() > 0, origin.Contains("finetune --seed 1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_hands_over_the_model_of_real_rows_unless_it_is_asked_for_the_other()
    {
        string table = _program.File("t.csv", CommandRun.Table());

        // An untrained model and a high rate: both arms leave step 0, so that a file says which of them it holds.
        RunOn(table, "real", "--steps", "30", "--learning-rate", "0.01");
        RunOn(table, "both", "--steps", "30", "--learning-rate", "0.01", "--keep", "synthetic");
        Assert.EndsWith("on real rows", Origin("real"), StringComparison.Ordinal);
        Assert.EndsWith("on real and synthetic rows together", Origin("both"), StringComparison.Ordinal);
        Assert.Contains("the model of the arm 'mixed'", File.ReadAllText(Path.Combine(_program.At("both"), "report.md")), StringComparison.Ordinal);

        string Origin(string folder) => ModelFile.Read(_program.At(folder, "model.safetensors")).Origin;
    }

    [Fact]
    public void Synthetic_rows_can_go_first_with_soft_labels_in_bounded_memory()
    {
        string table = _program.File("t.csv", CommandRun.Table()), rows = _program.File("s.csv", CommandRun.Table(120, seed: 8)), folder = _program.At("out");
        _program.RunsWell(
            "finetune", table, "--target", "y", "--synthetic", rows, "--model", _program.Model, "--steps", "4", "--context", "40", "--use", "staged",
            "--labels", "soft", "--memory", "64", "--learning-rate", "1e-3", "--out", folder);
        Assert.Contains("Steps: at most 40 context rows and 100 query rows", _program.Output, StringComparison.Ordinal);
        Assert.Contains("Learning rate: 1e-3", _program.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "finetune.json")));
        var options = json.RootElement.GetProperty("options");
        Assert.Equal(("staged", "soft"), (options.GetProperty("use").GetString(), options.GetProperty("labels").GetString()));
        Assert.Equal(64L << 20, options.GetProperty("memoryBytes").GetInt64());
        Assert.InRange(json.RootElement.GetProperty("plan").GetProperty("memoryBytes").GetInt64(), 1, 64L << 20);
        var check = json.RootElement.GetProperty("history")[0];
        Assert.InRange(check.GetProperty("validationAuc").GetDouble(), 0, 1);
        Assert.Equal(JsonValueKind.Null, check.GetProperty("watchedLoss").ValueKind);
    }

    [Fact]
    public void Sample_gives_the_rows_that_run_gave()
    {
        RunOn(_program.File("t.csv", CommandRun.Table()), "out");
        string again = _program.At("again.csv");
        int rows = File.ReadLines(_program.At("out", "synthetic.csv")).Count() - 1;
        _program.RunsWell("sample", _program.At("out", "scm.json"), "--rows", $"{rows}", "--out", again);
        Assert.Equal(File.ReadAllText(_program.At("out", "synthetic.csv")), File.ReadAllText(again));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Predict_answers_each_row_in_its_place_with_or_without_a_target(bool labelled)
    {
        string context = _program.File("t.csv", CommandRun.Table());
        string rows = _program.File("new.csv", CommandRun.Table(rows: 7, seed: 9, target: labelled ? "y" : null));
        _program.RunsWell("predict", rows, "--context", context, "--target", "y", "--model", _program.Model, "--out", _program.At("p.csv"));
        string[] lines = File.ReadAllLines(_program.At("p.csv"));
        Assert.Equal("row,class,P(no),P(yes)", lines[0]);
        Assert.Equal(Enumerable.Range(1, 7).Select(row => $"{row}"), lines.Skip(1).Select(line => line.Split(',')[0]));
        Assert.All(lines.Skip(1), line =>
        {
            string[] cells = line.Split(',');
            Assert.Equal(float.Parse(cells[2], null) >= 0.5f ? "no" : "yes", cells[1]);
        });
    }

    [Theory]
    [InlineData(null)]
    [InlineData(new float[] { -3, -1, -0.5f, 0, 0.5f, 1, 3 })]
    public void Predict_writes_numbers_of_each_row_with_a_regressor(float[]? borders)
    {
        string context = _program.File("t.csv", CommandRun.Table());
        string rows = _program.File("new.csv", CommandRun.Table(rows: 7, seed: 9, target: null));
        _program.RunsWell("predict", rows, "--context", context, "--target", "z", "--drop", "y", "--model", _program.Regressor(borders), "--out", _program.At("p.csv"));
        Assert.Contains("z: 90 numbers from 0", _program.Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(_program.At("p.csv"));
        Assert.Equal("row,mean,median,q0.1,q0.2,q0.3,q0.4,q0.5,q0.6,q0.7,q0.8,q0.9", lines[0]);
        Assert.Equal(8, lines.Length);
        for (int row = 1; row < lines.Length; row++)
        {
            double[] cells = [.. lines[row].Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
            Assert.Equal(row, cells[0]);
            Assert.Equal(cells[2], cells[7]); // the median is a quantile
            Assert.Equal(cells[3..].Order(), cells[3..]);
            Assert.InRange(cells[1], 0, 11); // about the context's numbers, in their unit
        }
    }

    [Fact]
    public void Evaluate_judges_synthetic_rows_beside_the_table_that_their_generator_saw()
    {
        string table = _program.File("t.csv", CommandRun.Table(300)), holdout = _program.File("h.csv", CommandRun.Table(120, seed: 4));
        string folder = _program.At("out"), rows = Path.Combine(folder, "rows.csv"), graph = Path.Combine(folder, "graph.json");
        _program.RunsWell("discover", table, "--drop", "z", "--out", folder);
        _program.RunsWell("fit", table, "--drop", "z", "--graph", graph, "--out", folder);
        _program.RunsWell("sample", Path.Combine(folder, "scm.json"), "--rows", "250", "--out", rows);
        string[] line = ["evaluate", table, "--synthetic", rows, "--target", "y", "--graph", graph];
        _program.RunsWell([.. line, "--holdout", holdout, "--threads", "1", "--out", _program.At("one")]);
        Assert.Contains("lack are not compared: 'z'", _program.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["marginals.svg", "pair-trends.svg", "quality.html", "quality.json", "quality.md"],
            Directory.GetFiles(_program.At("one")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var json = JsonDocument.Parse(File.ReadAllText(_program.At("one", "quality.json")));
        var quality = json.RootElement.GetProperty("quality");
        Assert.Equal(250, quality.GetProperty("syntheticRows").GetInt32());
        Assert.Equal(120, quality.GetProperty("holdoutRows").GetInt32());
        Assert.Equal(2, quality.GetProperty("utility").GetArrayLength());
        Assert.InRange(quality.GetProperty("shapeScore").GetDouble(), 0.8, 1);
        Assert.Contains("No claim about privacy is made", File.ReadAllText(_program.At("one", "quality.md")), StringComparison.Ordinal);

        _program.RunsWell([.. line, "--holdout", holdout, "--threads", "2", "--out", _program.At("two")]);
        Assert.Equal(File.ReadAllText(_program.At("one", "marginals.svg")), File.ReadAllText(_program.At("two", "marginals.svg")));
        using var again = JsonDocument.Parse(File.ReadAllText(_program.At("two", "quality.json")));
        Assert.Equal(quality.GetRawText(), again.RootElement.GetProperty("quality").GetRawText());

        _program.RunsWell([.. line, "--out", _program.At("bare")]);
        using var bare = JsonDocument.Parse(File.ReadAllText(_program.At("bare", "quality.json")));
        Assert.Equal(JsonValueKind.Null, bare.RootElement.GetProperty("quality").GetProperty("privacy").ValueKind);
        Assert.Contains("Note: Privacy is not measured", _program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_scores_a_folder_and_leaves_out_what_it_cannot_use()
    {
        string folder = Directory.CreateDirectory(_program.At("in", "tables")).FullName;
        File.WriteAllText(Path.Combine(folder, "a.csv"), CommandRun.Table().Replace("x,z,colour,y", "id,leak,colour,y", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder, "a.json"), """{ "target": "y", "id_columns": ["id"], "leak_columns": ["leak"], "categorical_columns": ["id", "colour"], "source": "made up" }""");
        File.WriteAllText(Path.Combine(folder, "b.csv"), CommandRun.Table());
        File.WriteAllText(Path.Combine(folder, "b.json"), """{ "target": "gone" }""");
        _program.RunsWell(
            "evaluate", folder, "--model", _program.Model, "--splits", "2", "--max-rows", "60", "--max-context", "30", "--out", _program.At("out"));
        Assert.Contains("Left out: b: There is no column 'gone'", _program.Output, StringComparison.Ordinal);
        Assert.Contains("a: 60 rows, 2 columns", _program.Output, StringComparison.Ordinal);

        var scores = CsvTable.Read(_program.At("out", "scores.csv")).Table;
        Assert.Equal(2, scores.Rows);
        using var json = JsonDocument.Parse(File.ReadAllText(_program.At("out", "scores.json")));
        Assert.Contains("gone", json.RootElement.GetProperty("tables")[1].GetProperty("fault").GetString(), StringComparison.Ordinal);
        var predictions = CsvTable.Read(_program.At("out", "predictions", "a.csv")).Table;
        Assert.Equal(120, predictions.Rows); // every row of both splits
        Assert.Equal(["split", "row", "part", "label", "P(no)", "P(yes)"], predictions.Columns.Select(column => column.Name));
        Assert.All(Enumerable.Range(0, 120), row => Assert.Equal(
            predictions["part"].Text(row) == "test", predictions["P(no)"].Text(row).Length > 0));
    }

    [Fact]
    public void Pretrain_writes_a_model_and_goes_on_where_it_was_stopped()
    {
        string[] line =
        [
            "pretrain", "--steps", "2", "--width", "8", "--heads", "2", "--hidden", "8", "--layers", "1", "--tokens", "1000", "--check-every",
            "1", "--out", _program.At("out"),
        ];
        _program.RunsWell(line);
        Assert.Contains("step 2: loss", _program.Output, StringComparison.Ordinal);
        Assert.Equal(8, ModelFile.Read(_program.At("out", "model.safetensors")).Config.Width);
        _program.RunsWell(line);
        Assert.DoesNotContain("step 2: loss", _program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Pretrain_scores_its_checks_on_real_tables_and_takes_a_model_by_name()
    {
        string folder = Directory.CreateDirectory(_program.At("in", "tables")).FullName;
        File.WriteAllText(Path.Combine(folder, "a.csv"), CommandRun.Table());
        File.WriteAllText(Path.Combine(folder, "a.json"), """{ "target": "y" }""");
        _program.RunsWell(
            "pretrain", "--steps", "1", "--width", "8", "--heads", "2", "--hidden", "8", "--layers", "1", "--tokens", "1000", "--check", folder,
            "--out", _program.At("out"));
        Assert.Contains("real tables' AUC", _program.Output, StringComparison.Ordinal);
        using var log = JsonDocument.Parse(File.ReadAllText(_program.At("out", "training-log.jsonl")));
        Assert.InRange(log.RootElement.GetProperty("realAuc").GetDouble(), 0, 1);

        var pretrain = new PretrainCommand();
        Preset(pretrain);
        (pretrain.Config, pretrain.Layers) = ("base", 2);
        Assert.Equal(ModelPresets.Named("base")! with { Layers = 2 }, pretrain.Options().Model);
    }

    [Fact]
    public void Devices_lists_the_cpu_and_the_libraries()
    {
        _program.RunsWell("devices", "--threads", "1");
        Assert.All((string[])["--device cpu", "1 thread", "--blas mkl"], part => Assert.Contains(part, _program.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Cancelling_ends_with_130_and_leaves_nothing()
    {
        string table = _program.File("t.csv", CommandRun.Table());
        int code = _program.Run(
            new CancellationToken(canceled: true), "run", table, "--target", "y", "--model", _program.Model, "--out", _program.At("out"));
        Assert.Equal(Outcome.Stopped, code);
        Assert.Equal("causalmixft: stopped; nothing was written.", _program.Error.Trim());
        Assert.Empty(_program.Left());
    }

    [Fact]
    public void A_fault_of_the_program_is_logged_beside_the_results()
    {
        using StringWriter output = new(), error = new();
        var command = new SampleCommand { Out = _program.At("rows.csv") };
        int code = Outcome.Of(new InvalidOperationException("seven"), command, ["sample"], new Terminal(output, error));
        Assert.Equal(Outcome.InternalFault, code);
        Assert.Contains("rows.csv.error.log", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException: seven", File.ReadAllText(_program.At("rows.csv.error.log")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("discover")]
    [InlineData("compare")]
    [InlineData("fit")]
    [InlineData("sample")]
    [InlineData("finetune")]
    [InlineData("predict")]
    [InlineData("evaluate")]
    [InlineData("study")]
    [InlineData("pretrain")]
    [InlineData("devices")]
    public void Help_shows_options_and_an_example(string verb)
    {
        foreach (string[] line in (string[][])[[verb, "--help"], ["help", verb]])
        {
            _program.RunsWell(line);
            Assert.All((string[])["--seed", "--threads", "--device", "--blas", "--precision NAME", "Example:", $"  causalmixft {verb}"], part =>
                Assert.Contains(part, _program.Output, StringComparison.Ordinal));
            Assert.All(_program.Output.Split('\n'), shown => Assert.True(shown.Length <= 110, shown));
        }
    }

    [Fact]
    public void Defaults_of_the_command_line_are_those_of_the_engine()
    {
        var run = new RunCommand { Target = "y" };
        var pretrain = new PretrainCommand();
        Preset(run);
        Preset(pretrain);
        Assert.Equal(new CausalMixOptions(), run.Options());
        Assert.Equal(new PretrainOptions(), pretrain.Options());
    }

    [Fact]
    public void Names_are_separated_by_commas_outside_quotes() =>
        Assert.Equal(["a", "b, c", "d"], TableCommand.Names("a,\"b, c\", d,"));

    void RunOn(string table, string folder, params string[] more) => _program.RunsWell(
        ["run", table, "--target", "y", "--model", _program.Model, .. more.Contains("--steps") ? [] : (string[])["--steps", "2"], "--context", "20",
            "--max-context", "40", "--out", _program.At(folder), .. more.Contains("--threads") ? more : [.. more, "--threads", "1"]]);

    static void Preset(Command command)
    {
        foreach (var property in command.GetType().GetProperties())
        {
            if (property.GetCustomAttributes(typeof(CommandLine.OptionAttribute), true) is [CommandLine.OptionAttribute { Default: { } value }])
            {
                property.SetValue(command, value);
            }
        }
    }
}
