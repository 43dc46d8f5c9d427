using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>One table that a model is shown, and under which numbers it sees the classes.</summary>
/// <param name="Batch">Context rows with their classes' numbers, and query rows.</param>
/// <param name="Names">Class k is shown as number Names[k], or −1 if it is not shown at all.</param>
/// <param name="Classes">So many classes are shown: numbers below it.</param>
public sealed record ShownTable(EpisodeBatch Batch, IReadOnlyList<int> Names, int Classes);
