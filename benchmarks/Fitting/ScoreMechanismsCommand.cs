using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Benchmarks.Fitting;

/// <summary>Times the choice and fit of mechanisms, and scores them node by node on rows of another file.</summary>
[Verb("score-mechanisms", HelpText = "Time fitting a table's mechanisms to a graph, and score them on held-out rows node by node.")]
sealed class ScoreMechanismsCommand
{
    [Value(0, MetaName = "TRAIN", Required = true, HelpText = "The rows to fit to.")]
    public string Train { get; set; } = "";

    [Value(1, MetaName = "HELDOUT", Required = true, HelpText = "Rows to score on, without missing cells.")]
    public string HeldOut { get; set; } = "";

    [Option("graph", Required = true, MetaValue = "FILE", HelpText = "The graph, in any format that fit reads.")]
    public string Graph { get; set; } = "";

    [Option("threads", HelpText = "CPU threads to use. (default: all)")]
    public int? Threads { get; set; }

    [Option("repeats", Default = 5, HelpText = "Fits to time.")]
    public int Repeats { get; set; }

    public void Run()
    {
        var train = CsvTable.Read(Train).Table;
        var heldOut = CsvTable.Read(HeldOut).Table;
        var dag = DagFile.Read(Graph, null, out _)[0];
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = Threads });
        var seconds = new List<double>();
        StructuralCausalModel? scm = null;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            var clock = Stopwatch.StartNew();
            scm = StructuralCausalModel.Fit(train, dag, new ScmOptions { Seed = 1 }, device);
            seconds.Add(clock.Elapsed.TotalSeconds);
        }

        Console.WriteLine(Line($"Fit of {train.Rows} rows, {train.Columns.Count} columns: first {seconds[0]:0.00} s, median {seconds.Order().ElementAt(seconds.Count / 2):0.00} s"));
        Console.WriteLine("| column | mechanism | CRPS | log-density | log-loss |\n| --- | --- | ---: | ---: | ---: |");
        for (int index = 0; index < scm!.Nodes.Count; index++)
        {
            var node = scm.Nodes[index];
            if (node.Parents.Count > 0)
            {
                var scores = HeldOutScores.Of(scm, index, heldOut);
                Console.WriteLine(Line($"| {node.Name} | {node.Mechanism.Name}: {node.Fit.Basis} | {Cell(scores.Crps)} | {Cell(scores.LogDensity)} | {Cell(scores.LogLoss)} |"));
            }
        }
    }

    static string Cell(double? value) => value is double number ? Line($"{number:0.0000}") : "";

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
