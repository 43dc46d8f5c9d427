using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>Sizes and optimiser of a <see cref="ConditionalGan"/>; the defaults are the paper's.</summary>
public sealed record ConditionalGanConfig
{
    /// <summary>Numbers in a row of noise.</summary>
    public int Latent { get; init; } = 128;

    /// <summary>Widths of the generator's hidden layers.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [256, 256];

    /// <summary>Width of the critic's two hidden layers.</summary>
    public int CriticHidden { get; init; } = 256;

    /// <summary>Rows that the critic judges together; a batch has a multiple of it.</summary>
    public int Pack { get; init; } = 10;

    /// <summary>Temperature of the Gumbel-softmax.</summary>
    public float Temperature { get; init; } = 0.2f;

    /// <summary>Weight λ of the penalty on the critic's slope.</summary>
    public float PenaltyWeight { get; init; } = 10;

    /// <summary>How slowly the average of the generator's weights moves, or 0 for the last step's weights themselves.</summary>
    public float AverageDecay { get; init; }

    /// <summary>Adam's rates, for both networks.</summary>
    public AdamWOptions Optimizer { get; init; } = new() { Beta1 = 0.5f, Beta2 = 0.9f, WeightDecay = 1e-6f, ClipNorm = null };
}

/// <summary>
/// CTGAN's pair of networks (Xu et al., 2019): a generator of soft rows given a condition, and a critic of packs of rows with theirs,
/// trained by the Wasserstein distance with a penalty on the critic's slope.
/// </summary>
/// <remarks>
/// A row of a batch is the encoded row and then its condition, (rows, outputs + conditions). Dropout is at ½. All draws are functions
/// of the generator of random numbers and the step.
/// </remarks>
public sealed class ConditionalGan : IDisposable
{
    // Purposes of the draws of a step.
    const uint Noise = 1, Gumbel = 2, Kept1 = 3, Kept2 = 4, Between = 5, PriorNoise = 6;

    readonly ComputeDevice _device;
    readonly ConditionalGanConfig _config;
    readonly DeviceArray<OutputHead> _heads;
    readonly DeviceArray<float>? _average;
    readonly int _outputs, _conditions;
    readonly ResidualGenerator _generator;
    readonly Critic _critic;
    readonly HeadActivation _activation;
    readonly ChosenHeadLoss _chosenLoss;
    readonly ColumnCopy _columns;
    readonly RowBlend _blend;
    readonly Blend _averaging;
    readonly RandomFill _random;
    readonly Workspace _workspace;
    DeviceArray<int>? _chosen;

    /// <summary>A pair for these heads and as many conditions, with no weights drawn yet.</summary>
    public ConditionalGan(
        ComputeDevice device, IReadOnlyList<OutputHead> heads, int conditions, ConditionalGanConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(heads);
        _device = device;
        _config = config ?? new();
        _heads = device.Allocate<OutputHead>([.. heads]);
        _outputs = heads.Sum(head => head.Width);
        _conditions = conditions;
        _generator = new(device, _config.Latent + conditions, _config.Hidden, _outputs);
        _critic = new(device, _config.Pack * (_outputs + conditions), _config.CriticHidden);
        _activation = HeadActivation.On(device);
        _chosenLoss = ChosenHeadLoss.On(device);
        _columns = ColumnCopy.On(device);
        _blend = RowBlend.On(device);
        _averaging = Blend.On(device);
        _random = RandomFill.On(device);
        _workspace = new(device);
        _average = _config.AverageDecay > 0 ? _generator.Weights.Alike() : null;
    }

    /// <summary>The generator's weights and gradients.</summary>
    public WeightBlock GeneratorWeights => _generator.Weights;

    /// <summary>The critic's weights and gradients.</summary>
    public WeightBlock CriticWeights => _critic.Weights;

    /// <summary>The running means and variances of the generator's norms.</summary>
    public WeightBlock GeneratorStatistics => _generator.Statistics;

    /// <summary>Draws the weights of both networks; norms start at the identity.</summary>
    public void Initialize(ulong seed)
    {
        var random = new Philox(seed);
        _generator.Weights.Initialize(
            random.Branch(0x67656E65), name => name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0); // "gene"
        _critic.Weights.Initialize(random.Branch(0x63726974), _ => 0); // "crit"
    }

