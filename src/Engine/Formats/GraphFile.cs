using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>A graph as it lies in a file: the graph, and how it came about where a search found it.</summary>
/// <param name="Graph">A <see cref="Dag"/>, a <see cref="Cpdag"/> or a <see cref="Pag"/>.</param>
/// <param name="Test">The test that was asked, or null.</param>
/// <param name="Alpha">The level of significance, or null.</param>
/// <param name="SeparatingSets">What separates pairs that are not joined; empty when unknown.</param>
public sealed record GraphFile(CausalGraph Graph, string? Test, double? Alpha, SeparatingSets SeparatingSets)
{
    /// <summary>Words for the types of graphs.</summary>
    internal static readonly string[] Types = ["dag", "cpdag", "pag"];

    /// <summary>How sure each edge is, or null when that is unknown.</summary>
    public EdgeConfidence? Confidence { get; init; }

    /// <summary>The word for the graph's type: dag, cpdag or pag.</summary>
    internal string Type => Graph switch { Dag => "dag", Cpdag => "cpdag", _ => "pag" };

    /// <summary>What a search found.</summary>
    public static GraphFile Of(DiscoveryResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new(result.Graph, result.TestName, result.Alpha, result.SeparatingSets) { Confidence = result.Confidence };
    }

    /// <summary>The graph of a known type, or, where the type is null, of the first that its marks allow: dag, cpdag, pag.</summary>
    /// <exception cref="Tables.InputException">The marks do not fit the type, or the edges of a DAG form a cycle.</exception>
    internal static CausalGraph Build(GraphBuilder builder, string? type) => (type ?? TypeOf(builder)) switch
    {
        "dag" => builder.ToDag(),
        "cpdag" => builder.ToCpdag(),
        _ => builder.ToPag(),
    };

    static string TypeOf(GraphBuilder builder)
    {
        var edges = builder.ToPag().Edges;
        return edges.All(edge => edge.IsDirected) ? "dag" : edges.All(edge => edge.IsDirected || edge.IsUndirected) ? "cpdag" : "pag";
    }
}
