using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class MeekRulesFacts
{
    // Each rule's own figure: variables A, B, C, D are 0 … 3, and the rule must direct 0 --> 1.
    static readonly (string Name, string Figure)[] Figures =
    [
        ("R1", "C --> A, A --- B"),
        ("R2", "A --> C, C --> B, A --- B"),
        ("R3", "A --- C, A --- D, C --> B, D --> B, A --- B"),
        ("R4", "A --- C, C --> D, D --> B, A --- D, A --- B"),
    ];

    public static MatrixTheoryData<string, PropagationRule> EveryRule => new(Figures.Select(figure => figure.Name), Enum.GetValues<PropagationRule>());

    [Theory, MemberData(nameof(EveryRule))]
    public void Each_rule_directs_its_figure(string name, PropagationRule rule)
    {
        string figure = Figures.Single(figure => figure.Name == name).Figure;
        var variables = Dag.Parse("A, B, C, D").Variables;
        var builder = new GraphBuilder(variables);
        foreach (string[] edge in figure.Split(", ").Select(edge => edge.Split(' ')))
        {
            var (from, to) = (edge[0][0] - 'A', edge[2][0] - 'A');
            _ = edge[1] == "-->" ? builder.Direct(from, to) : builder.Undirect(from, to);
        }

        // R4 is for graphs that knowledge has directed; any statement turns it on.
        var knowledge = new EdgeKnowledge(4);
        if (name == "R4")
        {
            knowledge.Forbid(1, 2);
        }

        MeekRules.Close(
            builder, [.. Enumerable.Range(0, 4).Select(node => builder.Adjacent(node).ToArray())], rule, [], knowledge);

        Assert.True(builder.IsDirected(0, 1), name);
    }
}