    /// <summary>Takes one step of the critic on a batch of real rows, against generated rows with the same conditions.</summary>
    public void StepCritic(ReadOnlySpan<float> batch, int rows, float learningRate, Philox random, uint step)
    {
        AccumulateCritic(batch, rows, CriticDraws.Of(this, rows, random, step));
        _critic.Weights.Step(learningRate, _config.Optimizer);
    }

    /// <summary>Takes one step of the generator with conditions (rows, conditions), of which some choose a head's level.</summary>
    public void StepGenerator(
        ReadOnlySpan<float> conditions, ReadOnlySpan<int> chosen, int rows, float learningRate, Philox random, uint step)
    {
        AccumulateGenerator(conditions, chosen, rows, GeneratorDraws.Of(this, rows, random, step));
        _generator.Weights.Step(learningRate, _config.Optimizer);
        if (_average is { } average)
        {
            // The first steps count for less as there are few: (1 + s) / (10 + s) as exponential averages are warmed up.
            int steps = _generator.Weights.Steps;
            float decay = Math.Min(_config.AverageDecay, (1f + steps) / (10 + steps));
            _averaging.Move(1 - decay, new(average, 0, 1, average.Length), _generator.Weights.Weights);
        }
    }

    /// <summary>Puts the average into the generator; its norms' statistics must then be settled again.</summary>
    public void ShowAverage()
    {
        if (_average is { } average)
        {
            _averaging.Move(1, _generator.Weights.Weights, new(average, 0, 1, average.Length));
        }
    }

    /// <summary>Moves the norms' statistics by a share towards those of a batch that is generated for these conditions.</summary>
    public void Settle(ReadOnlySpan<float> conditions, int rows, float share, Philox random, uint step)
    {
        _workspace.Reset();
        var noise = Draw(RandomKind.Normal, random, Noise, step, rows, _config.Latent);
        Generate(noise, Given(conditions, rows), share);
    }

    /// <summary>Generates outputs (rows, outputs), before any activation, given conditions (rows, conditions).</summary>
    /// <remarks>The noise is a pure function of the generator and the block; a block's rows must always be as many.</remarks>
    public void Generate(Philox random, uint block, ReadOnlySpan<float> conditions, int rows, Span<float> outputs)
    {
        _workspace.Reset();
        var noise = Draw(RandomKind.Normal, random, PriorNoise, block, rows, _config.Latent);
        var generated = Generate(noise, Given(conditions, rows), share: null);
        generated.Storage.CopyTo(outputs, generated.Offset);
    }

    /// <summary>What one step of the critic draws, given rather than drawn, for a comparison with stored values.</summary>
    internal readonly record struct CriticDraws(Tensor Noise, Tensor Gumbel, Tensor Kept1, Tensor Kept2, Tensor Between)
    {
        internal static CriticDraws Of(ConditionalGan gan, int rows, Philox random, uint step)
        {
            int packs = rows / gan._config.Pack, hidden = gan._critic.Hidden;
            gan._workspace.Reset();
            return new(
                gan.Draw(RandomKind.Normal, random, ConditionalGan.Noise, step, rows, gan._config.Latent),
                gan.Draw(RandomKind.Gumbel, random, ConditionalGan.Gumbel, step, rows, gan._outputs),
                gan.Draw(RandomKind.HalfKept, random, ConditionalGan.Kept1, step, 3 * packs, hidden),
                gan.Draw(RandomKind.HalfKept, random, ConditionalGan.Kept2, step, 3 * packs, hidden),
                gan.Draw(RandomKind.Uniform, random, ConditionalGan.Between, step, packs, 1));
        }
    }

    /// <summary>What one step of the generator draws.</summary>
    internal readonly record struct GeneratorDraws(Tensor Noise, Tensor Gumbel, Tensor Kept1, Tensor Kept2)
    {
        internal static GeneratorDraws Of(ConditionalGan gan, int rows, Philox random, uint step)
        {
            int packs = rows / gan._config.Pack, hidden = gan._critic.Hidden;

            // Steps of both networks are counted together: the second half of the streams is the generator's.
            uint stream = step | 0x80000000;
            gan._workspace.Reset();
            return new(
                gan.Draw(RandomKind.Normal, random, ConditionalGan.Noise, stream, rows, gan._config.Latent),
                gan.Draw(RandomKind.Gumbel, random, ConditionalGan.Gumbel, stream, rows, gan._outputs),
                gan.Draw(RandomKind.HalfKept, random, ConditionalGan.Kept1, stream, packs, hidden),
                gan.Draw(RandomKind.HalfKept, random, ConditionalGan.Kept2, stream, packs, hidden));
        }
    }

