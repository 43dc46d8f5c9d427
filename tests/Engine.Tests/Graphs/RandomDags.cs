using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Graphs;

/// <summary>DAGs of every density, with causes and effects in any order of columns.</summary>
static class RandomDags
{
    public static Dag Draw(Random random, int largest)
    {
        int count = random.Next(2, largest + 1);
        double density = random.NextDouble();
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        var variables = order.Select((_, i) => new Variable(i, $"X{i}", ColumnKind.Numeric)).ToArray();
        var edges =
            from i in Enumerable.Range(0, count)
            from j in Enumerable.Range(0, i)
            where random.NextDouble() < density
            select (order[j], order[i]);
        return Dag.FromEdges(variables, edges.ToArray());
    }
}
