using CausalMixFT.Kernels.Devices;
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
/// Some variables of a model become features, one becomes the class; the rest stay hidden, so causes, effects, spouses and
/// confounded neighbours of the target all occur among the features. Columns are then warped, cut into categories,
/// rounded, made to miss cells or replaced by noise, as tables that people bring are. Table t of a seed is the same on
/// any number of threads.
/// </remarks>
public sealed class TablePrior(ComputeDevice device, ulong seed)
{
    const int MostColumns = 32;

    readonly RandomScm _scm = new(device);
    readonly Philox _random = new(seed);

    /// <summary>Draws the shape of batch <paramref name="batch"/>, with about <paramref name="tokens"/> cells in all.</summary>
    public TableShape DrawShape(uint batch, int tokens)
    {
        var draw = new DrawSequence(_random.Branch(2 * batch));
        int rows = draw.LogBetween(40, 512);
        int columns = draw.LogBetween(2, MostColumns);
        int context = Math.Clamp((int)(rows * draw.Uniform(0.4f, 0.9f)), 20, rows - 10);
        int classes = draw.Pick<int>([
            (2, 0.6f), (3, 0.14f), (4, 0.07f), (5, 0.05f), (6, 0.04f), (7, 0.03f), (8, 0.03f), (9, 0.02f), (10, 0.02f),
        ]);
        int tables = Math.Max(1, (int)Math.Round((double)tokens / (rows * (columns + 1))));
        return new(tables, context, rows - context, columns, classes);
    }

    /// <summary>Draws the tables of batch <paramref name="batch"/> in <paramref name="shape"/>.</summary>
    public PriorTables Draw(uint batch, TableShape shape)
    {
        int cells = shape.Rows * shape.Columns;
        var features = new float[shape.Tables * cells];
        var labels = new int[shape.Tables * shape.Rows];
        var random = _random.Branch(2 * batch + 1);
        for (int table = 0; table < shape.Tables; table++)
        {
            DrawTable(
                random.Branch((uint)table), shape, features.AsSpan(table * cells, cells),
                labels.AsSpan(table * shape.Rows, shape.Rows));
        }

        return new(shape, features, labels);
    }

    void DrawTable(Philox random, TableShape shape, Span<float> features, Span<int> labels)
    {
        var draw = new DrawSequence(random.Branch(0));
        int rows = shape.Rows;

        // Two thirds of the variables or more are seen; the others are hidden causes and effects.
        int nodes = shape.Columns + 2 + draw.Below(shape.Columns / 2 + 3);
        var values = _scm.Sample(random.Branch(1), nodes, rows);
        var order = draw.Permutation(nodes);

        // The target is among the later half of the variables, which have causes as well as effects.
        int targetAt = Array.FindIndex(order, node => node >= nodes / 2);
        int target = order[targetAt];
        DrawLabels(draw, values, nodes, rows, target, shape, labels);

        var columns = new ColumnWarp(draw, rows, shape.Context);
        float irrelevant = draw.Chance(0.5f) ? draw.Uniform(0, 0.4f) : 0;
        float missing = draw.Chance(0.15f) ? draw.Uniform(0, 0.3f) : 0;
        float categorical = draw.Chance(0.3f) ? 0 : draw.Uniform(0, 0.6f);
        bool ranks = draw.Chance(0.25f);
        int filled = 0;
        foreach (int node in order)
        {
            if (node != target && filled < shape.Columns)
            {
                var source = values.AsSpan(node * rows, rows);
                if (draw.Chance(irrelevant))
                {
                    Shuffle(draw, source);
                }

                filled += columns.Write(source, features, shape.Columns, filled, categorical, missing, ranks);
            }
        }
    }

