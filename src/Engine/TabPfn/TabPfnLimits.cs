using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>What training tables TabPFN takes.</summary>
static class TabPfnLimits
{
    // Beyond this upstream draws rows to find quantiles by, which is not reproduced here.
    const int MostRowsAtAll = 100_000;

    /// <exception cref="InputException">There are too few or too many rows or columns.</exception>
    internal static void Check(int rows, int columns, bool ignored)
    {
        int mostRows = ignored ? MostRowsAtAll : TabPfnEnsemble.MostRows;
        if (rows is < 2 || rows > mostRows)
        {
            throw new InputException($"There are {rows} training rows, but TabPFN takes 2 to {mostRows}; draw a part of them.");
        }

        if (columns > TabPfnEnsemble.MostColumns && !ignored)
        {
            throw new InputException(
                $"There are {columns} columns to predict from, but TabPFN takes {TabPfnEnsemble.MostColumns}; leave some out.");
        }
    }

    /// <exception cref="InputException">No column varies.</exception>
    internal static void CheckVaries(FeatureBlock train)
    {
        if (!train.Columns.Any(MemberPipeline.Varies))
        {
            throw new InputException(
                "Every column to predict from is constant or empty in the training rows, but one that varies is needed; " +
                "add columns or training rows.");
        }
    }
}
