using System.Numerics;
using CausalMixFT.Engine.TabPfn;

namespace CausalMixFT.Engine.Tests.TabPfn;

/// <summary>Single steps against scikit-learn's and, for the fingerprint and the soft clip, the package's own results.</summary>
public class PreprocessingFacts(ITestOutputHelper output)
{
    static readonly StoredValues Stored = new("preproc");

    const int TrainRows = 60;

    [Fact]
    public void Quantiles_are_those_of_scikit_learn()
    {
        double[][] columns = Stored.Columns("x_nan"), expected = Stored.Columns("quantile_uni_coarse.out");
        double[][] quantiles = Stored.Columns("quantile_uni_coarse.quantiles");
        for (int c = 0; c < columns.Length; c++)
        {
            var transform = new QuantileTransform(columns[c].AsSpan(0, TrainRows));

            // The same operations in the same order.
            Assert.Equal(quantiles[c], transform.LearntQuantiles.ToArray());
            Assert.Equal(expected[c], transform.Apply(columns[c]));
        }
    }

    [Fact]
    public void Singular_vectors_and_projections_are_those_of_scikit_learn()
    {
        double[][] columns = Stored.Columns("x");
        var singular = new SingularFeatures(Array.ConvertAll(columns, column => column[..TrainRows]));
        double[][] projections = singular.Apply(columns), expected = Stored.Columns("svd.out");
        double[][] components = Stored.Columns("svd.components");

        Assert.Equal(components[0].Length, singular.RightVectors.Count);
        for (int i = 0; i < projections.Length; i++)
        {
            // The file's signs are those of scikit-learn before 1.5.
            double sign = Math.Sign(components[0][i] * singular.RightVectors[i][0]);
            double worst = projections[i].Zip(expected[i], (a, b) => Math.Abs(a - sign * b)).Max() / expected[i].Max(Math.Abs);
            output.WriteLine($"projection {i}: {worst:e1}");
            Assert.True(worst < 1e-13, $"projection {i} differs by {worst:e2}"); // worst seen 6e-16
            Assert.True(singular.RightVectors[i].MaxBy(Math.Abs) > 0);
        }
    }

    [Theory, InlineData(200, 6), InlineData(12, 40), InlineData(90, 17)]
    public void Projections_are_orthogonal_and_as_long_as_the_singular_values(int rows, int columns)
    {
        double[][] table = Numbers(rows, columns, seed: 5);

        // Two collinear columns to within 1e-6, as a column and its quantiles may be.
        table[1] = [.. table[0].Zip(table[1], (a, b) => a + 1e-6 * b)];
        var singular = new SingularFeatures(table);
        double[][] projections = singular.Apply(table);

        double[][] scaled = Array.ConvertAll(table, column =>
        {
            double mean = column.Average(), deviation = Math.Sqrt(column.Average(value => (value - mean) * (value - mean)));
            return Array.ConvertAll(column, value => value / deviation);
        });
        double[] values = [.. MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.DenseOfColumnArrays(scaled).Svd(false).S];
        for (int i = 0; i < projections.Length; i++)
        {
            double length = Math.Sqrt(projections[i].Sum(value => value * value));
            Assert.Equal(values[i], length, values[0] * 1e-13);
            for (int j = 0; j < i; j++)
            {
                double product = projections[i].Zip(projections[j], (a, b) => a * b).Sum();
                Assert.True(Math.Abs(product) < 1e-13 * values[i] * values[j], $"{i} and {j}: {product:e2}");
            }
        }
    }

    [Fact]
    public void Fingerprints_are_those_of_the_package()
    {
        double[][] columns = Stored.Columns("fingerprint.in_dup");
        var fingerprint = new RowFingerprint(TrainRows, columns.Length);

        Assert.Equal(Stored["fingerprint.train"], fingerprint.OfTrainingRows(Array.ConvertAll(columns, column => column[..TrainRows])));
        Assert.Equal(Stored["fingerprint.test"], fingerprint.OfOtherRows(Array.ConvertAll(Stored.Columns("x"), column => column[TrainRows..])));
    }

    [Theory, InlineData(0UL), InlineData(1UL), InlineData(ulong.MaxValue), InlineData(0x8000000000000400UL)]
    [InlineData(0x8000000000000C00UL), InlineData(0x8000000000000401UL), InlineData(0x2000000000000100UL), InlineData(0x123456789ABCDEFUL)]
    public void A_share_is_rounded_once(ulong word)
    {
        // The nearest of the doubles around it, in exact arithmetic: |share · (2⁶⁴ − 1) − word| in units of 2⁻¹⁰⁷⁴.
        double share = RowFingerprint.Share(word);
        Assert.All(
            [share == 0 ? 0 : Math.BitDecrement(share), Math.BitIncrement(share)],
            neighbour => Assert.True(Distance(share) <= Distance(neighbour), $"{share:r} is not nearest"));

        BigInteger Distance(double candidate)
        {
            int exponent = Math.Max(1, (int)(BitConverter.DoubleToInt64Bits(candidate) >> 52));
            long mantissa = (BitConverter.DoubleToInt64Bits(candidate) & ((1L << 52) - 1)) + (double.IsNormal(candidate) ? 1L << 52 : 0);
            BigInteger units = new BigInteger(mantissa) << (exponent - 1);
            return BigInteger.Abs(units * ulong.MaxValue - (new BigInteger(word) << 1074));
        }
    }

    [Theory, InlineData(4), InlineData(12)]
    public void The_soft_clip_is_the_one_of_the_package(int deviations)
    {
        var stored = new StoredValues("helpers");
        double[][] columns = stored.Columns("softclip.in"), expected = stored.Columns($"softclip.out_sigma{deviations}");
        int clipped = 0;
        for (int c = 0; c < columns.Length; c++)
        {
            float[] cells = Array.ConvertAll(columns[c], value => (float)value);
            var clip = new OutlierClip(cells.AsSpan(0, 20), deviations);
            for (int row = 0; row < cells.Length; row++)
            {
                // The file is in double precision throughout: a cell and its result are cut once each.
                float result = clip.Apply(cells[row]);
                Assert.Equal(double.IsNaN(expected[c][row]), float.IsNaN(result));
                Assert.False(Math.Abs(expected[c][row] - result) > 3e-7 * Math.Max(1, Math.Abs(expected[c][row])), $"{c}, {row}");
                clipped += result == cells[row] || float.IsNaN(result) ? 0 : 1;
            }
        }

        Assert.True(clipped > 0);
    }

    [Fact]
    public void A_column_of_equal_numbers_but_gaps_has_quantile_zero()
    {
        double[] column = [3, double.NaN, 3, 3];
        Assert.Equal([0, double.NaN, 0, 0], new QuantileTransform(column).Apply(column));
        Assert.Equal([0, 1], new QuantileTransform(column).Apply([2, 4]));
    }

    static double[][] Numbers(int rows, int columns, uint seed)
    {
        var random = new CausalMixFT.Kernels.Rng.Philox(seed);
        return [.. Enumerable.Range(0, columns).Select(c =>
            Enumerable.Range(0, rows).Select(row => 1.0 + random.Normal((uint)row, (uint)c)).ToArray())];
    }
}
