namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>The edges in which this program and another are known to differ; docs/numerics.md gives each its reason.</summary>
static class KnownDifferences
{
    static readonly Dictionary<(string Name, string Program, string Setting), string[]> Edges = new()
    {
    };

    /// <summary>The differences, each as "what is here for what is there"; none for most.</summary>
    public static string[] Of(string name, string program, string setting) => Edges.GetValueOrDefault((name, program, setting), []);
}
