namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>The edges in which this program and another are known to differ; docs/numerics.md gives each its reason.</summary>
static class KnownDifferences
{
    static readonly Dictionary<(string Name, string Program, string Setting), string[]> Edges = new()
    {
        // pcalg's C++ search tries neighbours of one side only before common ones, and so stores another separating set.
        [("d_sachs", "pcalg", "stable.fast relaxed")] = ["Akt --- Erk for Akt --> Erk"],

        // The edge closes a cycle; causal-learn's table of ancestors lacks some of them, so it does not see it.
        [("g30", "causal-learn", "fisherz alpha 0.01 uc_rule 0 uc_priority 2")] = ["X23 --- X27 for X23 --> X27"],
        [("g30", "causal-learn", "fisherz alpha 0.05 uc_rule 0 uc_priority 2")] = ["X23 --- X27 for X23 --> X27"],
        [("g30", "causal-learn", "fisherz alpha 0.01 uc_rule 1 uc_priority 2")] = ["X4 --- X21 for X4 <-- X21"],
    };

    /// <summary>The differences, each as "what is here for what is there"; none for most.</summary>
    public static string[] Of(string name, string program, string setting) => Edges.GetValueOrDefault((name, program, setting), []);
}
