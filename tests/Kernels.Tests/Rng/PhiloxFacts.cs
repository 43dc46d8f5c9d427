using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Tests.Rng;

public class PhiloxFacts
{
    // Random123's kat_vectors, philox4x32 10.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Blocks_are_the_published_known_answers(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint a, uint b, uint c, uint d) =>
        Assert.Equal((a, b, c, d), new Philox(k0, k1).Block(c0, c1, c2, c3));

    [Fact]
    public void Uniforms_fill_the_unit_interval_evenly()
    {
        var random = new Philox(7);
        var counts = new int[16];
        for (uint i = 0; i < 64_000; i++)
        {
            float u = random.Uniform(i, stream: 3, slot: i % 5);
            Assert.InRange(u, 0, 0.99999994f);
            counts[(int)(u * 16)]++;
        }

        // χ² with 15 degrees of freedom: 37.7 is exceeded once in a thousand seeds.
        Assert.True(counts.Sum(n => Math.Pow(n - 4000, 2) / 4000) < 37.7);
    }

    [Fact]
    public void Normals_have_the_normal_distribution()
    {
        var random = new Philox(11);
        var draws = Enumerable.Range(0, 40_000).Select(i => (double)random.Normal((uint)i, stream: 1)).ToArray();

        // Standard errors of the mean, the variance and the fourth moment at n = 40,000: 0.005, 0.007, 0.049; four of each.
        Assert.InRange(draws.Average(), -0.02, 0.02);
        Assert.InRange(draws.Average(z => z * z), 0.97, 1.03);
        Assert.InRange(draws.Average(z => z * z * z * z), 2.8, 3.2);
    }

    [Fact]
    public void Branches_and_streams_are_unrelated()
    {
        var random = new Philox(5);
        Philox left = random.Branch(0), right = random.Branch(1);
        double[] a = [.. Enumerable.Range(0, 10_000).Select(i => (double)left.Normal((uint)i, 0))];
        double[] b = [.. Enumerable.Range(0, 10_000).Select(i => (double)right.Normal((uint)i, 0))];
        double[] c = [.. Enumerable.Range(0, 10_000).Select(i => (double)left.Normal((uint)i, 1))];

        // A correlation of independent draws has standard error 0.01.
        Assert.InRange(a.Zip(b, (x, y) => x * y).Average(), -0.04, 0.04);
        Assert.InRange(a.Zip(c, (x, y) => x * y).Average(), -0.04, 0.04);
    }

    // Φ⁻¹ to ten digits, from tables.
    [Theory]
    [InlineData(0.5f, 0)]
    [InlineData(0.975f, 1.9599639845)]
    [InlineData(0.25f, -0.6744897502)]
    [InlineData(0.001f, -3.0902323062)]
    [InlineData(0.0001f, -3.7190164855)]
    public void Quantiles_are_those_of_the_normal(float p, double z) =>
        // The float p itself moves z by up to half an ulp of p / φ(z): 1e-5 at p = 1e-4 relative to z.
        Assert.Equal(z, Normal.Quantile(p), 2e-5);

    [Fact]
    public void Whole_numbers_are_even_and_in_range()
    {
        var counts = new int[7];
        for (uint i = 0; i < 70_000; i++)
        {
            counts[new Philox(3).Below(7, i, stream: 9)]++;
        }

        Assert.True(counts.Sum(n => Math.Pow(n - 10_000, 2) / 10_000) < 22.5); // χ², 6 degrees of freedom, one in a thousand
    }

    [Theory]
    [InlineData(0u)]
    [InlineData((1u << 23) - 1)]
    public void The_ends_of_the_normal_are_finite_and_symmetric(uint cell)
    {
        // What Normal makes of the first and the last of its 2²³ cells: z(2⁻²⁴) = −5.29.
        float z = Normal.Quantile((cell + 0.5f) * (1f / (1 << 23)));
        Assert.Equal(5.29, Math.Abs(z), 0.01);
    }
}
