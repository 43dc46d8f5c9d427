using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>A test of conditional independence between columns, asked in batches.</summary>
public interface IIndependenceTest
{
    /// <summary>The test's name, as options and reports spell it.</summary>
    string Name { get; }

    /// <summary>How many questions so far could not be answered, because S determined x or y.</summary>
    long Undecided => 0;

    /// <summary>Writes a p-value per question: the chance of data at least this dependent, were x and y independent given S.</summary>
    /// <remarks>
    /// Symmetric: exchanging x and y, or the order of S, changes nothing. Never NaN: where S determines x or y nothing can
    /// be learnt about their link, and p is 0, so that the search keeps the edge.
    /// </remarks>
    void PValues(QueryBatch queries, Span<double> pValues);
}
