using System.Numerics;
using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>The test that is never wrong: it reads the answer off the DAG.</summary>
/// <remarks>
/// Lauritzen et al. (1990): x and y are d-separated by S when S cuts them in the moral graph of the ancestors of all three.
/// Sets are bits, so that a thousand DAGs are asked millions of questions in seconds; up to 64 variables.
/// </remarks>
sealed class DSeparationOracle : IIndependenceTest
{
    readonly ulong[] _parents, _ancestors;

    public DSeparationOracle(Dag dag)
    {
        _parents = new ulong[dag.Count];
        _ancestors = new ulong[dag.Count];
        foreach (int node in dag.CausalOrder())
        {
            _ancestors[node] = 1UL << node;
            foreach (int parent in dag.Parents(node))
            {
                _parents[node] |= 1UL << parent;
                _ancestors[node] |= _ancestors[parent];
            }
        }
    }

    public string Name => "d-separation";

    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            ulong given = 0;
            foreach (int node in variables[2..])
            {
                given |= 1UL << node;
            }

            pValues[query] = Separates(variables[0], variables[1], given) ? 1 : 0;
        }
    }

    bool Separates(int x, int y, ulong given)
    {
        ulong ancestors = _ancestors[x] | _ancestors[y];
        for (ulong rest = given; rest != 0; rest &= rest - 1)
        {
            ancestors |= _ancestors[BitOperations.TrailingZeroCount(rest)];
        }

        ulong reached = 1UL << x, grown = 0;
        while (reached != grown)
        {
            grown = reached;
            for (ulong rest = ancestors; rest != 0; rest &= rest - 1)
            {
                // A child and its parents are all joined in the moral graph; nothing is walked through S.
                int child = BitOperations.TrailingZeroCount(rest);
                ulong family = _parents[child] | 1UL << child;
                reached |= (reached & family & ~given) != 0 ? family : 0;
            }
        }

        return (reached >> y & 1) == 0;
    }
}