    static void Shuffle(DrawSequence draw, Span<float> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = draw.Below(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    static void DrawLabels(
        DrawSequence draw, float[] values, int nodes, int rows, int target, TableShape shape, Span<int> labels)
    {
        if (shape.Classes > 2 && draw.Chance(0.5f))
        {
            ByLargestScore(draw, values, nodes, rows, target, shape.Classes, labels);
        }
        else
        {
            ByThresholds(draw, values.AsSpan(target * rows, rows), shape.Classes, labels);
        }

        // Rows are exchangeable, but a class that the context never shows cannot be learned from it.
        Span<bool> shown = stackalloc bool[shape.Classes];
        for (int row = 0; row < shape.Context; row++)
        {
            shown[labels[row]] = true;
        }

        Densify(shape, labels, shown);
    }

    // Cuts the target's values at quantiles: the shares of the classes are drawn, so any degree of skew occurs.
    static void ByThresholds(DrawSequence draw, ReadOnlySpan<float> values, int classes, Span<int> labels)
    {
        Span<float> shares = stackalloc float[classes];
        if (classes == 2)
        {
            // From balanced to 1 : 200; a third of the tables are near balance.
            shares[0] = draw.Chance(0.35f) ? draw.Uniform(0.3f, 0.5f) : draw.LogUniform(0.005f, 0.5f);
            shares[1] = 1 - shares[0];
        }
        else
        {
            float spread = draw.Uniform(0, 1.5f), sum = 0;
            foreach (ref float share in shares)
            {
                share = MathF.Exp(spread * draw.Normal());
                sum += share;
            }

            foreach (ref float share in shares)
            {
                share /= sum;
            }
        }

        // Intervals get class numbers in any order: for half of the tables the numbers mean nothing.
        var names = draw.Chance(0.5f) ? draw.Permutation(classes) : [.. Enumerable.Range(0, classes)];
        var keys = values.ToArray();
        var rowOrder = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort(keys, rowOrder);
        int row = 0;
        float reach = 0;
        for (int k = 0; k < classes; k++)
        {
            reach += shares[k] * values.Length;

            // At least three rows of each class, so that context and query can both have it.
            int end = k == classes - 1
                ? values.Length
                : Math.Clamp((int)MathF.Round(reach), row + 3, values.Length - 3 * (classes - 1 - k));
            for (; row < end; row++)
            {
                labels[rowOrder[row]] = names[k];
            }
        }
    }

    // The class is the largest of as many noisy scores, each a combination of the target and a few other variables.
    static void ByLargestScore(DrawSequence draw, float[] values, int nodes, int rows, int target, int classes, Span<int> labels)
    {
        const int Sources = 3;
        float skew = draw.Uniform(0, 1), noise = draw.LogUniform(0.02f, 0.5f);
        var scores = new float[classes * rows];
        for (int k = 0; k < classes; k++)
        {
            float bias = skew * draw.Normal();
            var row = scores.AsSpan(k * rows, rows);
            row.Fill(bias);
            for (int s = 0; s < Sources; s++)
            {
                int source = s == 0 ? target : draw.Below(nodes);
                float weight = draw.Normal();
                var column = values.AsSpan(source * rows, rows);
                bool bent = draw.Chance(0.4f);
                for (int r = 0; r < rows; r++)
                {
                    row[r] += weight * (bent ? MathF.Abs(column[r]) : column[r]);
                }
            }

            for (int r = 0; r < rows; r++)
            {
                row[r] += noise * draw.Normal();
            }
        }

        for (int r = 0; r < rows; r++)
        {
            int best = 0;
            for (int k = 1; k < classes; k++)
            {
                if (scores[k * rows + r] > scores[best * rows + r])
                {
                    best = k;
                }
            }

            labels[r] = best;
        }
    }

    // Renumbers the classes that the context shows as 0, 1, 2, …, as a user's labels are; a query row of an unseen class
    // gets the label of the first class, which is one more wrong label in a world that has them.
    static void Densify(TableShape shape, Span<int> labels, ReadOnlySpan<bool> shown)
    {
        Span<int> dense = stackalloc int[shape.Classes];
        int count = 0;
        for (int k = 0; k < shape.Classes; k++)
        {
            dense[k] = shown[k] ? count++ : 0;
        }

        foreach (ref int label in labels)
        {
            label = dense[label];
        }
    }
}
