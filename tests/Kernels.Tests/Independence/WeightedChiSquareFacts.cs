using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Kernels.Tests.Independence;

public class WeightedChiSquareFacts(ITestOutputHelper output)
{
    [Fact]
    public void Pairs_of_equal_weights_have_the_tail_of_a_sum_of_exponentials()
    {
        // λ twice is an exponential of mean 2λ; of distinct means the sum's tail is Σⱼ e^(−x / mⱼ) ∏ₖ mⱼ / (mⱼ − mₖ).
        double[] means = [2, 1.2, 0.7, 0.3];
        double[] weights = [.. means.SelectMany(mean => new[] { mean / 2, mean / 2 })];
        foreach (double x in (double[])[0.5, 2, 5, 10, 20, 30])
        {
            double exact = means.Sum(own => Math.Exp(-x / own) * means.Where(other => other != own).Aggregate(1.0, (p, other) => p * own / (own - other)));
            double tail = WeightedChiSquare.UpperTail(weights, x);
            output.WriteLine($"{x}: {tail:e6} for {exact:e6}");
            Assert.Equal(exact, tail, 1e-9);
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(25)]
    public void Equal_weights_have_the_tail_of_chi_square(int count)
    {
        // One or two weights leave a characteristic function too slow to invert: there the fit is exact.
        double[] weights = [.. Enumerable.Repeat(0.3, count)];
        foreach (double x in (double[])[0.01, 0.5, 3, 9, 15])
        {
            Assert.Equal(TailProbability.ChiSquare(x / 0.3, count), WeightedChiSquare.UpperTail(weights, x), 1e-9);
        }
    }

    [Fact]
    public void Unequal_weights_have_the_tail_that_simulation_finds()
    {
        const int Draws = 200_000;
        double[] weights = [.. Enumerable.Range(0, 25).Select(i => Math.Pow(0.75, i))];
        var random = new Random(5);
        double[] levels = [4, 6, 8, 11, 14];
        var beyond = new int[levels.Length];
        for (int draw = 0; draw < Draws; draw++)
        {
            double sum = 0;
            for (int i = 0; i < weights.Length; i += 2)
            {
                // Box and Muller: two squared normals of one radius and angle.
                double radius = -2 * Math.Log(1 - random.NextDouble()), cosine = Math.Cos(2 * Math.PI * random.NextDouble());
                sum += weights[i] * radius * cosine * cosine;
                sum += i + 1 < weights.Length ? weights[i + 1] * radius * (1 - cosine * cosine) : 0;
            }

            for (int i = 0; i < levels.Length; i++)
            {
                beyond[i] += sum > levels[i] ? 1 : 0;
            }
        }

        for (int i = 0; i < levels.Length; i++)
        {
            // Four standard deviations of a count, for five counts.
            double tail = WeightedChiSquare.UpperTail(weights, levels[i]), share = beyond[i] / (double)Draws;
            output.WriteLine($"{levels[i]}: {tail:0.00000}, of {Draws} draws {share:0.00000}");
            Assert.InRange(share, tail - 4 * Math.Sqrt(tail * (1 - tail) / Draws), tail + 4 * Math.Sqrt(tail * (1 - tail) / Draws));
        }
    }

    [Fact]
    public void Without_weights_or_statistic_nothing_is_shown()
    {
        Assert.Equal(1, WeightedChiSquare.UpperTail([0, 0], 3));
        Assert.Equal(1, WeightedChiSquare.UpperTail([1, 0.5], 0));
        Assert.InRange(WeightedChiSquare.UpperTail([1, 0.5, -1e-17], 1e4), 0, 1e-10);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(25)]
    public void Eigenvalues_are_those_the_matrix_was_made_of(int size)
    {
        // Two reflections of a diagonal matrix keep its eigenvalues, equal and zero ones among them.
        double[] values = [.. Enumerable.Range(0, size).Select(i => i % 3 == 2 ? 0 : Math.Pow(0.6, i / 2))];
        var matrix = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            matrix[i * size + i] = values[i];
        }

        var random = new Random(size);
        for (int reflection = 0; reflection < 2; reflection++)
        {
            double[] v = [.. Enumerable.Range(0, size).Select(_ => random.NextDouble() - 0.5)];
            double square = v.Sum(x => x * x);
            var h = new double[size * size];
            for (int i = 0; i < size * size; i++)
            {
                h[i] = (i / size == i % size ? 1 : 0) - 2 * v[i / size] * v[i % size] / square;
            }

            matrix = Multiply(Multiply(h, matrix, size), h, size);
        }

        double[] actual = [.. SymmetricEigenvalues.Of(matrix, size).Order()];
        Array.Sort(values);
        for (int i = 0; i < size; i++)
        {
            Assert.Equal(values[i], actual[i], 1e-13);
        }
    }

    static double[] Multiply(double[] a, double[] b, int size) =>
        [.. Enumerable.Range(0, size * size).Select(at => Enumerable.Range(0, size).Sum(k => a[at / size * size + k] * b[k * size + at % size]))];
}
