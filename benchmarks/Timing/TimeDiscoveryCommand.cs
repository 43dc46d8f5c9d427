using System.Globalization;
using CausalMixFT.Benchmarks.Pipeline;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Encoding;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Benchmarks.Timing;

/// <summary>Whose rules orient edges, so that graphs can be compared.</summary>
enum Rules
{
    Own,
    Pcalg,
    CausalLearn,
}

/// <summary>Times discovery on a CSV file, so that another program can be timed on the same file in the same session.</summary>
[Verb("time-discovery", HelpText = "Time discovery on a CSV file: median of many runs after warm-up, reading not counted.")]
sealed class TimeDiscoveryCommand
{
    /// <summary>The columns of the line that <see cref="Run"/> prints.</summary>
    const string Header = "| table | search | median s | best s | cpu s | first s | tests | tests/s | edges |\n" +
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

    [Value(0, MetaName = "TABLE", Required = true, HelpText = "A .csv or .csv.gz file, or a simulated table such as numbers:1000x50, categories:5000x37 or mixed:20000x40.")]
    public string Table { get; set; } = "";

    [Option("test", Default = TestChoice.Auto, HelpText = "The independence test, as discover names it.")]
    public TestChoice Test { get; set; }

    [Option("algorithm", Default = SearchAlgorithm.Pc, HelpText = "pc, fci or rfci.")]
    public SearchAlgorithm Algorithm { get; set; }

    [Option("rules", Default = Rules.Own, HelpText = "Whose orientation rules: own, pcalg or causallearn, each program's defaults.")]
    public Rules Orientation { get; set; }

    [Option("alpha", Default = 0.01, HelpText = "Level of significance.")]
    public double Alpha { get; set; }

    [Option("max-depth", HelpText = "Most variables given in one test. (default: no limit, as the peers)")]
    public int? MaxDepth { get; set; }

    [Option("dsep-depth", HelpText = "Most variables given in a test of FCI's possible-d-sep step. (default: as max-depth)")]
    public int? PossibleDSepDepth { get; set; }

    [Option("bootstraps", HelpText = "Also search this many resamples of the rows.")]
    public int Bootstraps { get; set; }

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
            Bootstraps = Bootstraps,
            Fci = new() { MaxPossibleDSepDepth = PossibleDSepDepth },
        };
        options = Orientation switch
        {
            Rules.Pcalg => options with { Colliders = ColliderRule.Overwrite, Propagation = PropagationRule.Overwrite },
            Rules.CausalLearn => options with { Colliders = ColliderRule.KeepFirst, SeparatingSets = SeparatingSetRule.Union },
            _ => options,
        };
        DiscoveryResult? result = null;
        var whole = RunTimes.Of(() => result = CausalDiscovery.Discover(table, options, device), Seconds);
        Console.WriteLine(Header);
        Print($"{Algorithm}, {result!.TestName}, from the table", whole, result.Queries, result.Graph);
        if (result.TestName == "fisherz" && Bootstraps == 0)
        {
            // What the peers are timed on: their matrix is there, the correlation is not.
            var blocks = BlockEncoding.Of(table, new BlockOptions());
            Variable[] variables = [.. table.Columns.Select((column, i) => new Variable(i, column.Name, column.Kind))];
            (CausalGraph Graph, long Tests)? found = null;
            var alone = RunTimes.Of(() => found = Search(blocks, variables, options, device), Seconds);
            Print($"{Algorithm}, {result.TestName}, from the matrix", alone, found!.Value.Tests, found.Value.Graph);
        }

        if (Marks is not null)
        {
            WriteMarks(result.Graph, Marks);
        }
    }

    static (CausalGraph Graph, long Tests) Search(
        BlockEncoding blocks, Variable[] variables, DiscoveryOptions options, ComputeDevice device)
    {
        using var test = new FisherZTest(blocks, device);
        if (options.Algorithm == SearchAlgorithm.Pc)
        {
            var found = PcSearch.Run(test, variables, options);
            return (found.Graph, found.Queries);
        }

        var pag = FciSearch.Run(test, variables, options);
        return (pag.Graph, pag.Queries);
    }

    // The tests on categories take every column for one, whatever its spelling: peers' tables hold codes.
    Table Read()
    {
        if (Table.Split(':') is [("numbers" or "categories" or "mixed") and var kind, var shape])
        {
            int[] sizes = [.. shape.Split('x').Select(size => int.Parse(size, CultureInfo.InvariantCulture))];
            return SimulatedTable.Of(kind, sizes[0], sizes[1]);
        }

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
