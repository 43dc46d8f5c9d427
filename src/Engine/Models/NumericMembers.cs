using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>The tables, one a member, in which a regressor is shown rows with standardised labels and rows to predict.</summary>
public delegate IReadOnlyList<EpisodeBatch> NumericMembers(Table context, float[] labels, Table rows);
