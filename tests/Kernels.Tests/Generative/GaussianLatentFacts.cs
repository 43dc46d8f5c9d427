using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;

namespace CausalMixFT.Kernels.Tests.Generative;

public class GaussianLatentFacts
{
    // Exponentials of numbers within ±½ and sums of 11: a hundred units of 6e-8; worst seen 4.6e-7.
    const double Tolerance = 6e-6;

    [Theory, ClassData(typeof(EveryDevice))]
    public void Draw_and_divergence_agree_with_the_definition_and_backward_with_its_slope(DeviceKind kind)
    {
        const int Rows = 3, Latent = 11, Wide = 13;
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] encoded = Values.Draw(1, Rows * 2 * Latent), noise = Values.Draw(2, Rows * Latent), dz = Values.Draw(3, Rows * Wide);
        Tensor encodeds = encoded.On(workspace, Rows, 2 * Latent), noises = noise.On(workspace, Rows, Latent);
        Tensor z = workspace.Take(Rows, Wide), divergence = workspace.Take(Rows, 1), dEncoded = workspace.Take(Rows, 2 * Latent);
        z.CopyFrom([.. Enumerable.Repeat(3f, Rows * Wide)]);
        var latent = GaussianLatent.On(device);
        latent.Forward(encodeds, noises, z, divergence);
        latent.Backward(dz.On(workspace, Rows, Wide), encodeds, noises, 0.4f, dEncoded);

        double[] Draw(double[] at) => [.. Enumerable.Range(0, Rows * Wide).Select(i => i % Wide < Latent
            ? at[i / Wide * 2 * Latent + i % Wide] + noise[i / Wide * Latent + i % Wide]
                * Math.Exp(at[i / Wide * 2 * Latent + Latent + i % Wide] / 2)
            : 3)];
        double[] Divergence(double[] at) => [.. at.Chunk(2 * Latent).Select(row => 0.5 * Enumerable.Range(0, Latent).Sum(i =>
            row[i] * row[i] + Math.Exp(row[Latent + i]) - 1 - row[Latent + i]))];
        Assert.InRange(Values.LargestDifference(Draw(encoded), z), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(Divergence(encoded), divergence), 0, Tolerance);
        double[] slope = Values.Gradient(at => Values.Dot(dz, Draw(at)) + 0.4 * Divergence(at).Sum(), encoded);
        Assert.InRange(Values.LargestDifference(slope, dEncoded), 0, Tolerance);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_variance_beyond_a_number_stays_finite(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] encoded = [0, 500], noise = [1];
        Tensor z = workspace.Take(1, 1), divergence = workspace.Take(1, 1), d = workspace.Take(1, 2);
        Tensor encodeds = encoded.On(workspace, 1, 2), noises = noise.On(workspace, 1, 1);
        var latent = GaussianLatent.On(device);
        latent.Forward(encodeds, noises, z, divergence);
        latent.Backward(z, encodeds, noises, 1, d);
        Assert.All((float[])[.. z.ToArray(), .. divergence.ToArray(), .. d.ToArray()], value => Assert.True(float.IsFinite(value)));
    }
}
