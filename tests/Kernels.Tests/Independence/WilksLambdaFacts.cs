using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class WilksLambdaFacts
{
    // Six variables of 1, 3, 2, 1, 4 and 0 columns.
    static readonly int[] Starts = [0, 1, 4, 6, 7, 11, 11];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Lambda_agrees_with_the_definition(DeviceKind kind)
    {
        int columns = Starts[^1];
        var matrix = CorrelationOf(columns, seed: 11);
        using var device = ComputeDevice.Open(kind);
        using var correlation = device.Allocate<double>(matrix);
        using var starts = device.Allocate<int>(Starts);
        var operation = WilksLambda.On(device);
        int[][] questions = [[0, 1], [1, 4], [4, 1], [0, 3, 2], [1, 2, 0], [2, 4, 1, 3], [1, 0, 4, 2], [4, 3, 1, 2, 0]];
        foreach (int[] question in questions)
        {
            var queries = new QueryBatch(question.Length - 2);
            queries.Add(question[0], question[1], question.AsSpan(2));
            var results = new WilksResult[1];

            operation.Compute(correlation, starts, queries, results);

            // det S(xyz) det S(z) / (det S(xz) det S(yz)): condition number about 1e3, products of up to 11 pivots.
            Assert.Equal(Definition(matrix, columns, question), results[0].Lambda, 1e-11);
            Assert.Equal(Width(question[0]), results[0].RankX);
            Assert.Equal(Width(question[1]), results[0].RankY);
            Assert.Equal(question[2..].Sum(Width), results[0].RankGiven);
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Determined_and_empty_columns_lower_the_rank_and_nothing_becomes_NaN(DeviceKind kind)
    {
        // Column 0 twice: as variable 0, and within variable 1; variable 3 is empty.
        double[] matrix =
        [
            1, 1, 0.2, 0.5,
            1, 1, 0.2, 0.5,
            0.2, 0.2, 1, 0.1,
            0.5, 0.5, 0.1, 1,
        ];
        using var device = ComputeDevice.Open(kind);
        using var correlation = device.Allocate<double>(matrix);
        using var starts = device.Allocate<int>([0, 1, 3, 4, 4]);
        var operation = WilksLambda.On(device);
        var results = new WilksResult[2];
        var given = new QueryBatch(1);
        given.Add(1, 2, [0]);
        given.Add(0, 2, [1]);
        operation.Compute(correlation, starts, given, results);
        Assert.Equal((1, 1, 1), (results[0].RankX, results[0].RankY, results[0].RankGiven));
        Assert.Equal((0, 1, 2), (results[1].RankX, results[1].RankY, results[1].RankGiven));
        Assert.Equal(1, results[1].Lambda);

        var alone = new QueryBatch(0);
        alone.Add(0, 1, []);
        alone.Add(3, 1, []);
        operation.Compute(correlation, starts, alone, results);
        Assert.InRange(results[0].Lambda, 1e-300, 1e-9);
        Assert.Equal(new(1, 0, 2, 0), results[1]);
    }

    static int Width(int variable) => Starts[variable + 1] - Starts[variable];

    static double Definition(double[] matrix, int columns, int[] question)
    {
        int[] x = Columns(question[0]), y = Columns(question[1]), z = [.. question.Skip(2).SelectMany(Columns)];
        return Determinant([.. x, .. y, .. z]) * Determinant(z) / (Determinant([.. x, .. z]) * Determinant([.. y, .. z]));

        double Determinant(int[] indices) => Matrices.Determinant(Matrices.Select(matrix, columns, indices));

        static int[] Columns(int variable) => [.. Enumerable.Range(Starts[variable], Width(variable))];
    }

    static double[] CorrelationOf(int columns, int seed)
    {
        var random = new Random(seed);
        var loadings = new double[columns, columns];
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                loadings[i, j] = random.NextDouble() - 0.5 + (i == j ? 1 : 0);
            }
        }

        return Matrices.CorrelationOfLoadings(loadings);
    }
}
