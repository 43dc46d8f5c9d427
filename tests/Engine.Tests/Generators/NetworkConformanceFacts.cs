using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Losses and gradients of both networks at fixed weights and draws, against stored runs of PyTorch.</summary>
public class NetworkConformanceFacts
{
    static readonly OutputHead[] Heads = [new(0, 3, 0), new(3, 3, 2), new(7, 3, 3)];

    // Float against double through three layers, and through softmaxes at temperature 0.2; worst seen 1.8e-7.
    const double Tolerance = 2e-6;

    [Theory, InlineData(DeviceKind.Cpu), InlineData(DeviceKind.Emulated)]
    public void The_autoencoders_loss_and_gradients_agree(DeviceKind kind)
    {
        var stored = new StoredRun("tvae");
        using var device = ComputeDevice.Open(kind);
        using var network = new VariationalAutoencoder(device, Heads, 2, new() { Hidden = [6, 4], Latent = 5 });
        Load(stored, network.Weights);
        network.Accumulate(stored.Floats("batch"), 7, stored.Floats("noise"));
        Assert.InRange(network.Loss() / stored["loss"][0], 1 - 1e-5, 1 + 1e-5);
        Agree(stored, network.Weights);
    }

    [Theory, InlineData(DeviceKind.Cpu), InlineData(DeviceKind.Emulated)]
    public void The_critics_and_the_generators_gradients_agree(DeviceKind kind)
    {
        var stored = new StoredRun("ctgan");
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var network = new ConditionalGan(
            device, Heads, 5, new() { Latent = 4, Hidden = [6, 5], CriticHidden = 7, Pack = 2 });
        network.Initialize(1);
        Load(stored, network.GeneratorWeights);
        Load(stored, network.CriticWeights);
        Tensor On(string name) => stored.On(workspace, name);
        network.AccumulateCritic(
            stored.Floats("batch"), 8, new(On("d.noise"), On("d.gumbel"), On("d.kept1"), On("d.kept2"), On("d.between")));
        Agree(stored, network.CriticWeights);
        foreach (string name in stored.Names("s."))
        {
            Assert.InRange(stored.Error("s." + name, network.GeneratorStatistics.Weight(name).ToArray()), 0, Tolerance);
        }

        float[] conditions = [.. stored.Floats("batch").Chunk(16).SelectMany(row => row[11..])];
        int[] chosen = Array.ConvertAll(stored["chosen"], value => (int)value);
        network.AccumulateGenerator(
            conditions, chosen, 8, new(On("g.noise"), On("g.gumbel"), On("g.kept1"), On("g.kept2")));
        Agree(stored, network.GeneratorWeights);
    }

    static void Load(StoredRun stored, WeightBlock weights)
    {
        foreach (var info in weights.All)
        {
            weights.Weight(info.Name).CopyFrom(stored.Floats("w." + info.Name));
        }
    }

    static void Agree(StoredRun stored, WeightBlock weights)
    {
        foreach (var info in weights.All)
        {
            Assert.InRange(stored.Error("g." + info.Name, weights.Gradient(info.Name).ToArray()), 0, Tolerance);
        }
    }
}
