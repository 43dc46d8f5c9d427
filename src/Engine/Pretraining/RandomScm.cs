using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>One sampled world: the variables of a random structural causal model, and which causes which.</summary>
/// <param name="Parents">Parents of each variable.</param>
/// <param name="Values">(variables, rows), row-major; each variable has mean 0 and variance 1.</param>
/// <param name="Touched">Variables that the class acts on, where the class is a root; else none.</param>
sealed record World(int[][] Parents, float[] Values, int[] Touched)
{
    /// <summary>Number of variables.</summary>
    public int Nodes => Parents.Length;

    /// <summary>Number of rows.</summary>
    public int Rows => Values.Length / Nodes;

    /// <summary>The values of one variable.</summary>
    public Span<float> Column(int node) => Values.AsSpan(node * Rows, Rows);
}

/// <summary>Draws structural causal models at random and samples them.</summary>
/// <remarks>
/// The graph is of one of five families. A variable is a random function of its parents, standardised, and random noise;
/// the functions of a world are all of one kind, or of all kinds. A fifth of the worlds is nearly noiseless and a tenth
/// linear, because some real tables are. Where the class is the first cause (a disease and its signs), each class is one
/// to three clusters of rows, and a cluster moves and scales the noise of the variables it acts on.
/// </remarks>
static class RandomScm
{
    enum NoiseKind
    {
        Normal, Uniform, Laplace, Heavy, LogNormal,
    }

    /// <summary>Draws a world of <paramref name="nodes"/> variables or a few more.</summary>
    /// <param name="draw">Where all is drawn from.</param>
    /// <param name="nodes">Variables; a layered graph has at least eight.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="classOf">The class of each row where the class is a root; otherwise empty.</param>
    public static World Sample(DrawSequence draw, int nodes, int rows, ReadOnlySpan<int> classOf = default)
    {
        var family = draw.Pick<GraphFamily>([
            (GraphFamily.Redirection, 0.25f), (GraphFamily.ErdosRenyi, 0.15f), (GraphFamily.Layered, 0.35f),
            (GraphFamily.Tree, 0.1f), (GraphFamily.Clusters, 0.15f),
        ]);
        if (family == GraphFamily.Layered)
        {
            nodes = Math.Max(nodes, 8 + draw.Below(8));
        }

        var parents = RandomGraph.Draw(draw, family, nodes);
        var values = new float[nodes * rows];
        var noise = new float[rows];
        var mechanism = new RandomMechanism(draw, rows);
        var clusters = classOf.IsEmpty ? null : new ClassClusters(draw, classOf, nodes);
        var origins = new RootSampler(draw, rows);

        bool linear = draw.Chance(0.1f), pure = draw.Chance(0.5f), oneBend = draw.Chance(0.5f);
        var worldKind = RandomMechanism.DrawKind(draw);
        var worldBend = Activations.Draw(draw);
        float loudest = draw.Chance(0.2f) ? 0.002f : draw.LogUniform(0.05f, 1.5f);
        var touched = new List<int>();
        for (int node = 0; node < nodes; node++)
        {
            var column = values.AsSpan(node * rows, rows);
            if (parents[node].Length == 0)
            {
                origins.Sample(column);
            }
            else
            {
                var kind = linear ? MechanismKind.Unit : pure ? worldKind : RandomMechanism.DrawKind(draw);
                var bend = linear ? Activation.Identity : oneBend ? worldBend : Activations.Draw(draw);
                mechanism.Evaluate(kind, bend, values, parents[node], column);
                Standardise(draw, column);
                FillNoise(draw, noise);
                float scale = Math.Min(loudest, draw.LogUniform(0.001f, 2 * loudest + 0.001f));
                TensorPrimitives.MultiplyAdd(noise, scale, column, column);
            }

            if (clusters is not null && clusters.ActOn(column))
            {
                touched.Add(node);
            }

            Standardise(draw, column);
        }

        return new(parents, values, [.. touched]);
    }

