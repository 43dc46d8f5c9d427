using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>The test that is never wrong: it reads the answer off the DAG.</summary>
sealed class DSeparationOracle(Dag dag) : IIndependenceTest
{
    public string Name => "d-separation";

    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            pValues[query] = DSeparation.Separates(dag, variables[0], variables[1], variables[2..]) ? 1 : 0;
        }
    }
}
