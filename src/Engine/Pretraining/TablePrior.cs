using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>The size of the tables that are trained on together.</summary>
/// <param name="Tables">Tables in a batch.</param>
/// <param name="Context">Labelled rows.</param>
/// <param name="Query">Rows to predict.</param>
/// <param name="Columns">Features.</param>
/// <param name="Classes">Classes, at least 2.</param>
public readonly record struct TableShape(int Tables, int Context, int Query, int Columns, int Classes)
{
    /// <summary>All rows of one table, the context first.</summary>
    public int Rows => Context + Query;
}

/// <summary>Tables drawn from the prior: features (tables, rows, columns) and labels (tables, rows), context rows first.</summary>
public sealed record PriorTables(TableShape Shape, float[] Features, int[] Labels);

/// <summary>
/// The prior that the shipped model is trained on: classification tables from random structural causal models, with
/// skewed classes and small tables as the common case.
/// </summary>
/// <remarks>
/// Some variables of a model become features, one or a few decide the class, or the class is the first cause; the rest stay
/// hidden, so causes, effects, spouses and confounded neighbours of the target all occur among the features. Columns are
/// then warped, cut into categories, rounded, made to miss cells, repeated or replaced by noise, as tables that people
/// bring are. Batch b of a seed is the same whatever was drawn before it, on any thread.
/// </remarks>
public sealed class TablePrior(ulong seed)
{
    const int FewestRows = 28, MostRows = 1300, MostColumns = 40, MostWideColumns = 100;

    readonly Philox _random = new(seed);

    /// <summary>Draws the shape of batch <paramref name="batch"/>, with about <paramref name="tokens"/> cells in all.</summary>
    /// <remarks>
    /// Rows are log-uniform from 28 to 1,300, columns from 3 to 40, or to 100 in a twentieth of the batches; 6 % have one column
    /// or two. A single table has at most twice the cells of a batch. A fifth to 30 % of the rows are queries.
    /// </remarks>
    public TableShape DrawShape(uint batch, int tokens)
    {
        var draw = new DrawSequence(_random.Branch(2 * batch));
        int rows = draw.LogBetween(FewestRows, Math.Clamp(tokens / 4, FewestRows, MostRows));
        int columns = draw.Chance(0.06f)
            ? 1 + draw.Below(2)
            : draw.LogBetween(3, draw.Chance(0.05f) ? MostWideColumns : MostColumns);
        columns = Math.Clamp(columns, 1, Math.Max(1, 2 * tokens / rows - 1));
        int query = (int)Math.Ceiling(rows * draw.Uniform(0.2f, 0.3f));
        int classes = draw.Pick<int>([
            (2, 0.6f), (3, 0.14f), (4, 0.07f), (5, 0.05f), (6, 0.04f), (7, 0.03f), (8, 0.03f), (9, 0.02f), (10, 0.02f),
        ]);
        int tables = Math.Max(1, (int)Math.Round((double)tokens / (rows * (columns + 1))));
        return new(tables, rows - query, query, columns, Math.Clamp(classes, 2, query / 2));
    }

    /// <summary>Draws the tables of batch <paramref name="batch"/> in <paramref name="shape"/>.</summary>
    /// <remarks>
    /// Labels are 0, 1, 2, …, below the shape's classes, each at least twice in the context and twice among the queries.
    /// Features are finite, or NaN where a cell is missing.
    /// </remarks>
    public PriorTables Draw(uint batch, TableShape shape)
    {
        int least = LabelRule.LeastRows / 2 * shape.Classes;
        if (shape.Context < least || shape.Query < least)
        {
            throw new ArgumentException($"{shape}: context and query need two rows of each class.", nameof(shape));
        }

        int cells = shape.Rows * shape.Columns;
        var features = new float[shape.Tables * cells];
        var labels = new int[shape.Tables * shape.Rows];
        var random = _random.Branch(2 * batch + 1);
        for (int table = 0; table < shape.Tables; table++)
        {
            new TableDraw(new DrawSequence(random.Branch((uint)table)), shape).Write(
                features.AsSpan(table * cells, cells), labels.AsSpan(table * shape.Rows, shape.Rows));
        }

        return new(shape, features, labels);
    }
}
