using System.Globalization;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Benchmarks.Timing;

/// <summary>Times discovery on a CSV file, so that another program can be timed on the same file in the same session.</summary>
[Verb("time-discovery", HelpText = "Time discovery on a CSV file: median of many runs after warm-up, reading not counted.")]
sealed class TimeDiscoveryCommand
{
    /// <summary>The columns of the line that <see cref="Run"/> prints.</summary>
    const string Header = "| table | search | median s | best s | cpu s | first s | tests | tests/s | edges |\n" +
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file with a header line.")]
    public string Table { get; set; } = "";

    [Option("test", Default = TestChoice.Auto, HelpText = "The independence test, as discover names it.")]
    public TestChoice Test { get; set; }

    [Option("algorithm", Default = SearchAlgorithm.Pc, HelpText = "pc, fci or rfci.")]
    public SearchAlgorithm Algorithm { get; set; }

    [Option("colliders", Default = ColliderRule.SurestFirst, HelpText = "The collider rule; overwrite is pcalg's, keepfirst causal-learn's.")]
    public ColliderRule Colliders { get; set; }

    [Option("alpha", Default = 0.01, HelpText = "Level of significance.")]
    public double Alpha { get; set; }

    [Option("max-depth", HelpText = "Most variables given in one test. (default: no limit, as the peers)")]
    public int? MaxDepth { get; set; }

    [Option("threads", HelpText = "CPU threads to use. (default: all)")]
    public int? Threads { get; set; }

    [Option("seconds", Default = 3.0, HelpText = "About how long to run; five runs at the least.")]
    public double Seconds { get; set; }

    [Option("marks", MetaValue = "FILE", HelpText = "Also write the graph: the mark at column j of the edge i-j, 0 none, 1 circle, 2 arrow, 3 tail.")]
    public string? Marks { get; set; }

    public void Run()
    {
        var table = Read();
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = Threads });
        var options = new DiscoveryOptions
        {
            Alpha = Alpha,
            MaxDepth = MaxDepth,
            Test = Test,
            Algorithm = Algorithm,
            Colliders = Colliders,
        };
        DiscoveryResult? result = null;
        var whole = RunTimes.Of(() => result = CausalDiscovery.Discover(table, options, device), Seconds);
        Console.WriteLine(Header);
        Print($"{Algorithm}, {result!.TestName}, from the table", whole, result.Queries, result.Graph);
        if (Algorithm == SearchAlgorithm.Pc && result.TestName == "fisherz")
        {
            // What the peers are timed on: their matrix is there, the correlation is not.
            var blocks = BlockEncoding.Of(table, new BlockOptions());
            Variable[] variables = [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
            PcResult? search = null;
            var alone = RunTimes.Of(
                () =>
                {
                    using var test = new FisherZTest(blocks, device);
                    search = PcSearch.Run(test, variables, options);
                },
                Seconds);
            Print($"{Algorithm}, {result.TestName}, from the matrix", alone, search!.Queries, search.Graph);
        }

        if (Marks is not null)
        {
            WriteMarks(result.Graph, Marks);
        }
    }

    // The tests on categories take every column for one, whatever its spelling: peers' tables hold codes.
    Table Read()
    {
        var table = CsvTable.Read(Table).Table;
        return Test is TestChoice.GSquared or TestChoice.ChiSquare
            ? CsvTable.Read(Table, new CsvOptions { Categorical = [.. table.Columns.Select(column => column.Name)] }).Table
            : table;
    }

    void Print(string search, RunTimes times, long tests, CausalGraph graph) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {Path.GetFileNameWithoutExtension(Table)} | {search} | {times.Median:0.00000} | {times.Best:0.00000} | " +
        $"{times.Cpu:0.00000} | {times.First:0.000} | {tests} | {tests / times.Median:0.000e0} | {graph.Edges.Count()} |"));

    static void WriteMarks(CausalGraph graph, string path) => File.WriteAllLines(
        path,
        Enumerable.Range(0, graph.Count).Select(i => string.Join(' ', Enumerable.Range(0, graph.Count).Select(j => graph.Mark(i, j) switch
        {
            Endpoint.Circle => 1,
            Endpoint.Arrow => 2,
            Endpoint.Tail => 3,
            _ => 0,
        }))));
}
