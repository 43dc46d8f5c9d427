using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// TVAE (Xu et al., 2019): a variational autoencoder of rows in mode-specific normalisation, here given the class.
/// </summary>
/// <remarks>
/// The class is no column to encode but a condition of encoder and decoder, so a sample has exactly the rows of each class that are
/// asked for, with none rejected; classes share all that they have in common, which is what a class of one or two rows lives on.
/// A class without any row is decoded from what the others share alone. Entries are drawn from their softmax, as in the paper.
/// Columns are encoded as <see cref="ModeColumn"/> says. Unlike the paper's, the learning rate falls to 0.
/// </remarks>
/// <param name="device">Where the network runs.</param>
/// <param name="options">How it learns; null for the recommended run.</param>
public sealed class TvaeGenerator(ComputeDevice device, TvaeOptions? options = null) : IRowGenerator
{
    // Purposes of a seed's draws.
    const uint Modes = 0x6D6F6465, Order = 0x6F726465, Latent = 0x6C617465; // "mode", "orde", "late"

    readonly TvaeOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "tvae";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var random = new Philox(seed);
        var encoding = new ModeEncoding(rows, random.Branch(Modes));
        using var network = new VariationalAutoencoder(device, encoding.Heads, encoding.Classes, _options.Network);
        network.Initialize(seed);

        int batchRows = Math.Min(_options.BatchRows, encoding.Rows), width = encoding.Width + encoding.Classes;
        var plan = new TrainingPlan(encoding.Rows / batchRows, _options.Epochs, _options.MostSteps, _options.MostTime);
        var batch = new float[batchRows * width];
        var order = new RowOrder(encoding.Rows, random.Branch(Order));
        plan.Run((step, left) =>
        {
            Array.Clear(batch);
            for (int i = 0; i < batchRows; i++)
            {
                int row = order[(long)step * batchRows + i, batchRows];
                var target = batch.AsSpan(i * width, width);
                encoding.Spread(row, target);
                target[encoding.Width + encoding.Labels[row]] = 1;
            }

            network.Step(batch, batchRows, _options.LearningRate * (float)left, random.Branch(Latent), (uint)step);
        }, progress, cancellation);

        return new Fitted(device, _options, encoding, network.Weights.ToArray());
    }

    sealed class Fitted(ComputeDevice device, TvaeOptions options, ModeEncoding encoding, float[] weights) : IFittedGenerator
    {
        public Table Sample(
            IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress, CancellationToken cancellation)
        {
            int[] labels = NetworkBlocks.Labels(rowsOfClass, encoding.Classes);
            using var network = new VariationalAutoencoder(device, encoding.Heads, encoding.Classes, options.Network);
            network.Weights.CopyFrom(weights);
            float[] deviations = network.Deviations();
            var random = new Philox(seed);
            Philox latent = random.Branch(Latent), draws = random.Branch(Modes);
            double[][] cells = [.. encoding.Heads.Select(_ => new double[labels.Length])];
            var conditions = new float[NetworkBlocks.Size * encoding.Classes];
            var outputs = new float[NetworkBlocks.Size * encoding.Width];
            NetworkBlocks.ForEach(labels.Length, (block, first, count) =>
            {
                Array.Clear(conditions);
                for (int i = 0; i < count; i++)
                {
                    conditions[i * encoding.Classes + labels[first + i]] = 1;
                }

                network.Decode(latent, (uint)block, conditions, NetworkBlocks.Size, outputs);
                for (int i = 0; i < count; i++)
                {
                    encoding.Decode(
                        outputs.AsSpan(i * encoding.Width, encoding.Width), deviations, labels[first + i], draws, first + i, cells);
                }
            }, progress, cancellation);

            return encoding.Table(cells, labels);
        }
    }
}
