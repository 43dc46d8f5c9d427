using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>x --> y &lt;-- z, wherever the triple was judged a collider and no other collider forbids it.</summary>
static class ColliderOrientation
{
    public static void Run(
        GraphBuilder graph, int[][] adjacent, TripleJudgement judgement, SeparatingSets separatingSets, ColliderRule rule,
        EdgeKnowledge knowledge)
    {
        var paths = new DirectedPaths(graph, adjacent);
        foreach (int i in InOrder(judgement, separatingSets, rule))
        {
            var (x, y, z) = judgement.Triples[i];
            if (knowledge.IsForbidden(x, y) || knowledge.IsForbidden(z, y))
            {
                continue;
            }

            if (rule == ColliderRule.Bidirected)
            {
                Point(x, y);
                Point(z, y);
                continue;
            }

            bool contradicts = graph.IsDirected(y, x) || graph.IsDirected(y, z);
            if (rule == ColliderRule.Overwrite || !(contradicts || (rule == ColliderRule.SurestFirst && (Closes(x, y) || Closes(z, y)))))
            {
                graph.Direct(x, y);
                graph.Direct(z, y);
            }
        }

        bool Closes(int from, int to) => !graph.IsDirected(from, to) && paths.Lead(to, from);

        // Puts an arrowhead at y, and leaves the one at x that another collider put there.
        void Point(int x, int y) =>
            graph.Connect(x, y, graph.Mark(y, x) == Endpoint.Arrow ? Endpoint.Arrow : Endpoint.Tail, Endpoint.Arrow);
    }

    static IEnumerable<int> InOrder(TripleJudgement judgement, SeparatingSets separatingSets, ColliderRule rule)
    {
        var colliders = Enumerable.Range(0, judgement.Triples.Count).Where(i => judgement.Verdicts[i] == TripleVerdict.Collider);
        return rule switch
        {
            ColliderRule.SurestFirst => colliders.OrderByDescending(PValue),
            ColliderRule.DependentGivenMiddleFirst => colliders.OrderBy(i => judgement.Evidence[i].LargestWith),
            ColliderRule.IndependentWithoutMiddleFirst => colliders.OrderByDescending(i => judgement.Evidence[i].LargestWithout),
            _ => colliders,
        };

        // Only a pair that was never joined has no set, and it was judged by the sets of its neighbours.
        double PValue(int i)
        {
            var (x, _, z) = judgement.Triples[i];
            return separatingSets.Separates(x, z) ? separatingSets.PValueOf(x, z) : judgement.Evidence[i].LargestWithout;
        }
    }
}
