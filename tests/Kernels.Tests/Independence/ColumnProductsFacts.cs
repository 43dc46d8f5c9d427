using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Tests.Independence;

public unsafe class ColumnProductsFacts
{
    // Rows and columns that no tile, panel or block divides; 300 rows are two blocks.
    [Theory, InlineData(7, 1, 3), InlineData(61, 13, 9), InlineData(300, 27, 16)]
    public void Products_agree_with_the_definition_whatever_the_width(int rows, int countA, int countB)
    {
        double[] a = Values(rows * countA, 1), b = Values(rows * countB, 2);
        Assert.Equal(Inner(false), Inner(true));
        var actual = Inner(true);
        for (int i = 0; i < countA; i++)
        {
            for (int j = 0; j < countB; j++)
            {
                double expected = a.Skip(i * rows).Take(rows).Zip(b.Skip(j * rows), (x, y) => x * y).Sum();
                Assert.Equal(expected, actual[i + (j * countA)], 1e-16 * rows); // rounding of as many terms below 1
            }
        }

        double[] Inner(bool is512)
        {
            var products = new double[countA * countB];
            fixed (double* pa = a, pb = b, pc = products)
            {
                ColumnProducts.Inner(pa, countA, pb, countB, rows, rows, pc, new ColumnTiles(is512));
            }

            return products;
        }
    }

    [Theory, InlineData(7, 3), InlineData(300, 27)]
    public void Products_of_columns_with_themselves_are_symmetric(int rows, int count)
    {
        double[] a = Values(rows * count, 3), copy = [.. a], own = new double[count * count], both = new double[count * count];
        fixed (double* pa = a, pb = copy, pc = own, pd = both)
        {
            ColumnProducts.Inner(pa, count, pa, count, rows, pc);
            ColumnProducts.Inner(pa, count, pb, count, rows, pd);
        }

        Assert.Equal(both, own);
    }

    // 29 rows are a panel of 16, one of 8 and 5 rows beyond.
    [Theory, InlineData(5, 3, 2), InlineData(29, 6, 11), InlineData(64, 9, 5)]
    public void Combinations_agree_with_the_definition_whatever_the_width(int rows, int targets, int sources)
    {
        double[] target = Values(rows * targets, 4), source = Values(rows * sources, 5), coefficients = Values(sources * targets, 6);
        double[] narrow = Subtract(false), wide = Subtract(true), one = [.. target], oneNarrow = [.. target];
        fixed (double* pt = one, pn = oneNarrow, ps = source, pc = coefficients)
        {
            ColumnProducts.SubtractCombination(pt, ps, sources, pc, rows, rows, is512: true);
            ColumnProducts.SubtractCombination(pn, ps, sources, pc, rows, rows, is512: false);
        }

        Assert.Equal(narrow, wide);
        Assert.Equal(oneNarrow, one);
        for (int j = 0; j < targets; j++)
        {
            for (int row = 0; row < rows; row++)
            {
                double expected = target[(j * rows) + row]
                    - Enumerable.Range(0, sources).Sum(i => coefficients[(j * sources) + i] * source[(i * rows) + row]);
                Assert.Equal(expected, wide[(j * rows) + row], 1e-14);
                if (j == 0)
                {
                    Assert.Equal(expected, one[row], 1e-14);
                }
            }
        }

        double[] Subtract(bool is512)
        {
            double[] left = [.. target];
            fixed (double* pt = left, ps = source, pc = coefficients)
            {
                ColumnProducts.SubtractCombinations(pt, targets, ps, sources, pc, rows, is512);
            }

            return left;
        }
    }

    [Fact]
    public void Residuals_and_moments_have_the_same_bits_whatever_the_width()
    {
        const int Rows = 131, Given = 29, Own = 71;
        using var device = (CpuDevice)ComputeDevice.Open(DeviceKind.Cpu);
        var given = new KernelFactor(Values(Rows * Given, 7), Rows, Given);
        var factor = new KernelFactor(Values(Rows * Own, 8), Rows, Own);

        var narrow = new KernelRegression(given, 0.1, is512: false).Residual(factor, device);
        var wide = new KernelRegression(given, 0.1, is512: true).Residual(factor, device);
        Assert.Equal(narrow.Columns, wide.Columns);

        var moments = new (double, double)[2];
        new KernelMoments.Cpu(device, is512: false).Compute([(given, wide)], moments);
        new KernelMoments.Cpu(device, is512: true).Compute([(given, wide)], moments.AsSpan(1));
        Assert.Equal(moments[0], moments[1]);
    }

    static double[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)];
    }
}
