using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class FeatureEmbeddingFacts
{
    const int Tables = 2, Rows = 7, Features = 3, Columns = Features + 1, Width = 11;

    // Offsets of a thousand: a float's mean would lose what distinguishes the rows.
    static readonly double[] Cells = [.. Values.Draw(1, Tables * Rows * Features).Select((v, i) => (double)(float)(v + 1000 * (i % Features)))];
    static readonly double[] Labels = [.. Enumerable.Range(0, Tables * Rows).Select(i => (double)(i * 5 % 3))];

    [Theory, ClassData(typeof(EveryDevice))]
    public void Context_and_query_values_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Tensor cells = Cells.On(workspace, Tables * Rows, Features), labels = Labels.On(workspace, Tables * Rows, 1);
        Tensor statistics = workspace.Take(Tables * Columns, 2);
        Tensor known = workspace.Take(Tables * Rows * Columns, 1), asked = workspace.Take(Tables * Rows * Columns, 1);
        var embedding = FeatureEmbedding.On(device);
        embedding.Statistics(Tables, cells, labels, statistics);
        embedding.Standardize(Tables, cells, labels, statistics, zeroConstants: true, known);
        embedding.Standardize(Tables, cells, null, statistics, zeroConstants: true, asked);

        double[] expected = new double[Tables * Rows * Columns], expectedAsked = new double[expected.Length];
        for (int row = 0; row < Tables * Rows; row++)
        {
            int table = row / Rows;
            for (int column = 0; column < Features; column++)
            {
                var x = Enumerable.Range(table * Rows, Rows).Select(r => Cells[r * Features + column]).ToArray();
                double deviation = Math.Sqrt(x.Sum(v => (v - x.Average()) * (v - x.Average())) / (Rows - 1));
                expected[row * Columns + column] = expectedAsked[row * Columns + column] =
                    (Cells[row * Features + column] - x.Average()) / deviation;
            }

            expected[row * Columns + Features] = Labels[row];
            expectedAsked[row * Columns + Features] = Labels.Skip(table * Rows).Take(Rows).Average();
        }

        // The mean is rounded to a float: 6e-8 of 2000, over deviations near 0.5.
        Assert.InRange(Values.LargestDifference(expected, known), 0, 5e-4);
        Assert.InRange(Values.LargestDifference(expectedAsked, asked), 0, 5e-4);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Constant_missing_and_far_cells_have_the_values_they_should(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        const double NaN = double.NaN, Infinity = double.PositiveInfinity;

        // Columns: constant; with a missing cell; all missing.
        double[] context = [2, 1, NaN, 2, NaN, NaN, 2, 3, NaN], query = [2, NaN, 5, 3, 1e9, Infinity, 1, -1e9, 0];
        Tensor cells = context.On(workspace, 3, 3), labels = new double[] { 0, 1, 1 }.On(workspace, 3, 1), statistics = workspace.Take(4, 2);
        var embedding = FeatureEmbedding.On(device);
        embedding.Statistics(1, cells, labels, statistics);

        float[] Of(double[] rows, bool zeroConstants)
        {
            var values = workspace.Take(12, 1);
            embedding.Standardize(1, rows.On(workspace, 3, 3), null, statistics, zeroConstants, values);
            return values.ToArray();
        }

        const float Mean = 2f / 3;
        float[] contextValues = Of(context, true), queryValues = Of(query, true), nanoValues = Of(query, false);
        float root = MathF.Sqrt(0.5f); // deviation √2 around 2
        Assert.Equal([0, -root, 0, Mean, 0, 0, 0, Mean, 0, root, 0, Mean], contextValues, Close);
        Assert.Equal([0, 0, 0, Mean, 0, 100, 0, Mean, 0, -100, 0, Mean], queryValues, Close);
        Assert.Equal([0, 0, 100, Mean, 100, 100, 0, Mean, -100, -100, 0, Mean], nanoValues, Close);
    }

    static bool Close(float a, float b) => Math.Abs(a - b) < 1e-6;

    [Theory, ClassData(typeof(EveryDevice))]
    public void Tokens_and_gradients_agree_with_the_definition(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        const int Tokens = Rows * Columns;
        double[] values = Values.Draw(1, Tokens), gradient = Values.Draw(2, Tokens * Width);
        double[][] parameters = [.. Enumerable.Range(3, 4).Select(seed => Values.Draw(seed, Width))];
        var tensors = parameters.Select(p => p.On(workspace, 1, Width)).ToArray();
        var gradients = parameters.Select(p => p.On(workspace, 1, Width)).ToArray(); // they accumulate
        Tensor vs = values.On(workspace, Tokens, 1), tokens = workspace.Take(Tokens, Width);
        var embedding = FeatureEmbedding.On(device);
        embedding.Forward(Columns, vs, tensors[0], tensors[1], tensors[2], tensors[3], tokens);
        embedding.Backward(Columns, gradient.On(workspace, Tokens, Width), vs, gradients[0], gradients[1], gradients[2], gradients[3]);

        var expected = new double[Tokens * Width];
        var sums = parameters.Select(p => (double[])p.Clone()).ToArray();
        for (int i = 0; i < expected.Length; i++)
        {
            int token = i / Width, at = token % Columns == Columns - 1 ? 2 : 0;
            expected[i] = values[token] * parameters[at][i % Width] + parameters[at + 1][i % Width];
            sums[at][i % Width] += values[token] * gradient[i];
            sums[at + 1][i % Width] += gradient[i];
        }

        Assert.InRange(Values.LargestDifference(expected, tokens), 0, 1e-6);
        for (int p = 0; p < 4; p++)
        {
            Assert.InRange(Values.LargestDifference(sums[p], gradients[p]), 0, 1e-5);
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Label_tokens_are_the_last_of_each_row_and_their_gradients_are_added(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        double[] all = Values.Draw(1, Rows * Columns * Width), d = Values.Draw(2, Rows * Width);
        Tensor tokens = all.On(workspace, Rows * Columns, Width), labels = workspace.Take(Rows, Width);
        var operation = LabelTokens.On(device);
        operation.Forward(tokens, labels);
        operation.Backward(d.On(workspace, Rows, Width), tokens);

        for (int i = 0; i < Rows * Width; i++)
        {
            int at = (i / Width * Columns + Columns - 1) * Width + i % Width;
            Assert.Equal((float)all[at], labels.ToArray()[i]);
            all[at] += d[i];
        }

        Assert.InRange(Values.LargestDifference(all, tokens), 0, 1e-6);
    }
}
