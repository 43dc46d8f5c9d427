using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class KernelConditionalIndependenceFacts(ITestOutputHelper output)
{
    const int Rows = 41, Variables = 5;

    // Factors leave out 1e-11 of a trace, and those of the moments 1e-8; the definition inverts a matrix of condition 1e4.
    const double StatisticTolerance = 1e-7, MomentTolerance = 1e-6;

    static readonly int[][] Questions = [[0, 1], [2, 3], [0, 1, 2], [1, 4, 0], [3, 4, 1, 2], [0, 2, 1, 3, 4]];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Statistic_and_moments_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        var columns = Columns(Rows);
        foreach (var kernel in Enum.GetValues<KernelKind>())
        {
            using var test = Open(columns, Rows, new() { Kernel = kernel }, device);
            double worst = 0, worstMoment = 0;
            foreach (int[] question in Questions)
            {
                var actual = Ask(test, question);
                var (statistic, mean, variance) = Definition(columns, kernel, question);
                worst = Math.Max(worst, Math.Abs(actual.Statistic / statistic - 1));
                worstMoment = Math.Max(worstMoment, Math.Max(Math.Abs(actual.Mean / mean - 1), Math.Abs(actual.Variance / variance - 1)));
            }

            output.WriteLine($"{kernel} on {kind}: largest relative error {worst:e1} of the statistic, {worstMoment:e1} of the moments");
            Assert.InRange(worst, 0, StatisticTolerance);
            Assert.InRange(worstMoment, 0, MomentTolerance);
        }
    }

    [Fact]
    public void Exchanging_arguments_threads_and_batches_changes_no_bit()
    {
        const int Many = 150;
        var columns = Columns(Many);
        var batch = new QueryBatch(2);
        var exchanged = new QueryBatch(2);
        for (int x = 0; x < Variables; x++)
        {
            for (int y = 0; y < x; y++)
            {
                int[] others = [.. Enumerable.Range(0, Variables).Where(v => v != x && v != y)];
                batch.Add(x, y, [others[0], others[1]]);
                exchanged.Add(y, x, [others[1], others[0]]);
            }
        }

        var one = Run(1, batch);
        Assert.Equal(one, Run(2, batch));
        Assert.Equal(one, Run(2, exchanged));
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = Open(columns, Many, new(), device);
        Assert.Equal(one, Enumerable.Range(0, batch.Count).Select(query => Ask(test, batch[query].ToArray())).ToArray());

        KernelResult[] Run(int threads, QueryBatch queries)
        {
            using var own = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var ownTest = Open(columns, Many, new(), own);
            var results = new KernelResult[queries.Count];
            ownTest.Compute(queries, results);
            return results;
        }
    }

    [Fact]
    public void A_constant_column_leaves_nothing_and_a_repeated_one_almost_nothing()
    {
        var columns = Columns(Rows);
        columns[1] = Enumerable.Repeat(0.1, Rows).ToArray();
        columns[3] = columns[2];
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var test = Open(columns, Rows, new(), device);

        Assert.Equal(0, Ask(test, [0, 1]).ShareY);
        Assert.Equal(0, Ask(test, [1, 2, 0]).ShareX);
        Assert.InRange(Ask(test, [0, 3, 2]).ShareY, 0, 1e-4);
        Assert.InRange(Ask(test, [2, 3]).PValue, 0, 1e-6);
        Assert.InRange(Ask(test, [0, 2, 1]).PValue, 0, 1);
    }

    [Fact]
    public void Outliers_are_compared_alike_wherever_they_stand_in_memory()
    {
        const int Count = 103;
        var random = new Random(12);
        double[] points = [.. Enumerable.Range(0, Count).Select(_ => 40 * Math.Pow(random.NextDouble(), 4))];
        for (int offset = 0; offset < 8; offset++)
        {
            double[] from = new double[Count + 8], scratch = new double[Count + 8], to = new double[Count + 8];
            points.CopyTo(from, offset);
            new KernelFunction(KernelKind.Gaussian, 4).Column(
                from.AsSpan(offset, Count), Count, 0, scratch.AsSpan(7 - offset, Count), to.AsSpan(3 * offset % 8, Count));
            for (int row = 0; row < Count; row++)
            {
                // The square's rounding is 1e-16 of an exponent of at most 708; below that a double has no normal number.
                double difference = points[row] - points[0], exact = Math.Exp(-2 * difference * difference);
                Assert.InRange(to[(3 * offset % 8) + row], exact * (1 - 2e-13) - 1e-307, exact * (1 + 2e-13));
                Assert.Equal(First(row), to[(3 * offset % 8) + row]);
            }
        }

        double First(int row)
        {
            var column = new double[Count];
            new KernelFunction(KernelKind.Gaussian, 4).Column(points, Count, 0, new double[Count], column);
            return column[row];
        }
    }

    [Fact]
    public void More_rows_than_it_can_take_are_refused()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new KernelConditionalIndependence([new double[5001]], 5001, [0, 1], new(), device));
    }

    static KernelConditionalIndependence Open(double[][] columns, int rows, KernelOptions options, ComputeDevice device) =>
        new([.. columns.Select(column => (ReadOnlyMemory<double>)column)], rows, [.. Enumerable.Range(0, columns.Length + 1)], options, device);

    static KernelResult Ask(KernelConditionalIndependence test, int[] question)
    {
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        var result = new KernelResult[1];
        test.Compute(query, result);
        return result[0];
    }

    static double[][] Columns(int rows)
    {
        var random = new Random(11);
        var columns = Enumerable.Range(0, Variables).Select(_ => new double[rows]).ToArray();
        for (int row = 0; row < rows; row++)
        {
            double a = random.NextDouble() * 2 - 1;
            columns[0][row] = a;
            columns[1][row] = Math.Sin(3 * a) + random.NextDouble();
            columns[2][row] = a * a + random.NextDouble();
            columns[3][row] = Math.Round(4 * random.NextDouble()); // ties
            columns[4][row] = columns[1][row] * columns[3][row] + random.NextDouble();
        }

        return columns;
    }

    // Zhang et al. (2011) word for word: centred matrices, the inverse, eigenvectors, and all products of two of them.
    static (double Statistic, double Mean, double Variance) Definition(double[][] columns, KernelKind kernel, int[] question)
    {
        double[][] standard = [.. columns.Select(Standardise)];
        int[] given = question[2..];
        double[][] x = [standard[Math.Min(question[0], question[1])]], y = [standard[Math.Max(question[0], question[1])]];
        if (given.Length == 0)
        {
            double[,] a = Centre(Gram(x, kernel, 0.8)), b = Centre(Gram(y, kernel, 0.8));
            return (Trace(Product(a, b)), Trace(a) * Trace(b) / Rows,
                2 * Trace(Product(a, a)) * Trace(Product(b, b)) / (Rows * Rows));
        }

        double width = 1.2 * Math.Sqrt(given.Length);
        double[][] z = [.. given.Select(v => standard[v])];
        double[][] joined = [x[0], .. z.Select(column => column.Select(value => value / 2).ToArray())];
        var regularised = Centre(Gram(z, kernel, width));
        for (int i = 0; i < Rows; i++)
        {
            regularised[i, i] += 1e-3;
        }

        var residual = Matrices.Inverse(regularised);
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Rows; j++)
            {
                residual[i, j] *= 1e-3;
            }
        }

        var kx = Product(Product(residual, Centre(Gram(joined, kernel, width))), residual);
        var ky = Product(Product(residual, Centre(Gram(y, kernel, width))), residual);
        double[][] u = Scaled(kx), v2 = Scaled(ky);
        var uu = new double[Rows, Rows];
        foreach (double[] left in u)
        {
            foreach (double[] right in v2)
            {
                for (int i = 0; i < Rows; i++)
                {
                    for (int j = 0; j < Rows; j++)
                    {
                        uu[i, j] += left[i] * right[i] * left[j] * right[j];
                    }
                }
            }
        }

        return (Trace(Product(kx, ky)), Trace(uu), 2 * Trace(Product(uu, uu)));
    }

    static double[] Standardise(double[] column)
    {
        double mean = column.Average(), deviation = Math.Sqrt(column.Sum(v => (v - mean) * (v - mean)) / (column.Length - 1));
        return [.. column.Select(value => (value - mean) / deviation)];
    }

    static double[,] Gram(double[][] columns, KernelKind kernel, double width)
    {
        var gram = new double[Rows, Rows];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Rows; j++)
            {
                double square = columns.Sum(c => (c[i] - c[j]) * (c[i] - c[j])), dot = columns.Sum(c => c[i] * c[j]);
                gram[i, j] = kernel switch
                {
                    KernelKind.Gaussian => Math.Exp(-square / (2 * width * width)),
                    KernelKind.Linear => dot,
                    _ => (1 + dot) * (1 + dot),
                };
            }
        }

        return gram;
    }

    static double[,] Centre(double[,] matrix)
    {
        var h = new double[Rows, Rows];
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Rows; j++)
            {
                h[i, j] = (i == j ? 1 : 0) - 1.0 / Rows;
            }
        }

        return Product(Product(h, matrix), h);
    }

    static double[,] Product(double[,] a, double[,] b)
    {
        var c = new double[Rows, Rows];
        for (int i = 0; i < Rows; i++)
        {
            for (int k = 0; k < Rows; k++)
            {
                for (int j = 0; j < Rows; j++)
                {
                    c[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return c;
    }

    static double Trace(double[,] a) => Enumerable.Range(0, Rows).Sum(i => a[i, i]);

    // Eigenvectors times the roots of their eigenvalues, by Jacobi's rotations.
    static double[][] Scaled(double[,] matrix)
    {
        var a = (double[,])matrix.Clone();
        var vectors = new double[Rows, Rows];
        for (int i = 0; i < Rows; i++)
        {
            vectors[i, i] = 1;
        }

        for (int sweep = 0; sweep < 12; sweep++)
        {
            for (int p = 0; p < Rows; p++)
            {
                for (int q = p + 1; q < Rows; q++)
                {
                    double angle = 0.5 * Math.Atan2(2 * a[p, q], a[q, q] - a[p, p]), c = Math.Cos(angle), s = Math.Sin(angle);
                    for (int k = 0; k < Rows; k++)
                    {
                        (a[k, p], a[k, q]) = (c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]);
                    }

                    for (int k = 0; k < Rows; k++)
                    {
                        (a[p, k], a[q, k]) = (c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]);
                        (vectors[k, p], vectors[k, q]) = (c * vectors[k, p] - s * vectors[k, q], s * vectors[k, p] + c * vectors[k, q]);
                    }
                }
            }
        }

        return [.. Enumerable.Range(0, Rows).Where(i => a[i, i] > 1e-13).Select(i =>
            Enumerable.Range(0, Rows).Select(row => vectors[row, i] * Math.Sqrt(a[i, i])).ToArray())];
    }
}
