using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Boosting;

/// <summary>
/// Boosted trees that tell the classes of a table's rows, missing cells and all: the judge of how alike tables are.
/// </summary>
/// <remarks>The trees stay with LightGBM, which sends a missing number to the side where it helped in training.</remarks>
public sealed class BoostedClassifier : IDisposable
{
    readonly Table _schema;
    readonly LightGbmBooster _booster;

    BoostedClassifier(Table schema, int classes, LightGbmBooster booster) =>
        (_schema, Classes, _booster) = (schema, classes, booster);

    /// <summary>How many classes.</summary>
    public int Classes { get; }

    /// <summary>Trains on every row of a table.</summary>
    /// <param name="features">The features; discrete columns are split by level.</param>
    /// <param name="labels">Each row's class, from 0.</param>
    /// <param name="classes">How many classes, at least 2.</param>
    /// <param name="options">The shape of the trees.</param>
    /// <exception cref="InputException">LightGBM's library cannot be loaded.</exception>
    public static BoostedClassifier Train(Table features, int[] labels, int classes, BoostingOptions options)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(options);
        if (features.Columns.Count == 0 || features.Rows == 0 || labels.Length != features.Rows || classes < 2)
        {
            throw new ArgumentException(
                $"A classifier needs features, two classes at least and a label for each of the {features.Rows} rows.");
        }

        string parameters = options.Parameters(BoostingObjective.Multiclass, classes, missing: true);
        bool[] isCategorical = [.. features.Columns.Select(column => column.IsDiscrete)];
        using var dataset = LightGbmDataset.FromColumns(Cells(features.Columns), isCategorical, parameters);
        dataset.SetTarget([.. labels.Select(label => (float)label)]);
        var booster = new LightGbmBooster(dataset, parameters);
        for (int round = 0; round < options.Rounds && booster.Update(); round++) { }

        return new(features.Select([]), classes, booster);
    }

    /// <summary>The classes' probabilities, (rows, classes), of a table that has the features under the same names.</summary>
    /// <remarks>Levels are matched by name; one that training had not seen is like none of those it had.</remarks>
    /// <exception cref="InputException">A feature is missing, or is discrete in one table and a number in the other.</exception>
    public double[] Probabilities(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var columns = _schema.Columns.Select(known =>
        {
            var column = table[known.Name];
            return column.IsDiscrete == known.IsDiscrete ? column.WithLevelsOf(known) : throw new InputException(
                $"Column '{known.Name}' was {known.Kind} in training and is {column.Kind} here; mark it with " +
                $"--categorical {known.Name} or --numeric {known.Name} so that both agree.");
        });
        var probabilities = new double[table.Rows * Classes];
        _booster.Predict<double>(
            LightGbmDataset.Matrix(Cells(columns), 0, table.Rows), _schema.Columns.Count, LightGbm.PredictNormal, -1,
            probabilities);
        return probabilities;
    }

    /// <inheritdoc/>
    public void Dispose() => _booster.Dispose();

    static double[][] Cells(IEnumerable<Column> columns) => [.. columns.Select(column => column.Values.ToArray())];
}
