using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class NewtonSchulzFacts(ITestOutputHelper output)
{
    public static IEnumerable<TheoryDataRow<DeviceKind, int, int, int>> TinyCases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from shape in ((int Rows, int Width, int Iterations)[])[(6, 6, 5), (3, 10, 5), (9, 4, 5), (5, 6, 4), (1, 7, 5), (7, 1, 5)]
        select new TheoryDataRow<DeviceKind, int, int, int>(kind, shape.Rows, shape.Width, shape.Iterations);

    [Theory, MemberData(nameof(TinyCases))]
    public void Singular_vectors_stay_and_values_follow_the_polynomial(DeviceKind kind, int rows, int width, int iterations)
    {
        // U diag(s) Vᵀ with known factors: no decomposition is needed to know what comes out.
        int side = Math.Min(rows, width);
        double[] s = [.. Enumerable.Range(0, side).Select(i => 3 * Math.Pow(0.5, i))];
        double[][] u = Orthonormal(1, side, rows), v = Orthonormal(2, side, width);
        double norm = Math.Sqrt(Values.Dot(s, s));
        double[] expected = Assemble(u, [.. s.Select(value => Polynomial(value / norm, iterations))], v);

        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var matrix = Assemble(u, s, v).On(workspace, rows, width);
        NewtonSchulz.On(device).Orthogonalize(matrix, iterations, workspace);

        // Rounding of the matrix, 1e-7, grows as its singular values do, by up to 3.4445 to the fifth, 485: worst seen 5e-7.
        double error = Values.LargestDifference(expected, matrix);
        output.WriteLine($"{kind} {rows} x {width}: {error:e1}");
        Assert.InRange(error, 0, 5e-6);
    }

    [Theory]
    [InlineData(24, 24), InlineData(64, 64), InlineData(128, 128), InlineData(128, 256), InlineData(256, 128)]
    [InlineData(192, 768), InlineData(768, 192), InlineData(50, 51), InlineData(7, 300), InlineData(300, 7)]
    public void Singular_values_of_random_matrices_come_near_one(int rows, int width)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        var matrix = Values.Draw(rows + width, rows * width).On(workspace, rows, width);
        double[] before = SingularValues(matrix);
        double norm = Math.Sqrt(Values.Dot(before, before));
        NewtonSchulz.On(device).Orthogonalize(matrix, 5, workspace);
        double[] after = SingularValues(matrix), expected = [.. before.Select(s => Polynomial(s / norm, 5)).Order()];
        double error = expected.Zip(after, (a, b) => Math.Abs(a - b)).Max();
        output.WriteLine($"{rows} x {width}: {before[0] / norm:e1} of the norm -> {after[0]:f3} to {after[^1]:f3}, off {error:e1}");

        // Worst seen 2.4e-6, in the square of 128.
        Assert.InRange(error, 0, 2e-5);

        // Five times bring what is above 0.0015 of the norm between 0.68 and 1.21. Square matrices have a few singular
        // values below that: as many may stay below 0.68, but none may pass 1.21.
        Assert.InRange(after[^1], 0.68, 1.21);
        Assert.Equal(before.Count(s => s < 0.0015 * norm), after.Count(s => s < 0.68));
        Assert.True(rows == width || after[0] > 0.68);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_matrix_of_zeros_stays_so(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var matrix = new double[6].On(workspace, 2, 3);
        NewtonSchulz.On(device).Orthogonalize(matrix, 5, workspace);
        Assert.All(matrix.ToArray(), value => Assert.Equal(0, value));
    }

    internal static double Polynomial(double s, int iterations)
    {
        for (int i = 0; i < iterations; i++)
        {
            s = 3.4445 * s - 4.7750 * Math.Pow(s, 3) + 2.0315 * Math.Pow(s, 5);
        }

        return s;
    }

    // Ascending: the roots of the eigenvalues of the smaller Gram matrix, in double.
    static double[] SingularValues(Tensor matrix)
    {
        float[] x = matrix.ToArray();
        int rows = matrix.Rows, width = matrix.Width, side = Math.Min(rows, width);
        var gram = new double[side * side];
        for (int i = 0; i < side; i++)
        {
            for (int j = 0; j < side; j++)
            {
                for (int k = 0; k < Math.Max(rows, width); k++)
                {
                    gram[i * side + j] += rows <= width
                        ? (double)x[i * width + k] * x[j * width + k]
                        : (double)x[k * width + i] * x[k * width + j];
                }
            }
        }

        return [.. SymmetricEigenvalues.Of(gram, side).Select(value => Math.Sqrt(Math.Max(0, value))).Order()];
    }

    // Gram and Schmidt, twice over.
    static double[][] Orthonormal(int seed, int count, int length)
    {
        var vectors = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] vector = Values.Draw(100 * seed + i, length);
            for (int pass = 0; pass < 2; pass++)
            {
                foreach (double[] other in vectors[..i])
                {
                    double along = Values.Dot(vector, other);
                    vector = [.. vector.Zip(other, (a, b) => a - along * b)];
                }
            }

            double norm = Math.Sqrt(Values.Dot(vector, vector));
            vectors[i] = [.. vector.Select(value => value / norm)];
        }

        return vectors;
    }

    static double[] Assemble(double[][] u, double[] s, double[][] v)
    {
        var matrix = new double[u[0].Length * v[0].Length];
        for (int r = 0; r < u[0].Length; r++)
        {
            for (int c = 0; c < v[0].Length; c++)
            {
                matrix[r * v[0].Length + c] = Enumerable.Range(0, s.Length).Sum(i => s[i] * u[i][r] * v[i][c]);
            }
        }

        return matrix;
    }
}
