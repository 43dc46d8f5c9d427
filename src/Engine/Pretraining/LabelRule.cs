using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Makes classes out of the variables of a world, in shares that are drawn: any degree of skew occurs.</summary>
/// <remarks>
/// Two classes are the sides of a threshold on a score: a variable, a random function of a few, or a conjunction of
/// conditions. More classes are intervals of a score, or the largest of as many scores. The score is made noisy, and labels
/// of some tables are swapped at random.
/// </remarks>
sealed class LabelRule(DrawSequence draw, World world, int classes)
{
    /// <summary>Rows that each class has at least: two to show and two to ask for.</summary>
    public const int LeastRows = 4;

    readonly int _rows = world.Rows;
    readonly SortedSet<int> _related = [];
    readonly float _noise = draw.Chance(0.35f) ? 0 : draw.LogUniform(0.03f, 1);

    /// <summary>Variables that tell the class, as far as any do: what it is made of, their nearest causes and effects.</summary>
    public IReadOnlySet<int> Related => _related;

    /// <summary>A variable that is the class itself and must not be a feature; −1 for none.</summary>
    public int Hidden { get; private set; } = -1;

    /// <summary>The shares of the classes, which sum to 1.</summary>
    public static float[] DrawShares(DrawSequence draw, int classes)
    {
        var shares = new float[classes];
        if (classes == 2)
        {
            // From balanced to 1 : 200; a third of the tables are near balance.
            shares[0] = draw.Chance(0.35f) ? draw.Uniform(0.3f, 0.5f) : draw.LogUniform(0.005f, 0.5f);
            shares[1] = 1 - shares[0];
        }
        else
        {
            float spread = draw.Uniform(0, 1.5f);
            foreach (ref float share in shares.AsSpan())
            {
                share = MathF.Exp(spread * draw.Normal());
            }

            if (draw.Chance(0.25f)) // one rare class among common ones
            {
                shares[0] = TensorPrimitives.Sum<float>(shares) * draw.LogUniform(0.005f, 0.1f);
            }

            TensorPrimitives.Divide(shares, TensorPrimitives.Sum<float>(shares), shares);
        }

        return shares;
    }

    /// <summary>Labels of a class that has no causes, in random order.</summary>
    public static int[] DrawRoot(DrawSequence draw, int classes, int rows)
    {
        var labels = new int[rows];
        int row = 0;
        var names = draw.Permutation(classes);
        int[] ends = Ends(DrawShares(draw, classes), rows);
        for (int k = 0; k < classes; k++)
        {
            labels.AsSpan(row..ends[k]).Fill(names[k]);
            row = ends[k];
        }

        draw.Shuffle<int>(labels);
        return labels;
    }

    /// <summary>
    /// Labels of all rows: 0, 1, 2, …, each at least <see cref="LeastRows"/> times; maybe fewer classes than asked.
    /// </summary>
    public int[] Draw()
    {
        var labels = new int[_rows];
        if (classes == 2 || draw.Chance(0.4f))
        {
            ByThresholds(Score(), labels);
        }
        else
        {
            ByLargestScore(labels);
        }

        return labels;
    }

    /// <summary>In a third of the tables swaps labels of random rows: the shares stay, what a row tells does not.</summary>
    public static void Swap(DrawSequence draw, int[] labels)
    {
        int swaps = draw.Chance(0.33f) ? (int)(labels.Length * draw.LogUniform(0.005f, 0.15f)) : 0;
        for (; swaps > 0; swaps--)
        {
            int a = draw.Below(labels.Length), b = draw.Below(labels.Length);
            (labels[a], labels[b]) = (labels[b], labels[a]);
        }
    }

    float[] Score()
    {
        var score = new float[_rows];
        float kind = draw.Uniform();
        if (kind < 0.45f)
        {
            OfVariable(score);
        }
        else if (kind < 0.85f)
        {
            var mechanism = new RandomMechanism(draw, _rows);
            mechanism.Evaluate(RandomMechanism.DrawKind(draw), Activations.Draw(draw), world.Values, Sources(6), score);
            RandomScm.Standardise(draw, score);
        }
        else
        {
            Conjunction(score);
        }

        AddNoise(score);
        return score;
    }

    void OfVariable(Span<float> score)
    {
        // Among the later variables, which have causes as well as effects.
        int target = world.Nodes - 1 - draw.Below((world.Nodes + 1) / 2);
        world.Column(target).CopyTo(score);
        if (draw.Chance(0.3f)) // far from the middle on both sides, as vital signs are when they are bad
        {
            Activations.Apply(Activation.Absolute, score);
        }

        Hidden = target;
        _related.UnionWith(world.Parents[target]);
        for (int node = 0; node < world.Nodes; node++)
        {
            if (world.Parents[node].Contains(target))
            {
                _related.Add(node);
            }
        }
    }