    /// <summary>Mean 0, variance 1; a variable that came out constant becomes noise, so that none is empty of meaning.</summary>
    public static void Standardise(DrawSequence draw, Span<float> values)
    {
        float mean = TensorPrimitives.Sum<float>(values) / values.Length;
        TensorPrimitives.Subtract(values, mean, values);
        float deviation = MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(values) / values.Length);
        if (deviation > 1e-5f * (1 + MathF.Abs(mean)))
        {
            TensorPrimitives.Divide(values, deviation, values);
        }
        else
        {
            draw.Normals(values);
        }
    }

    // Noise of about unit size.
    static void FillNoise(DrawSequence draw, Span<float> noise)
    {
        var kind = draw.Pick<NoiseKind>([
            (NoiseKind.Normal, 0.5f), (NoiseKind.Uniform, 0.18f), (NoiseKind.Laplace, 0.14f), (NoiseKind.Heavy, 0.1f),
            (NoiseKind.LogNormal, 0.08f),
        ]);
        if (kind is NoiseKind.Normal or NoiseKind.LogNormal or NoiseKind.Heavy)
        {
            draw.Normals(noise);
        }
        else
        {
            draw.Uniforms(noise);
        }

        switch (kind)
        {
            case NoiseKind.Uniform:
                TensorPrimitives.Add(noise, -0.5f, noise);
                TensorPrimitives.Multiply(noise, MathF.Sqrt(12), noise);
                break;
            case NoiseKind.Laplace:
                foreach (ref float value in noise)
                {
                    float u = value - 0.5f;
                    value = -0.7f * MathF.CopySign(MathF.Log(1 - 2 * MathF.Abs(u) + 1e-7f), u);
                }

                break;
            case NoiseKind.Heavy: // tails like a t with about three degrees of freedom
                foreach (ref float value in noise)
                {
                    value *= 0.5f * MathF.Exp(0.3f * value * value);
                    value = Math.Clamp(value, -30, 30);
                }

                break;
            case NoiseKind.LogNormal:
                TensorPrimitives.Exp(noise, noise);
                TensorPrimitives.Add(noise, -1.65f, noise);
                TensorPrimitives.Multiply(noise, 0.5f, noise);
                break;
        }
    }
}

/// <summary>Samples variables without parents.</summary>
/// <remarks>In a fifth of the worlds rows come in clusters, which all roots share; a root may also be a code or skewed.</remarks>
sealed class RootSampler
{
    readonly DrawSequence _draw;
    readonly int[]? _clusterOf;
    readonly int _clusters;
    readonly float _spread;

    public RootSampler(DrawSequence draw, int rows)
    {
        _draw = draw;
        if (draw.Chance(0.2f))
        {
            _clusters = draw.LogBetween(2, 12);
            _spread = draw.LogUniform(0.1f, 1);
            float skew = draw.Uniform(1, 3); // the first clusters have most rows
            _clusterOf = new int[rows];
            foreach (ref int cluster in _clusterOf.AsSpan())
            {
                cluster = (int)(_clusters * MathF.Pow(draw.Uniform(), skew));
            }
        }
    }

    /// <summary>Fills one root.</summary>
    public void Sample(Span<float> column)
    {
        switch (_draw.Below(12))
        {
            case 0 or 1:
                _draw.Uniforms(column);
                break;
            case 2: // skewed
                _draw.Normals(column);
                TensorPrimitives.Multiply(column, _draw.LogUniform(0.3f, 1), column);
                TensorPrimitives.Exp(column, column);
                break;
            case 3: // a few values
                int levels = _draw.LogBetween(2, 12);
                float skew = _draw.Uniform(1, 3);
                _draw.Uniforms(column);
                foreach (ref float value in column)
                {
                    value = MathF.Floor(levels * MathF.Pow(value, skew));
                }

                break;
            default:
                _draw.Normals(column);
                break;
        }

        if (_clusterOf is not null)
        {
            Span<float> centres = stackalloc float[_clusters];
            _draw.Normals(centres);
            TensorPrimitives.Multiply(column, _spread, column);
            for (int row = 0; row < column.Length; row++)
            {
                column[row] += centres[_clusterOf[row]];
            }
        }
    }
}

/// <summary>How a class that is the first cause acts on the other variables.</summary>
sealed class ClassClusters
{
    const int MostClusters = 3;

    readonly DrawSequence _draw;
    readonly int[] _clusterOf;
    readonly int _clusters;
    readonly float _share;
    readonly float _strength;
    readonly float _scales;

    public ClassClusters(DrawSequence draw, ReadOnlySpan<int> classOf, int nodes)
    {
        _draw = draw;
        int each = 1 + draw.Below(MostClusters);
        _clusterOf = new int[classOf.Length];
        for (int row = 0; row < classOf.Length; row++)
        {
            _clusterOf[row] = classOf[row] * each + draw.Below(each);
            _clusters = Math.Max(_clusters, _clusterOf[row] + 1);
        }

        // Many small signs tell as much as a few large ones.
        _share = draw.Uniform(0.15f, 0.9f);
        _strength = draw.LogUniform(0.4f, 4) / MathF.Pow(Math.Max(1, nodes * _share), 0.4f);
        _scales = draw.Chance(0.3f) ? draw.Uniform(0.1f, 0.8f) : 0;
    }

    /// <summary>Moves and scales a variable by cluster, or leaves it alone; says which.</summary>
    public bool ActOn(Span<float> column)
    {
        if (!_draw.Chance(_share))
        {
            return false;
        }

        Span<float> moves = stackalloc float[_clusters], scales = stackalloc float[_clusters];
        _draw.Normals(moves);
        _draw.Normals(scales);
        RandomScm.Standardise(_draw, column);
        for (int row = 0; row < column.Length; row++)
        {
            int cluster = _clusterOf[row];
            column[row] = column[row] * MathF.Exp(_scales * scales[cluster]) + _strength * moves[cluster];
        }

        return true;
    }
}
