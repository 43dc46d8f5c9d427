namespace CausalMixFT.Engine.Studies;

/// <summary>What a table is like, apart from its rows and classes: what may explain where an arm helps.</summary>
/// <param name="Columns">Columns to predict from.</param>
/// <param name="CategoricalColumns">How many of them hold names or truth values.</param>
public sealed record TableTraits(int Columns, int CategoricalColumns);
