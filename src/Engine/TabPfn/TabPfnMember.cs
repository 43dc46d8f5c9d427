using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>One table that the network is shown, and under which numbers it sees the classes.</summary>
/// <param name="Batch">One table: the training rows with their classes' numbers as context, the rows to predict as query.</param>
/// <param name="ClassPermutation">The k-th class among the training rows is shown as number ClassPermutation[k].</param>
public sealed record TabPfnMember(EpisodeBatch Batch, IReadOnlyList<int> ClassPermutation);
