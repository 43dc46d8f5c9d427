using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>What kind of function of its parents a variable is.</summary>
enum MechanismKind
{
    /// <summary>A weighted sum, bent once: one unit of a perceptron.</summary>
    Unit,

    /// <summary>A sum of functions of one parent each, maybe with a product.</summary>
    Additive,

    /// <summary>A perceptron with one hidden layer.</summary>
    Perceptron,

    /// <summary>A sum of random regression trees: constant between thresholds.</summary>
    Trees,

    /// <summary>A sum of sines of random projections: a smooth random function.</summary>
    Waves,

    /// <summary>A product of two or three parents.</summary>
    Product,

    /// <summary>The value of the nearest of a few random points: constant over regions of any shape.</summary>
    Prototypes,
}

/// <summary>Draws functions of variables and evaluates them over all rows at once.</summary>
/// <remarks>Variables are rows of a (nodes, rows) matrix with mean 0 and variance 1; results have any mean and size.</remarks>
sealed class RandomMechanism(DrawSequence draw, int rows)
{
    readonly float[] _scratch = new float[rows];
    readonly float[] _distance = new float[rows];

    /// <summary>A kind, as often as the target's, the features' and real tables' functions are thought to be of it.</summary>
    public static MechanismKind DrawKind(DrawSequence draw) => draw.Pick<MechanismKind>([
        (MechanismKind.Unit, 0.3f), (MechanismKind.Additive, 0.17f), (MechanismKind.Perceptron, 0.15f),
        (MechanismKind.Trees, 0.22f), (MechanismKind.Waves, 0.06f), (MechanismKind.Product, 0.04f),
        (MechanismKind.Prototypes, 0.06f),
    ]);

    /// <summary>Writes a newly drawn function of <paramref name="parents"/> to <paramref name="into"/>.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="activation">How a unit bends its sum.</param>
    /// <param name="values">(nodes, rows), row-major.</param>
    /// <param name="parents">The nodes that it reads, at least one.</param>
    /// <param name="into">Rows elements.</param>
    public void Evaluate(
        MechanismKind kind, Activation activation, ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        into.Clear();
        switch (kind)
        {
            case MechanismKind.Additive:
                Additive(values, parents, into);
                break;
            case MechanismKind.Perceptron:
                int units = draw.LogBetween(2, 6);
                var bend = Activations.Draw(draw);
                for (int unit = 0; unit < units; unit++)
                {
                    Unit(bend == Activation.Identity ? Activation.Tanh : bend, values, parents, _scratch);
                    TensorPrimitives.MultiplyAdd(_scratch, draw.Normal(), into, into);
                }

                break;
            case MechanismKind.Trees:
                Trees(values, parents, into);
                break;
            case MechanismKind.Waves:
                Waves(values, parents, into);
                break;
            case MechanismKind.Product:
                into.Fill(1);
                foreach (int parent in Subset(parents, 3))
                {
                    TensorPrimitives.Add(Column(values, parent), 0.5f * draw.Normal(), _scratch);
                    TensorPrimitives.Multiply(into, _scratch, into);
                }

                break;
            case MechanismKind.Prototypes:
                Prototypes(values, parents, into);
                break;
            default:
                Unit(activation, values, parents, into);
                break;
        }
    }

    ReadOnlySpan<float> Column(ReadOnlySpan<float> values, int node) => values.Slice(node * rows, rows);

    // Unit-variance parents: this keeps the sum's size near the gain, whatever the number of parents.
    void Unit(Activation activation, ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        float gain = draw.LogUniform(0.5f, 3) / MathF.Sqrt(parents.Length);
        into.Fill(0.6f * draw.Normal());
        foreach (int parent in parents)
        {
            TensorPrimitives.MultiplyAdd(Column(values, parent), gain * draw.Normal(), into, into);
        }

        Activations.Apply(activation, into);
    }

    void Additive(ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        foreach (int parent in parents)
        {
            Unit(Activations.Draw(draw), values, [parent], _scratch);
            TensorPrimitives.MultiplyAdd(_scratch, draw.Normal(), into, into);
        }

        if (parents.Length > 1 && draw.Chance(0.3f))
        {
            TensorPrimitives.Multiply(Column(values, parents[0]), Column(values, parents[^1]), _scratch);
            TensorPrimitives.MultiplyAdd(_scratch, draw.Normal(), into, into);
        }
    }

    // Complete binary trees whose nodes test one parent each, at a value that some row has.
    void Trees(ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        const int Deepest = 5;
        int trees = draw.LogBetween(1, 6);
        Span<int> starts = stackalloc int[1 << Deepest];
        Span<float> thresholds = stackalloc float[1 << Deepest], leaves = stackalloc float[1 << Deepest];
        for (int tree = 0; tree < trees; tree++)
        {
            int depth = 1 + draw.Below(Deepest), inner = (1 << depth) - 1;
            for (int node = 0; node < inner; node++)
            {
                starts[node] = parents[draw.Below(parents.Length)] * rows;
                thresholds[node] = values[starts[node] + draw.Below(rows)];
            }

            draw.Normals(leaves[..(inner + 1)]);
            for (int row = 0; row < rows; row++)
            {
                int node = 0;
                while (node < inner)
                {
                    node = 2 * node + (values[starts[node] + row] > thresholds[node] ? 2 : 1);
                }

                into[row] += leaves[node - inner];
            }
        }
    }

    void Waves(ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        float frequency = draw.LogUniform(0.5f, 4) / MathF.Sqrt(parents.Length);
        int waves = draw.LogBetween(1, 8);
        for (int wave = 0; wave < waves; wave++)
        {
            _scratch.AsSpan().Fill(draw.Uniform(0, 2 * MathF.PI));
            foreach (int parent in parents)
            {
                TensorPrimitives.MultiplyAdd(Column(values, parent), frequency * draw.Normal(), _scratch, _scratch);
            }

            TensorPrimitives.Sin(_scratch, _scratch);
            TensorPrimitives.MultiplyAdd(_scratch, draw.Normal(), into, into);
        }
    }

    void Prototypes(ReadOnlySpan<float> values, ReadOnlySpan<int> parents, Span<float> into)
    {
        int points = draw.LogBetween(2, 10);
        var nearest = new float[rows];
        nearest.AsSpan().Fill(float.MaxValue);
        for (int point = 0; point < points; point++)
        {
            Distance(values, parents, draw.Below(rows), _distance);
            float value = draw.Normal();
            for (int row = 0; row < rows; row++)
            {
                if (_distance[row] < nearest[row])
                {
                    (nearest[row], into[row]) = (_distance[row], value);
                }
            }
        }
    }

    /// <summary>Squared distances of all rows from one of them, in the space of some variables.</summary>
    public void Distance(ReadOnlySpan<float> values, ReadOnlySpan<int> variables, int from, Span<float> into)
    {
        into.Clear();
        foreach (int variable in variables)
        {
            var column = Column(values, variable);
            TensorPrimitives.Subtract(column, column[from], _scratch);
            TensorPrimitives.MultiplyAdd(_scratch, _scratch, into, into);
        }
    }

    int[] Subset(ReadOnlySpan<int> parents, int most)
    {
        var chosen = parents.ToArray();
        draw.Shuffle<int>(chosen);
        return chosen[..Math.Min(most, chosen.Length)];
    }
}
