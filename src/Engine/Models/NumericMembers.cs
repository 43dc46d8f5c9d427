using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Models;

/// <summary>The tables, one a member, in which a regressor is shown columns with standardised labels and the rows to predict.</summary>
public delegate IReadOnlyList<EpisodeBatch> NumericMembers(Table context, float[] labels, Table rows);
