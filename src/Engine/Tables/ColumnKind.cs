using System.Diagnostics.CodeAnalysis;

namespace CausalMixFT.Engine.Tables;

/// <summary>What a column's cells are.</summary>
[SuppressMessage(
    "Naming", "CA1720:Identifier contains type name", Justification = "A whole number, as every reader of data says.")]
public enum ColumnKind
{
    /// <summary>Real numbers.</summary>
    Numeric,

    /// <summary>Whole numbers: counts, years, ranks.</summary>
    Integer,

    /// <summary>One of two opposite spellings, such as no and yes.</summary>
    Boolean,

    /// <summary>One of a few names without an order.</summary>
    Categorical,

    /// <summary>Calendar days, written 2024-03-01; cells are days since 0001-01-01, whole numbers.</summary>
    Date,
}
