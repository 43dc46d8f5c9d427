using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>Results on one data set beside another program's, a line each; `./dev conformance` prints all lines.</summary>
/// <remarks>Disposing asserts that graphs differ exactly where <see cref="KnownDifferences"/> says so.</remarks>
sealed class ConformanceTable(ITestOutputHelper output, string name, string program) : IDisposable
{
    // Where ./dev conformance gathers the lines; unset on every other run.
    static readonly string? LinesFile = Environment.GetEnvironmentVariable("CAUSALMIXFT_CONFORMANCE_TABLE");
    static readonly Lock OneWriter = new();

    readonly List<string> _known = [], _found = [];

    /// <summary>Compares the marks of all edges.</summary>
    public void Compare(string setting, CausalGraph expected, CausalGraph actual)
    {
        Add(setting, actual, [
            .. from pair in Pairs(expected).Union(Pairs(actual)).Order()
               let there = Drawn(expected, pair)
               let here = Drawn(actual, pair)
               where there != here
               select $"{here} for {there}",
        ]);
    }

    /// <summary>Compares which pairs are joined.</summary>
    public void CompareSkeletons(string setting, CausalGraph expected, CausalGraph actual)
    {
        var (there, here) = (Pairs(expected).ToHashSet(), Pairs(actual).ToHashSet());
        Add($"skeleton {setting}", actual, [
            .. here.Except(there).Order().Select(pair => $"{Drawn(actual, pair)} for none"),
            .. there.Except(here).Order().Select(pair => $"none for {Drawn(expected, pair)}"),
        ]);
    }

    /// <summary>Adds the line of another comparison, such as one of statistics.</summary>
    public void Write(string setting, string verdict)
    {
        string line = string.Join('|', name, program, setting, verdict);
        output.WriteLine(line);
        if (LinesFile is not null)
        {
            lock (OneWriter)
            {
                File.AppendAllLines(LinesFile, [line]);
            }
        }
    }

    public void Dispose() => Assert.Equal(_known, _found);

    void Add(string setting, CausalGraph actual, string[] differences)
    {
        _found.AddRange(differences.Select(difference => $"{setting}: {difference}"));
        _known.AddRange(KnownDifferences.Of(name, program, setting).Select(difference => $"{setting}: {difference}"));
        int edges = actual.Edges.Count();
        Write(setting, differences.Length == 0
            ? $"equal ({edges} edges)"
            : $"{differences.Length} of {edges} edges differ: {string.Join("; ", differences)}");
    }

    static IEnumerable<(int A, int B)> Pairs(CausalGraph graph) =>
        graph.Edges.Select(edge => (Math.Min(edge.From, edge.To), Math.Max(edge.From, edge.To)));

    static string Drawn(CausalGraph graph, (int A, int B) pair)
    {
        if (graph.Mark(pair.A, pair.B) is not { } atB)
        {
            return "none";
        }

        char left = graph.Mark(pair.B, pair.A) switch { Endpoint.Tail => '-', Endpoint.Arrow => '<', _ => 'o' };
        char right = atB switch { Endpoint.Tail => '-', Endpoint.Arrow => '>', _ => 'o' };
        return $"{graph.Variables[pair.A].Name} {left}-{right} {graph.Variables[pair.B].Name}";
    }
}
