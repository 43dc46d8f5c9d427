using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class MechanismSamplerFacts
{
    // Giles' inverse normal is right to 4e-6 relative: |noise| ≤ 2.7 at scale 0.5 has an error of 1.1e-5 at most, and a
    // mechanism passes on at most max(1, |x|) times as much. Worst seen: below 3e-6, Cpu and Emulated.
    const double Tolerance = 1.2e-5;

    static readonly RowDraws Draws = new(new Philox(42), 3, 12345);

    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_mechanism_agrees_with_its_equation(DeviceKind kind)
    {
        Agrees<Additive>(kind, x => x);
        Agrees<PostTanh>(kind, Math.Tanh);
        Agrees<PostSine>(kind, Math.Sin);
        Agrees<PostAbsolute>(kind, Math.Abs);
        Agrees<PostSquare>(kind, x => x * x);
        Agrees<PostRelu>(kind, x => Math.Max(0, x));
        Agrees<PostSoftplus>(kind, x => x > 30 ? x : Math.Log(1 + Math.Exp(x)));
        Agrees<PostStep>(kind, x => x > 0 ? 1 : 0);
        Agrees<PostExponential>(kind, x => Math.Exp(Math.Clamp(x, -20, 20)));
    }

    static void Agrees<TMechanism>(DeviceKind kind, Func<double, double> equation)
        where TMechanism : struct, IMechanism
    {
        using var block = new SamplingBlock(kind);
        int rows = SamplingBlock.Rows(kind, 2071);
        var predictor = Enumerable.Range(0, rows).Select(r => (r % 41 - 20) * 0.17f).ToArray();
        var child = block.Empty(1, rows);
        MechanismSampler<TMechanism>.On(block.Device)
            .Sample(Draws, new(NoiseKind.Gaussian, 0.5f), block.Columns(rows, predictor), child);
        var drawn = child.ToArray();
        for (int r = 0; r < rows; r++)
        {
            double expected = equation(predictor[r] + NoiseOf(NoiseKind.Gaussian, 0.5, r, []));
            Assert.True(
                Math.Abs(expected - drawn[r]) <= Tolerance * Math.Max(1, Math.Abs(expected)),
                $"{typeof(TMechanism).Name} row {r}: {expected} expected, {drawn[r]} drawn");
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_noise_agrees_with_its_definition(DeviceKind kind)
    {
        float[] residuals = [-1.5f, 0.25f, 3f, 0f, 7f];
        foreach (var noiseKind in Enum.GetValues<NoiseKind>())
        {
            using var block = new SamplingBlock(kind);
            int rows = SamplingBlock.Rows(kind, 1500);
            var column = block.Empty(1, rows);
            var noise = new Noise(noiseKind, 2, noiseKind == NoiseKind.Empirical ? block.Array(residuals) : null);
            MechanismSampler<Additive>.On(block.Device).Sample(Draws, noise, column, column);
            var drawn = column.ToArray();
            for (int r = 0; r < rows; r++)
            {
                double expected = NoiseOf(noiseKind, 2, r, residuals);
                Assert.True(
                    Math.Abs(expected - drawn[r]) <= Tolerance * Math.Max(1, Math.Abs(expected)),
                    $"{noiseKind} row {r}: {expected} expected, {drawn[r]} drawn");
            }
        }
    }

    [Theory]
    [InlineData(NoiseKind.Gaussian)]
    [InlineData(NoiseKind.Uniform)]
    [InlineData(NoiseKind.Laplace)]
    public void Noise_has_mean_zero_and_the_scale_as_standard_deviation(NoiseKind noiseKind)
    {
        const int Rows = 100_000;
        using var block = new SamplingBlock(DeviceKind.Cpu);
        var column = block.Empty(1, Rows);
        MechanismSampler<Additive>.On(block.Device).Sample(Draws, new(noiseKind, 3), column, column);
        var values = column.ToArray();
        double mean = values.Average(v => (double)v), variance = values.Average(v => (v - mean) * (v - mean));

        // Four standard errors: of the mean σ/√n; of the variance σ² √((kurtosis − 1)/n), with kurtosis at most 6
        // (Laplace).
        Assert.InRange(mean, -4 * 3 / Math.Sqrt(Rows), 4 * 3 / Math.Sqrt(Rows));
        Assert.InRange(variance / 9, 1 - 4 * Math.Sqrt(5.0 / Rows), 1 + 4 * Math.Sqrt(5.0 / Rows));
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Blocks_shards_and_threads_do_not_change_a_bit(DeviceKind kind)
    {
        int rows = SamplingBlock.Rows(kind, 3001);
        var whole = Draw(kind, threads: 2, first: 0, rows);
        Assert.Equal(whole, Draw(kind, threads: 1, first: 0, rows));
        int[] cuts = [0, 1, rows / 3, rows / 2 + 5, rows];
        Assert.Equal(whole, cuts.Zip(cuts.Skip(1)).SelectMany(cut => Draw(kind, 2, cut.First, cut.Second - cut.First)));
    }

    static float[] Draw(DeviceKind kind, int threads, int first, int rows)
    {
        using var block = new SamplingBlock(kind, threads);
        var column = block.Columns(rows, [.. Enumerable.Range(first, rows).Select(r => MathF.Sin(r))]);
        MechanismSampler<PostTanh>.On(block.Device)
            .Sample(new(new Philox(9), 1, (uint)first), new(NoiseKind.Gaussian), column, column);
        return column.ToArray();
    }

    static double NoiseOf(NoiseKind kind, double scale, int row, float[] residuals)
    {
        double p = ((Draws.Word(row) >> 9) + 0.5) / (1 << 23);
        return scale * kind switch
        {
            NoiseKind.Gaussian => NormalQuantile(p),
            NoiseKind.Uniform => Math.Sqrt(12) * (p - 0.5),
            NoiseKind.Laplace => -Math.Sign(p - 0.5) * Math.Log(1 - 2 * Math.Abs(p - 0.5)) / Math.Sqrt(2),
            NoiseKind.Empirical => residuals[(int)(Draws.Word(row) * (ulong)residuals.Length >> 32)],
            _ => 0,
        };
    }

    // Newton's method on the distribution function, itself a Taylor series about 0 (Marsaglia 2004).
    static double NormalQuantile(double p)
    {
        double z = 0;
        for (int step = 0; step < 60; step++)
        {
            double sum = z, term = z, previous = double.NaN;
            for (int i = 3; sum != previous; i += 2)
            {
                previous = sum;
                term *= z * z / i;
                sum += term;
            }

            double density = Math.Exp(-z * z / 2) / Math.Sqrt(2 * Math.PI);
            double change = (0.5 + sum * density - p) / density;
            z -= Math.Clamp(change, -0.5, 0.5);
        }

        return z;
    }
}
