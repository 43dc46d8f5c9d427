using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace CausalMixFT.Engine.Studies;

/// <summary>How an arm's gain changes with one property of the cell, the others held.</summary>
/// <param name="Name">What changes, such as "each halving of the rarest class's share".</param>
/// <param name="Effect">By how much the gain rises.</param>
/// <param name="Low">The lower end of its 95 % interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="PValue">The chance of as large an effect when there is none.</param>
/// <param name="HolmPValue">The p-value among the effects of all arms on this measure.</param>
public sealed record GainEffect(string Name, double Effect, double Low, double High, double PValue, double HolmPValue = double.NaN);

/// <summary>When an arm helps: a mixed regression of its gain in each cell, splits averaged, with a random intercept for each table.</summary>
/// <remarks>
/// Restricted maximum likelihood, t-tests with between-within degrees of freedom: a property that only differs between tables has those
/// of the tables, one that varies within tables those of the cells. Properties are centred, so the level is the gain of an average cell.
/// </remarks>
public sealed record GainRegression
{
    // With fewer, the intervals would be those of the assumptions.
    const int FewestTables = 5;

    /// <summary>The measure.</summary>
    public required StudyMeasure Measure { get; init; }

    /// <summary>The arm.</summary>
    public required string Arm { get; init; }

    /// <summary>Cells and tables.</summary>
    public required (int Cells, int Tables) Count { get; init; }

    /// <summary>The gain of an average cell.</summary>
    public required GainEffect Level { get; init; }

    /// <summary>What each property adds.</summary>
    public required IReadOnlyList<GainEffect> Effects { get; init; }

    /// <summary>Standard deviation of the gain between tables that are alike in all properties.</summary>
    public required double DeviationOfTables { get; init; }

    /// <summary>Properties that these cells cannot tell apart from the others, or that do not vary.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }

    /// <summary>Fits the regression; null with fewer than five tables.</summary>
    internal static GainRegression? Of(
        StudyGains gains, StudyMeasure measure, string arm, IReadOnlyDictionary<string, TableTraits> traits)
    {
        var cells = gains.InCells(measure, arm);
        string[] tables = [.. cells.Select(cell => cell.Cell.Table).Distinct()];
        if (tables.Length < FewestTables)
        {
            return null;
        }

        var kept = new List<Property>();
        var leftOut = new List<string>();
        foreach (var property in Properties(cells, traits))
        {
            if (Tells([.. kept, property], tables.Length))
            {
                kept.Add(property);
            }
            else
            {
                leftOut.Add(property.Name);
            }
        }

        int[] groups = [.. cells.Select(cell => Array.IndexOf(tables, cell.Cell.Table))];
        double[] y = [.. cells.Select(cell => cell.Gain)];
        var fit = RandomInterceptModel.Fit(y, Design(kept, y.Length), groups);
        int between = 1 + kept.Count(property => !property.VariesWithin), within = kept.Count - between + 1;
        return new()
        {
            Measure = measure,
            Arm = arm,
            Count = (cells.Count, tables.Length),
            Level = Effect("an average cell", 0, tables.Length - between),
            Effects = [.. kept.Select((property, i) => Effect(
                property.Name, i + 1, property.VariesWithin ? y.Length - tables.Length - within : tables.Length - between))],
            DeviationOfTables = Math.Sqrt(fit.GroupVariance),
            LeftOut = leftOut,
        };

        GainEffect Effect(string name, int i, double freedom)
        {
            double error = fit.StandardErrors[i], effect = fit.Coefficients[i];
            double half = StudentT.InvCDF(0, 1, freedom, 0.975) * error;
            double p = error > 0 ? 2 * StudentT.CDF(0, 1, freedom, -Math.Abs(effect) / error) : effect == 0 ? 1 : 0;
            return new(name, effect, effect - half, effect + half, p);
        }
    }

    static IEnumerable<Property> Properties(IReadOnlyList<CellGain> cells, IReadOnlyDictionary<string, TableTraits> traits)
    {
        yield return new("each halving of the rarest class's share", cells, cell => -Math.Log2(cell.RarestShare));
        yield return new("each doubling of training rows", cells, cell => Math.Log2(cell.Cell.Rows));
        if (cells.All(cell => traits.ContainsKey(cell.Cell.Table)))
        {
            yield return new(
                "each 10 % more of columns being categorical", cells,
                cell => 10.0 * traits[cell.Cell.Table].CategoricalColumns / traits[cell.Cell.Table].Columns);
            yield return new("each doubling of columns", cells, cell => Math.Log2(traits[cell.Cell.Table].Columns));
        }
    }

    // Whether properties vary, do not repeat each other, and leave three degrees of freedom to those that differ between tables, and one to the others.
    static bool Tells(Property[] properties, int tables)
    {
        int cells = properties[0].Values.Length, within = properties.Count(property => property.VariesWithin);
        return properties.All(property => property.Values.Max(Math.Abs) > 1e-9)
            && tables - 1 - (properties.Length - within) >= 3
            && (within == 0 || cells - tables - within >= 1)
            && Matrix<double>.Build.DenseOfRowArrays(Design(properties, cells)).Rank() == properties.Length + 1;
    }

    static double[][] Design(IReadOnlyList<Property> properties, int cells) =>
        [.. Enumerable.Range(0, cells).Select(cell => (double[])[1, .. properties.Select(property => property.Values[cell])])];

    sealed class Property
    {
        public Property(string name, IReadOnlyList<CellGain> cells, Func<CellGain, double> of)
        {
            Name = name;
            double mean = cells.Average(of);
            Values = [.. cells.Select(cell => of(cell) - mean)];
            VariesWithin = cells.GroupBy(cell => cell.Cell.Table).Any(table => table.Max(of) - table.Min(of) > 1e-9);
        }

        public string Name { get; }

        public double[] Values { get; }

        public bool VariesWithin { get; }
    }
}