    // The smallest of a few signed variables is large where all are; the largest of them, where any is.
    void Conjunction(Span<float> score)
    {
        score.Fill(float.MaxValue);
        var signed = new float[_rows];
        foreach (int source in Sources(4))
        {
            TensorPrimitives.Multiply(world.Column(source), draw.Chance(0.5f) ? 1 : -1, signed);
            TensorPrimitives.Add(signed, 0.5f * draw.Normal(), signed);
            TensorPrimitives.Min(score, signed, score);
        }

        TensorPrimitives.Multiply(score, draw.Chance(0.7f) ? 1 : -1, score);
    }

    void AddNoise(Span<float> score)
    {
        var noise = new float[_rows];
        draw.Normals(noise);
        TensorPrimitives.MultiplyAdd(noise, _noise, score, score);
    }

    int[] Sources(int most)
    {
        int count = Math.Min(world.Nodes, draw.LogBetween(1, most));
        var sources = new SortedSet<int>();
        while (sources.Count < count)
        {
            sources.Add(draw.Below(world.Nodes));
        }

        _related.UnionWith(sources);
        return [.. sources];
    }

    void ByThresholds(float[] score, int[] labels)
    {
        // For half of the tables the order of the class numbers means nothing.
        var names = classes == 2 || draw.Chance(0.5f) ? draw.Permutation(classes) : [.. Enumerable.Range(0, classes)];
        int[] ends = Ends(DrawShares(draw, classes), _rows), order = [.. Enumerable.Range(0, _rows)];
        Array.Sort(score, order);
        int row = 0;
        for (int k = 0; k < classes; k++)
        {
            for (; row < ends[k]; row++)
            {
                labels[order[row]] = names[k];
            }
        }
    }

    void ByLargestScore(int[] labels)
    {
        const int Rounds = 8;
        var scores = new float[classes][];
        var sources = Sources(6);
        var kind = RandomMechanism.DrawKind(draw);
        bool near = draw.Chance(0.3f);
        var mechanism = new RandomMechanism(draw, _rows);
        for (int k = 0; k < classes; k++)
        {
            scores[k] = new float[_rows];
            if (near) // the class of the nearest of as many points
            {
                mechanism.Distance(world.Values, sources, draw.Below(_rows), scores[k]);
                TensorPrimitives.Multiply(scores[k], -1, scores[k]);
            }
            else
            {
                mechanism.Evaluate(kind, Activations.Draw(draw), world.Values, sources, scores[k]);
                RandomScm.Standardise(draw, scores[k]);
            }

            AddNoise(scores[k]);
        }

        // Raising a class's score while it has too few rows, and lowering it while too many, nears the shares.
        var shares = DrawShares(draw, classes);
        Span<int> counts = stackalloc int[classes];
        for (int round = 0; round <= Rounds; round++)
        {
            Largest(scores, labels, counts);
            for (int k = 0; round < Rounds && k < classes; k++)
            {
                float lacks = MathF.Log((shares[k] * _rows + 1) / (counts[k] + 1));
                TensorPrimitives.Add(scores[k], 0.5f * lacks, scores[k]);
            }
        }

        Merge(labels, counts);
    }

    void Largest(float[][] scores, int[] labels, Span<int> counts)
    {
        counts.Clear();
        for (int row = 0; row < _rows; row++)
        {
            int best = 0;
            for (int k = 1; k < classes; k++)
            {
                best = scores[k][row] > scores[best][row] ? k : best;
            }

            labels[row] = best;
            counts[best]++;
        }
    }

    // Rows of a class that is too small join the largest; the rest are renumbered 0, 1, 2, …; one class alone is split.
    void Merge(int[] labels, ReadOnlySpan<int> counts)
    {
        Span<int> dense = stackalloc int[classes];
        int largest = 0, next = 0;
        for (int k = 0; k < classes; k++)
        {
            largest = counts[k] > counts[largest] ? k : largest;
            dense[k] = counts[k] >= LeastRows ? next++ : -1;
        }

        if (next < 2)
        {
            ByThresholds(Score(), labels);
            return;
        }

        foreach (ref int label in labels.AsSpan())
        {
            label = dense[dense[label] >= 0 ? label : largest];
        }
    }

    // Where each class ends among the sorted rows.
    static int[] Ends(float[] shares, int rows)
    {
        var ends = new int[shares.Length];
        float reach = 0;
        int start = 0;
        for (int k = 0; k < shares.Length; k++)
        {
            int after = shares.Length - 1 - k;
            reach += shares[k] * rows;
            ends[k] = after == 0 ? rows : Math.Clamp((int)MathF.Round(reach), start + LeastRows, rows - LeastRows * after);
            start = ends[k];
        }

        return ends;
    }
}