    /// <summary>Adds the gradient of <c>mean c(generated) − mean c(real) + penalty</c> to the critic's.</summary>
    internal void AccumulateCritic(ReadOnlySpan<float> batch, int rows, CriticDraws draws)
    {
        int width = _outputs + _conditions, packs = rows / _config.Pack, packed = _config.Pack * width;

        // The real packs, the generated ones, and those between: the critic reads all three at once.
        var x = _workspace.Take(3 * packs, packed);
        Tensor real = x.Slice(0, packs), fake = x.Slice(packs, packs), between = x.Slice(2 * packs, packs);
        real.As(rows, width).CopyFrom(batch);
        var given = _workspace.Take(rows, _conditions);
        _columns.Copy(real.As(rows, width), _outputs, given, 0, _conditions);
        Activate(Generate(draws.Noise, given, ResidualGenerator.BatchShare), draws.Gumbel, given, fake.As(rows, width));
        _blend.Between(fake, real, draws.Between, between);

        _critic.Forward(x, draws.Kept1, draws.Kept2, _workspace);
        var signs = new float[2 * packs];
        signs.AsSpan(0, packs).Fill(-1f / packs);
        signs.AsSpan(packs).Fill(1f / packs);
        var dScores = _workspace.Take(2 * packs, 1);
        dScores.CopyFrom(signs);
        _critic.Backward(dScores, _workspace);
        _critic.Penalize(2 * packs, packs, _config.PenaltyWeight, _workspace);
    }

    /// <summary>Adds the gradient of <c>−mean c(generated) + mean cross-entropy of the chosen heads</c> to the generator's.</summary>
    internal void AccumulateGenerator(ReadOnlySpan<float> conditions, ReadOnlySpan<int> chosen, int rows, GeneratorDraws draws)
    {
        int width = _outputs + _conditions, packs = rows / _config.Pack;
        Tensor given = Given(conditions, rows), x = _workspace.Take(rows, width), dOutputs = _workspace.Take(rows, _outputs);
        var outputs = Generate(draws.Noise, given, ResidualGenerator.BatchShare);
        Activate(outputs, draws.Gumbel, given, x);
        _critic.Forward(x.As(packs, _config.Pack * width), draws.Kept1, draws.Kept2, _workspace);

        var signs = new float[packs];
        Array.Fill(signs, -1f / packs);
        var dScores = _workspace.Take(packs, 1);
        dScores.CopyFrom(signs);
        var dx = _critic.InputGradient(dScores, _workspace).As(rows, width);
        _activation.Backward(_heads, dx, outputs, x, _config.Temperature, dOutputs);
        _chosenLoss.Measure(_heads, Chosen(chosen), outputs, 1f / rows, _workspace.Take(rows, 1), dOutputs);
        _generator.Backward(dOutputs, _workspace);
    }

    Tensor Generate(Tensor noise, Tensor given, float? share)
    {
        var read = _workspace.Take(noise.Rows, _config.Latent + _conditions);
        _columns.Copy(noise, 0, read, 0, _config.Latent);
        _columns.Copy(given, 0, read, _config.Latent, _conditions);
        return _generator.Forward(read, share, _workspace);
    }

    void Activate(Tensor outputs, Tensor gumbel, Tensor given, Tensor row)
    {
        _activation.Forward(_heads, outputs, gumbel, _config.Temperature, row);
        _columns.Copy(given, 0, row, _outputs, _conditions);
    }

    Tensor Draw(RandomKind kind, Philox random, uint purpose, uint stream, int rows, int width)
    {
        var drawn = _workspace.Take(rows, width);
        _random.Fill(kind, random.Branch(purpose), stream, drawn);
        return drawn;
    }

    Tensor Given(ReadOnlySpan<float> conditions, int rows)
    {
        var given = _workspace.Take(rows, _conditions);
        given.CopyFrom(conditions);
        return given;
    }

    DeviceArray<int> Chosen(ReadOnlySpan<int> chosen)
    {
        if (_chosen is null || _chosen.Length != chosen.Length)
        {
            _chosen?.Dispose();
            _chosen = _device.Allocate<int>(chosen.Length);
        }

        _chosen.CopyFrom(chosen);
        return _chosen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _generator.Dispose();
        _critic.Dispose();
        _heads.Dispose();
        _average?.Dispose();
        _chosen?.Dispose();
        _workspace.Dispose();
    }
}
