using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>The columns of the training rows, which rows to predict must have with cells of the same kinds.</summary>
sealed class TypedFeatures(Table train)
{
    /// <summary>Other rows' columns, in the order of the training rows'.</summary>
    /// <exception cref="InputException">A column holds names in one and numbers in the other.</exception>
    internal RawFeatures Raw(Table rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        foreach (var column in train.Columns)
        {
            if (rows[column.Name].IsDiscrete != column.IsDiscrete)
            {
                throw new InputException(
                    $"Column '{column.Name}' holds {Kind(column)} in the training rows and {Kind(rows[column.Name])} in the rows " +
                    "to predict, but one kind was expected; correct its cells.");
            }
        }

        return RawFeatures.Of(new Table([.. train.Columns.Select(column => rows[column.Name])]));

        static string Kind(Column column) => column.IsDiscrete ? "names" : "numbers";
    }
}
