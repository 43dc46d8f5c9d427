using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Generative;

/// <summary>Sizes and optimiser of a <see cref="VariationalAutoencoder"/>; the defaults are the paper's.</summary>
public sealed record VariationalAutoencoderConfig
{
    /// <summary>Widths of the hidden layers of the encoder; the decoder has them in reverse.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [128, 128];

    /// <summary>Numbers in a latent row.</summary>
    public int Latent { get; init; } = 128;

    /// <summary>How much more a reconstruction weighs than the divergence from the prior.</summary>
    public float ReconstructionWeight { get; init; } = 2;

    /// <summary>Adam's rates.</summary>
    public AdamWOptions Optimizer { get; init; } = new() { WeightDecay = 1e-5f, ClipNorm = null };
}

/// <summary>
/// The autoencoder of TVAE (Xu et al., 2019, "Modeling tabular data using conditional GAN"), given a condition: an encoder
/// <c>q(z | row, condition)</c> and a decoder <c>p(row | z, condition)</c>, both of dense layers.
/// </summary>
/// <remarks>
/// The loss of a batch is the mean of <c>w · Σ head losses + KL</c>. A row of a batch is the encoded row and then its condition,
/// (rows, outputs + conditions). Weights are encoder.i, decoder.i and deviation, σ of each number.
/// </remarks>
public sealed class VariationalAutoencoder : IDisposable
{
    readonly ComputeDevice _device;
    readonly VariationalAutoencoderConfig _config;
    readonly DeviceArray<OutputHead> _heads;
    readonly int _outputs, _conditions;
    readonly DenseStack _encoder, _decoder;
    readonly GaussianLatent _latent;
    readonly HeadLoss _loss;
    readonly ColumnCopy _columns;
    readonly RandomFill _random;
    readonly Workspace _workspace;
    Tensor _losses, _divergence;

    /// <summary>A network for these heads and as many conditions, with no weights drawn yet.</summary>
    public VariationalAutoencoder(
        ComputeDevice device, IReadOnlyList<OutputHead> heads, int conditions, VariationalAutoencoderConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(heads);
        _device = device;
        _config = config ?? new();
        _heads = device.Allocate<OutputHead>([.. heads]);
        _outputs = heads.Sum(head => head.Width);
        _conditions = conditions;
        _encoder = new(device, "encoder", [_outputs + conditions, .. _config.Hidden, 2 * _config.Latent]);
        _decoder = new(device, "decoder", [_config.Latent + conditions, .. _config.Hidden.Reverse(), _outputs]);
        _latent = GaussianLatent.On(device);
        _loss = HeadLoss.On(device);
        _columns = ColumnCopy.On(device);
        _random = RandomFill.On(device);
        _workspace = new(device);
        Weights = new(device, [.. _encoder.Layout, .. _decoder.Layout, ("deviation", 1, _outputs)]);
    }

    /// <summary>All weights and their gradients.</summary>
    public WeightBlock Weights { get; }

    /// <summary>Draws the weights; σ of every number starts at 0.1.</summary>
    public void Initialize(ulong seed) => Weights.Initialize(new Philox(seed).Branch(0x74766165), _ => 0.1f); // "tvae"

    /// <summary>σ of every output that is a number; of others it has no meaning.</summary>
    public float[] Deviations() => Weights.Weight("deviation").ToArray();

    /// <summary>Adds the gradient of a batch's loss; noise is (rows, latent), standard normal.</summary>
    public void Accumulate(ReadOnlySpan<float> batch, int rows, ReadOnlySpan<float> noise)
    {
        _workspace.Reset();
        Tensor x = _workspace.Take(rows, _outputs + _conditions), drawn = _workspace.Take(rows, _config.Latent);
        x.CopyFrom(batch);
        drawn.CopyFrom(noise);
        Accumulate(x, drawn);
    }

    /// <summary>Takes one step along the gradient of a batch's loss; its noise is a function of the generator and the step.</summary>
    public void Step(ReadOnlySpan<float> batch, int rows, float learningRate, Philox random, uint step)
    {
        _workspace.Reset();
        Tensor x = _workspace.Take(rows, _outputs + _conditions), drawn = _workspace.Take(rows, _config.Latent);
        x.CopyFrom(batch);
        _random.Fill(RandomKind.Normal, random, step, drawn);
        Accumulate(x, drawn);
        Weights.Step(learningRate, _config.Optimizer);
    }

    void Accumulate(Tensor x, Tensor noise)
    {
        int rows = x.Rows, latent = _config.Latent;
        Tensor z = _workspace.Take(rows, latent + _conditions), dEncoded = _workspace.Take(rows, 2 * latent);
        Tensor dOutputs = _workspace.Take(rows, _outputs);
        _losses = _workspace.Take(rows, _heads.Length);
        _divergence = _workspace.Take(rows, 1);

        var encoded = _encoder.Forward(Weights, x, _workspace);
        _latent.Forward(encoded, noise, z, _divergence);
        _columns.Copy(x, _outputs, z, latent, _conditions);
        var outputs = _decoder.Forward(Weights, z, _workspace);
        _loss.Measure(
            _heads, outputs, x, Weights.Weight("deviation"), _config.ReconstructionWeight / rows, _losses, dOutputs,
            Weights.Gradient("deviation"));
        var dz = _decoder.Backward(Weights, dOutputs, reaches: true, _workspace)!.Value;
        _latent.Backward(dz, encoded, noise, 1f / rows, dEncoded);
        _encoder.Backward(Weights, dEncoded, reaches: false, _workspace);
    }

    /// <summary>The loss of the last batch; waits for the device.</summary>
    public double Loss() =>
        (_config.ReconstructionWeight * _losses.ToArray().Sum(v => (double)v) + _divergence.ToArray().Sum(v => (double)v))
        / _divergence.Rows;

    /// <summary>Decodes draws of the prior: outputs (rows, outputs) given conditions (rows, conditions).</summary>
    /// <remarks>The latent rows are a pure function of the generator and the block; a block's rows must always be as many.</remarks>
    public void Decode(Philox random, uint block, ReadOnlySpan<float> conditions, int rows, Span<float> outputs)
    {
        _workspace.Reset();
        int latent = _config.Latent;
        Tensor drawn = _workspace.Take(rows, latent), given = _workspace.Take(rows, _conditions);
        var z = _workspace.Take(rows, latent + _conditions);
        given.CopyFrom(conditions);
        _random.Fill(RandomKind.Normal, random, block, drawn);
        _columns.Copy(drawn, 0, z, 0, latent);
        _columns.Copy(given, 0, z, latent, _conditions);
        var decoded = _decoder.Forward(Weights, z, _workspace);
        decoded.Storage.CopyTo(outputs, decoded.Offset);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Weights.Dispose();
        _heads.Dispose();
        _workspace.Dispose();
        _device.Synchronize();
    }
}
