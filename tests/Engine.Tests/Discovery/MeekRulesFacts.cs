using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Tests.Discovery;

public class MeekRulesFacts
{
    // Each rule's own figure: variables A, B, C, D are 0 … 3, and the rule must direct 0 --> 1.
    public static TheoryData<string, string> Figures => new()
    {
        { "C --> A, A --- B", "R1" },
        { "A --> C, C --> B, A --- B", "R2" },
        { "A --- C, A --- D, C --> B, D --> B, A --- B", "R3" },
        { "A --- C, C --> D, D --> B, A --- D, A --- B", "R4" },
    };

    [Theory, MemberData(nameof(Figures))]
    public void Each_rule_directs_its_figure(string figure, string rule)
    {
        var variables = Dag.Parse("A, B, C, D").Variables;
        var builder = new GraphBuilder(variables);
        foreach (string[] edge in figure.Split(", ").Select(edge => edge.Split(' ')))
        {
            var (from, to) = (edge[0][0] - 'A', edge[2][0] - 'A');
            _ = edge[1] == "-->" ? builder.Direct(from, to) : builder.Undirect(from, to);
        }

        // R4 is for graphs that knowledge has directed; any statement turns it on.
        var knowledge = new EdgeKnowledge(4);
        if (rule == "R4")
        {
            knowledge.Forbid(1, 2);
        }

        MeekRules.Close(builder, knowledge);

        Assert.True(builder.IsDirected(0, 1), rule);
    }
}
