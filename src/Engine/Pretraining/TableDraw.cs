namespace CausalMixFT.Engine.Pretraining;

/// <summary>Draws one table: a world, the class, and the columns that are seen of it.</summary>
sealed class TableDraw(DrawSequence draw, TableShape shape)
{
    const int MostTries = 4;
    const double Hopeless = 0.62;

    readonly int _rows = shape.Rows;

    /// <summary>Writes features (rows, columns), row-major, and labels; context rows come first.</summary>
    /// <remarks>Of tables that tell nothing of the class most are drawn anew: real ones were collected because they do.</remarks>
    public void Write(Span<float> features, Span<int> labels)
    {
        for (int attempt = 1; attempt <= MostTries; attempt++)
        {
            features.Clear();
            WriteOnce(features, labels);
            if (attempt == MostTries || draw.Chance(0.15f)
                || new LearnableScreen(draw, shape).Auc(features, labels) > Hopeless)
            {
                return;
            }
        }
    }

    void WriteOnce(Span<float> features, Span<int> labels)
    {
        // Two thirds of the variables or more are seen; the others are hidden causes and effects.
        int nodes = shape.Columns + 2 + draw.Below(shape.Columns / 2 + 3);
        bool classIsRoot = draw.Chance(0.2f);
        int[] classes = classIsRoot ? LabelRule.DrawRoot(draw, shape.Classes, _rows) : [];
        var world = RandomScm.Sample(draw, nodes, _rows, classes);
        var order = draw.Permutation(world.Nodes);
        if (classIsRoot)
        {
            ToFront(order, world.Touched);
        }
        else
        {
            var rule = new LabelRule(draw, world, shape.Classes);
            classes = rule.Draw();
            ToFront(order, rule.Related);
            order = [.. order.Where(node => node != rule.Hidden)];
        }

        LabelRule.Swap(draw, classes);
        int[] rows = Arrange(classes);
        for (int row = 0; row < _rows; row++)
        {
            labels[row] = classes[rows[row]];
        }

        WriteColumns(world, order, rows, features);
    }

    // People collect what they think matters: variables near the class are seen more often than others.
    void ToFront(int[] order, IEnumerable<int> related)
    {
        float close = draw.Chance(0.5f) ? 1 : draw.Uniform(0, 1);
        var first = related.Where(_ => draw.Chance(close)).ToHashSet();
        var front = order.Where(first.Contains).ToArray();
        var back = order.Where(node => !first.Contains(node)).ToArray();
        front.CopyTo(order, 0);
        back.CopyTo(order, front.Length);
    }

    // Rows in random order, but two of each class in the context and two among the queries.
    int[] Arrange(int[] classes)
    {
        const int Each = LabelRule.LeastRows / 2;
        Span<int> met = stackalloc int[shape.Classes];
        List<int> context = [], query = [], rest = [];
        foreach (int row in draw.Permutation(_rows))
        {
            int before = met[classes[row]]++;
            (before < Each ? context : before < 2 * Each ? query : rest).Add(row);
        }

        int fill = shape.Context - context.Count;
        int[] all = [.. context, .. rest[..fill], .. query, .. rest[fill..]];
        draw.Shuffle(all.AsSpan(0, shape.Context));
        draw.Shuffle(all.AsSpan(shape.Context));
        return all;
    }

    void WriteColumns(World world, int[] order, int[] rows, Span<float> features)
    {
        var warp = new ColumnWarp(draw, _rows, shape.Context);
        float irrelevant = draw.Chance(0.4f) ? draw.Uniform(0, 0.4f) : 0;
        float repeated = draw.Chance(0.25f) ? draw.Uniform(0, 0.4f) : 0;
        float constant = draw.Chance(0.1f) ? draw.Uniform(0, 0.15f) : 0;
        float[] column = new float[_rows], cause = new float[_rows];
        int filled = 0;

        // The nodes that are seen, in an order that does not tell how near the class they are.
        int[] seen = order[..Math.Min(order.Length, shape.Columns)];
        draw.Shuffle<int>(seen);
        for (int next = 0; filled < shape.Columns; next++)
        {
            // The variables may run out before the columns do: then some are seen again.
            int node = next < seen.Length ? seen[next] : order[draw.Below(order.Length)];
            Gather(world, node, rows, column);
            Gather(world, draw.Below(world.Nodes), rows, cause);
            Spoil(column, irrelevant, constant);
            filled += warp.Write(column, cause, features, shape.Columns, filled);
            if (filled < shape.Columns && draw.Chance(repeated))
            {
                Gather(world, node, rows, column);
                float noise = draw.Chance(0.3f) ? 0 : draw.LogUniform(0.02f, 1);
                for (int row = 0; row < _rows; row++)
                {
                    column[row] += noise * draw.Normal();
                }

                filled += warp.Write(column, cause, features, shape.Columns, filled);
            }
        }
    }

    static void Gather(World world, int node, int[] rows, Span<float> into)
    {
        var column = world.Column(node);
        for (int row = 0; row < rows.Length; row++)
        {
            into[row] = column[rows[row]];
        }
    }

    void Spoil(Span<float> column, float irrelevant, float constant)
    {
        if (draw.Chance(irrelevant))
        {
            draw.Shuffle(column);
        }
        else if (draw.Chance(constant)) // one value in all rows but a few
        {
            float share = draw.LogUniform(0.001f, 0.02f);
            foreach (ref float value in column)
            {
                value = draw.Chance(share) ? value : 0;
            }
        }
    }
}
