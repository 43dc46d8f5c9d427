using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Transformer.Oracle;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>What is told beforehand is what a workspace holds afterwards, to the byte, and bounds what a device does.</summary>
public class TransformerMemoryFacts
{
    public static IEnumerable<TheoryDataRow<string>> Names() => OracleConfigs.All.Select(one => new TheoryDataRow<string>(one.Name));

    [Theory, MemberData(nameof(Names))]
    public void A_training_step_holds_the_bytes_that_were_told(string name)
    {
        foreach (var (config, context, query, columns) in Sizes(name))
        {
            foreach (bool recompute in (bool[])[false, true])
            {
                foreach (bool soft in (bool[])[false, true])
                {
                    using var device = ComputeDevice.Open(DeviceKind.Cpu);
                    using var model = new TabularTransformer(device, config) { Recompute = recompute };
                    model.Parameters.Initialize(seed: 3);
                    using var trainer = new TransformerTrainer(model, new AdamWOptions());
                    var batch = Batch(context, query, columns);
                    if (soft)
                    {
                        trainer.Step(batch, new float[query * config.Classes], [2], 1e-3f);
                    }
                    else
                    {
                        trainer.Step(batch, new int[query], [2], 1e-3f);
                    }

                    long arena = TransformerMemory.OfTraining(config, context, query, columns, recompute, soft);
                    long all = TransformerMemory.OfWeights(config) + arena;
                    Assert.Equal(arena, trainer.ArenaBytes);
                    Assert.InRange(device.LiveBytes, all, all + TransformerMemory.OfBlocks(device, config, columns));
                }
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_prediction_holds_the_bytes_that_were_told(string name)
    {
        foreach (var (config, context, query, columns) in Sizes(name))
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu);
            using var model = new TabularTransformer(device, config);
            model.Parameters.Initialize(seed: 3);
            long before = device.LiveBytes;
            using var workspace = new Workspace(device);
            var batch = Batch(context, query, columns);
            using var memory = model.Remember(batch, workspace);
            model.Predict(memory, query, batch.QueryCells(), workspace);
            long told = TransformerMemory.OfPrediction(config, context, query, columns);
            Assert.Equal(told, workspace.Bytes + sizeof(float) * memory.KeyValues.Sum(tensor => (long)tensor.Length));
            Assert.InRange(device.LiveBytes - before, told, told + TransformerMemory.OfBlocks(device, config, columns));
        }
    }

    // A few rows, whose tensors share blocks, and many, which have blocks of their own.
    static IEnumerable<(TransformerConfig Config, int Context, int Query, int Columns)> Sizes(string name)
    {
        var config = OracleConfigs.Named(name).Config with { Layers = 3 };
        yield return (config, 7, 3, 4);
        yield return (config with { Width = 8 * config.Width, Hidden = 8 * config.Hidden }, 230, 90, 12);
    }

    static EpisodeBatch Batch(int context, int query, int columns)
    {
        float[] cells = Array.ConvertAll(Values.Draw(1, (context + query) * columns), v => (float)v);
        return new(1, context, query, columns, cells, (float[])[.. Enumerable.Range(0, context).Select(row => (float)(row % 2))]);
    }
}
