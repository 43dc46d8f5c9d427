using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>
/// CTGAN (Xu et al., 2019): a generator and a critic of rows in mode-specific normalisation, trained given a level of one column at a
/// time, and here the class always.
/// </summary>
/// <remarks>
/// Every condition carries the class, which is no column to generate, so a sample has exactly the rows of each class that are asked
/// for, with none rejected; a class of one or two rows lives on what the classes share. A class without any row is generated from
/// that alone. The rows that are sampled come from a running average of the generator's weights, which the paper does not have.
/// Columns are encoded as <see cref="ModeColumn"/> says, conditions are drawn as <see cref="LevelConditions"/> says.
/// </remarks>
/// <param name="device">Where the networks run.</param>
/// <param name="options">How they learn; null for the recommended run.</param>
public sealed class CtganGenerator(ComputeDevice device, CtganOptions? options = null) : IRowGenerator
{
    // Purposes of a seed's draws.
    const uint Modes = 0x6D6F6465, Conditions = 0x636F6E64, Networks = 0x6E657477; // "mode", "cond", "netw"

    // Batches from which the norms' statistics are taken when training is done.
    const int SettlingBatches = 20;

    readonly CtganOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "ctgan";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var random = new Philox(seed);
        var encoding = new ModeEncoding(rows, random.Branch(Modes));
        var conditions = new LevelConditions(encoding);
        using var network = new ConditionalGan(device, encoding.Heads, conditions.Width, _options.Network);
        network.Initialize(seed);

        int pack = _options.Network.Pack, batchRows = Math.Max(1, _options.BatchRows / pack) * pack;
        var batch = new TrainingBatch(encoding, conditions, batchRows, random.Branch(Conditions));
        var plan = new TrainingPlan(encoding.Rows / batchRows, _options.Epochs, _options.MostSteps, _options.MostTime);
        var draws = random.Branch(Networks);
        uint criticStep = 0, conditionStep = 0;
        plan.Run((step, _) =>
        {
            for (int i = 0; i < _options.CriticSteps; i++)
            {
                batch.DrawRows(conditionStep++);
                network.StepCritic(batch.Rows, batchRows, _options.LearningRate, draws, criticStep++);
            }

            batch.DrawConditions(conditionStep++);
            network.StepGenerator(batch.Given, batch.Chosen, batchRows, _options.LearningRate, draws, (uint)step);
        }, progress, cancellation);

        Settle(network, encoding, conditions, batchRows, random);
        return new Fitted(
            device, _options, encoding, conditions, network.GeneratorWeights.ToArray(), network.GeneratorStatistics.ToArray());
    }

    // The averaged weights' own statistics, from batches as they will be sampled: a class as often as in the table.
    static void Settle(ConditionalGan network, ModeEncoding encoding, LevelConditions conditions, int batchRows, Philox random)
    {
        network.ShowAverage();
        Philox draws = random.Branch(Networks + 1), chosen = random.Branch(Conditions + 1);
        var given = new float[batchRows * conditions.Width];
        for (int batch = 0; batch < SettlingBatches; batch++)
        {
            for (int i = 0; i < batchRows; i++)
            {
                uint number = (uint)(batch * batchRows + i);
                int label = encoding.Labels[chosen.Below(encoding.Rows, number, 1)];
                conditions.Write(label, chosen, number, given.AsSpan(i * conditions.Width, conditions.Width));
            }

            network.Settle(given, batchRows, 1f / (batch + 1), draws, (uint)batch);
        }
    }

    // Rows and conditions of one step, on the host.
    sealed class TrainingBatch(ModeEncoding encoding, LevelConditions conditions, int rows, Philox random)
    {
        readonly int _width = encoding.Width + conditions.Width;

        internal float[] Rows { get; } = new float[rows * (encoding.Width + conditions.Width)];

        internal float[] Given { get; } = new float[rows * conditions.Width];

        internal int[] Chosen { get; } = new int[2 * rows];

        internal void DrawRows(uint step)
        {
            Array.Clear(Rows);
            for (int i = 0; i < rows; i++)
            {
                var target = Rows.AsSpan(i * _width, _width);
                encoding.Spread(conditions.Draw(random, (uint)i, step, target[encoding.Width..]).Row, target);
            }
        }

        internal void DrawConditions(uint step)
        {
            for (int i = 0; i < rows; i++)
            {
                var draw = conditions.Draw(random, (uint)i, step, Given.AsSpan(i * conditions.Width, conditions.Width));
                (Chosen[2 * i], Chosen[2 * i + 1]) = (draw.Feature, draw.Level);
            }
        }
    }

    sealed class Fitted(
        ComputeDevice device, CtganOptions options, ModeEncoding encoding, LevelConditions conditions, float[] weights,
        float[] statistics) : IFittedGenerator
    {
        public Table Sample(
            IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress, CancellationToken cancellation)
        {
            int[] labels = NetworkBlocks.Labels(rowsOfClass, encoding.Classes);
            using var network = new ConditionalGan(device, encoding.Heads, conditions.Width, options.Network);
            network.GeneratorWeights.CopyFrom(weights);
            network.GeneratorStatistics.CopyFrom(statistics);
            var random = new Philox(seed);
            Philox noise = random.Branch(Networks), draws = random.Branch(Modes), chosen = random.Branch(Conditions);
            double[][] cells = [.. encoding.Heads.Select(_ => new double[labels.Length])];
            var given = new float[NetworkBlocks.Size * conditions.Width];
            var outputs = new float[NetworkBlocks.Size * encoding.Width];
            NetworkBlocks.ForEach(labels.Length, (block, first, count) =>
            {
                for (int i = 0; i < count; i++)
                {
                    conditions.Write(
                        labels[first + i], chosen, (uint)(first + i), given.AsSpan(i * conditions.Width, conditions.Width));
                }

                network.Generate(noise, (uint)block, given, NetworkBlocks.Size, outputs);
                for (int i = 0; i < count; i++)
                {
                    encoding.Decode(
                        outputs.AsSpan(i * encoding.Width, encoding.Width), default, labels[first + i], draws, first + i, cells);
                }
            }, progress, cancellation);

            return encoding.Table(cells, labels);
        }
    }
}
