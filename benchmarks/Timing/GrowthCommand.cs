using System.Globalization;
using CausalMixFT.Benchmarks.Pipeline;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Benchmarks.Timing;

/// <summary>Measures how the cost of PC by Fisher's z grows over columns and rows, and draws it beside the peers'.</summary>
/// <remarks>
/// Two committed files hold the points, each line <c>program,rows,columns,seconds,tests</c>: ours, which this command
/// writes, and the peers', measured on tables of the same kind. The picture is made of these two files and nothing else.
/// </remarks>
[Verb("growth", HelpText = "Measure how discovery's cost grows over columns and rows, and draw docs/pictures/discovery-growth.svg.")]
sealed class GrowthCommand
{
    const string Ours = "benchmarks/results/discovery-growth.csv", Peers = "benchmarks/results/discovery-peers.csv";
    const string Picture = "docs/pictures/discovery-growth.svg";

    [Option("draw-only", HelpText = "Draw from the points that were measured before.")]
    public bool DrawOnly { get; set; }

    [Option("seconds", Default = 2.0, HelpText = "About how long to run each size.")]
    public double Seconds { get; set; }

    public void Run()
    {
        if (!DrawOnly)
        {
            File.WriteAllLines(Ours, [GrowthPoint.Header, .. Measure().Select(point => point.ToString())]);
        }

        var points = File.ReadLines(Ours).Skip(1).Concat(File.Exists(Peers) ? File.ReadLines(Peers).Skip(1) : [])
            .Select(GrowthPoint.Parse).ToArray();
        Directory.CreateDirectory(Path.GetDirectoryName(Picture)!);
        File.WriteAllText(Picture, GrowthChart.Draw(points));
        Console.WriteLine(Picture);
    }

    IEnumerable<GrowthPoint> Measure()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        (int Rows, int Columns)[] sizes =
        [
            (1000, 25), (1000, 50), (1000, 100), (1000, 200), (1000, 500), (1000, 1000), (1000, 2000),
            (10_000, 50), (100_000, 50), (1_000_000, 50),
        ];
        foreach (var (rows, columns) in sizes)
        {
            var table = SimulatedTable.Numbers(rows, columns);
            long tests = 0;
            var times = RunTimes.Of(
                () => tests = CausalDiscovery.Discover(table, new DiscoveryOptions { MaxDepth = null }, device).Queries, Seconds);
            var point = new GrowthPoint(GrowthPoint.Us, rows, columns, times.Median, tests);
            Console.WriteLine($"{point}, {(tests / times.Median).ToString("0.00e0", CultureInfo.InvariantCulture)} tests/s");
            yield return point;
        }
    }
}

/// <summary>One measured size of one program.</summary>
/// <param name="Program">Whose time it is.</param>
/// <param name="Rows">Rows of the table.</param>
/// <param name="Columns">Columns of the table.</param>
/// <param name="Seconds">Median wall time.</param>
/// <param name="Tests">How many independence tests were asked.</param>
sealed record GrowthPoint(string Program, int Rows, int Columns, double Seconds, long Tests)
{
    /// <summary>What this project is called in the files.</summary>
    public const string Us = "CausalMixFT";

    /// <summary>The first line of the files.</summary>
    public const string Header = "program,rows,columns,seconds,tests";

    public static GrowthPoint Parse(string line)
    {
        string[] cells = line.Split(',');
        return new(
            cells[0], int.Parse(cells[1], CultureInfo.InvariantCulture), int.Parse(cells[2], CultureInfo.InvariantCulture),
            double.Parse(cells[3], CultureInfo.InvariantCulture), long.Parse(cells[4], CultureInfo.InvariantCulture));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Program},{Rows},{Columns},{Seconds:0.00000},{Tests}");
}
