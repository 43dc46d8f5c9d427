using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>Draws structural causal models at random and samples them with the kernels that sample fitted ones.</summary>
/// <remarks>
/// The graph is a growing network with redirection (Krapivsky and Redner, 2001): each node takes a few earlier ones as
/// parents, and sometimes a parent's parent instead, which gives hubs and chains. A node's equation is a random
/// combination of basis functions of its parents, a random link and random noise; a third of the worlds are simpler
/// (linear, or with little noise), because real tables often are.
/// </remarks>
sealed class RandomScm(ComputeDevice device)
{
    enum Link
    {
        Identity, Tanh, Sine, Absolute, Square, Relu, Softplus, Step, Exponential,
    }

    readonly LinearPredictor _predictor = LinearPredictor.On(device);

    readonly Dictionary<Link, Action<RowDraws, Noise, Tensor>> _links = new()
    {
        [Link.Identity] = Sampler<Additive>(device),
        [Link.Tanh] = Sampler<PostTanh>(device),
        [Link.Sine] = Sampler<PostSine>(device),
        [Link.Absolute] = Sampler<PostAbsolute>(device),
        [Link.Square] = Sampler<PostSquare>(device),
        [Link.Relu] = Sampler<PostRelu>(device),
        [Link.Softplus] = Sampler<PostSoftplus>(device),
        [Link.Step] = Sampler<PostStep>(device),
        [Link.Exponential] = Sampler<PostExponential>(device),
    };

    /// <summary>
    /// Draws a model of <paramref name="nodes"/> variables and <paramref name="rows"/> rows of it: a (nodes, rows) matrix,
    /// row-major, each variable standardised over the rows.
    /// </summary>
    public float[] Sample(Philox random, int nodes, int rows)
    {
        var draw = new DrawSequence(random.Branch(0));
        var rowRandom = random.Branch(1);
        using var storage = device.Allocate<float>(nodes * rows);
        var columns = new Tensor(storage, 0, nodes, rows);
        var values = new float[nodes * rows];

        bool linear = draw.Chance(0.15f);
        float loudest = draw.LogUniform(0.1f, 1);
        int roots = 1 + draw.Below(Math.Max(1, Math.Min(nodes / 2, 6)));
        var parents = new List<int>[nodes];
        for (int node = 0; node < nodes; node++)
        {
            parents[node] = node < roots || draw.Chance(0.08f) ? [] : DrawParents(draw, parents, node);
            bool isRoot = parents[node].Count == 0;
            using var table = DrawPredictor(draw, parents[node], linear).Load(device);
            var column = columns.Slice(node, 1);
            _predictor.Evaluate(table, columns, column);
            _links[DrawLink(draw, isRoot, linear)](
                new RowDraws(rowRandom, (uint)node), DrawNoise(draw, isRoot, loudest), column);

            var span = values.AsSpan(node * rows, rows);
            storage.CopyTo(span, node * rows);
            Standardise(span, rowRandom, (uint)(nodes + node));
            column.CopyFrom(span);
        }

        return values;
    }

    static Action<RowDraws, Noise, Tensor> Sampler<TMechanism>(ComputeDevice device)
        where TMechanism : struct, IMechanism
    {
        var sampler = MechanismSampler<TMechanism>.On(device);
        return (draws, noise, column) => sampler.Sample(draws, noise, column, column);
    }

    static List<int> DrawParents(DrawSequence draw, List<int>[] parents, int node)
    {
        int wanted = 1;
        while (wanted < Math.Min(5, node) && draw.Chance(0.55f))
        {
            wanted++;
        }

        var chosen = new SortedSet<int>();
        for (int attempt = 0; attempt < wanted; attempt++)
        {
            int parent = draw.Below(node);
            if (parents[parent].Count > 0 && draw.Chance(0.4f))
            {
                parent = parents[parent][draw.Below(parents[parent].Count)];
            }

            chosen.Add(parent);
        }

        return [.. chosen];
    }

    static PredictorTerms DrawPredictor(DrawSequence draw, List<int> parents, bool linear)
    {
        var terms = new PredictorTerms(1);
        if (parents.Count == 0)
        {
            return terms;
        }

        // Unit-variance parents: this keeps the predictor's size near the gain, whatever the number of parents.
        float gain = draw.LogUniform(0.4f, 2.5f) / MathF.Sqrt(parents.Count);
        terms.Intercept(0.6f * draw.Normal());
        foreach (int parent in parents)
        {
            float weight = gain * draw.Normal();
            var basis = linear ? Basis.Identity : draw.Pick<Basis>([
                (Basis.Identity, 0.5f), (Basis.Hinge, 0.15f), (Basis.Square, 0.08f), (Basis.Absolute, 0.08f),
                (Basis.Tanh, 0.1f), (Basis.Sine, 0.09f),
            ]);
            if (basis == Basis.Hinge)
            {
                terms.AddHinge(parent, 0.8f * draw.Normal(), 1.5f * weight);
            }
            else
            {
                terms.Add(basis, parent, weight);
            }
        }

        if (!linear && parents.Count > 1 && draw.Chance(0.3f))
        {
            terms.AddProduct(parents[0], parents[^1], gain * draw.Normal());
        }

        return terms;
    }

    static Link DrawLink(DrawSequence draw, bool isRoot, bool linear)
    {
        if (linear)
        {
            return Link.Identity;
        }

        return isRoot
            ? draw.Pick<Link>([(Link.Identity, 0.7f), (Link.Exponential, 0.12f), (Link.Absolute, 0.08f), (Link.Step, 0.1f)])
            : draw.Pick<Link>([
                (Link.Identity, 0.42f), (Link.Tanh, 0.16f), (Link.Relu, 0.1f), (Link.Sine, 0.07f), (Link.Absolute, 0.06f),
                (Link.Square, 0.05f), (Link.Softplus, 0.05f), (Link.Step, 0.06f), (Link.Exponential, 0.03f),
            ]);
    }

    static Noise DrawNoise(DrawSequence draw, bool isRoot, float loudest)
    {
        var kind = draw.Pick<NoiseKind>([(NoiseKind.Gaussian, 0.6f), (NoiseKind.Uniform, 0.25f), (NoiseKind.Laplace, 0.15f)]);
        return new(kind, isRoot ? 1 : draw.LogUniform(0.01f, loudest));
    }

    // Mean 0, variance 1; a variable that came out constant is replaced by noise, so that no column is empty of meaning.
    static void Standardise(Span<float> values, Philox random, uint stream)
    {
        double mean = 0, squares = 0;
        foreach (float value in values)
        {
            mean += value;
        }

        mean /= values.Length;
        foreach (float value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        double deviation = Math.Sqrt(squares / values.Length);
        bool constant = !(deviation > 1e-6 * (1 + Math.Abs(mean)));
        for (int row = 0; row < values.Length; row++)
        {
            values[row] = constant ? random.Normal((uint)row, stream) : (float)((values[row] - mean) / deviation);
        }
    }
}
