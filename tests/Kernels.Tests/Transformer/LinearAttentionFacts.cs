using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class LinearAttentionFacts
{
    // Sums of at most 300 terms, and a division: worst seen 3e-6 of the largest.
    const double Tolerance = 1e-5;

    static readonly (AttentionShape Shape, int HeadWidth)[] Shapes =
    [
        (new(3, 1, 1, 1, 1), 5), (new(3, 1, 7, 7, 2), 16), (new(5, 1, 1, 6, 4), 8), (new(2, 3, 5, 9, 2), 24),
        (new(1, 2, 13, 11, 3), 7), (new(2, 3, 5, 7, 3, FirstKeyHead: true), 8), (new(1, 2, 9, 4, 2, FirstKeyHead: true), 5),
    ];

    // Only for the CPU, whose blocks these fill and overflow.
    static readonly (AttentionShape Shape, int HeadWidth)[] Large =
    [
        (new(1, 2, 203, 301, 1), 16), (new(1, 3, 97, 131, 2), 32), (new(1, 1, 193, 250, 1), 64), (new(2, 1, 96, 192, 2), 24),
        (new(1, 2, 101, 97, 3, FirstKeyHead: true), 11),
    ];

    public static IEnumerable<TheoryDataRow<DeviceKind, AttentionShape, int>> Cases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from item in kind == DeviceKind.Emulated ? Shapes : [.. Shapes, .. Large]
        select new TheoryDataRow<DeviceKind, AttentionShape, int>(kind, item.Shape, item.HeadWidth);

    [Theory, MemberData(nameof(Cases))]
    public void Forward_and_backward_agree_with_the_definition(DeviceKind kind, AttentionShape shape, int headWidth)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        int width = shape.Heads * headWidth, queries = shape.QueryTokens, keys = shape.KeyTokens;
        double[] q = Values.Draw(1, queries * width), kv = Values.Draw(2, keys * 2 * width), dAttended = Values.Draw(3, queries * width);
        double[] before = Values.Draw(4, keys * 2 * width);
        Tensor qs = q.On(workspace, queries, width), kvs = kv.On(workspace, keys, 2 * width), dos = dAttended.On(workspace, queries, width);
        Tensor o = workspace.Take(queries, width), dq = workspace.Take(queries, width);

        // Written over what was there, also where no query looks.
        Tensor dkv = before.On(workspace, keys, 2 * width), dAdded = before.On(workspace, keys, 2 * width);

        var attention = LinearAttention.On(device);
        attention.Forward(shape, qs, kvs, o);
        attention.Backward(shape, dos, qs, kvs, o, dq, dkv);
        attention.Backward(shape, dos, qs, kvs, o, workspace.Take(queries, width), dAdded, accumulate: true);

        // A lone query of few elements may have a small D, and gradients of its size's inverse: hold them to their own size.
        var expected = Definition(shape, headWidth, q, kv, dAttended);
        Assert.InRange(Values.LargestDifference(expected.O, o), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(expected.Dq, dq), 0, Tolerance * Largest(expected.Dq));
        Assert.InRange(Values.LargestDifference(expected.Dkv, dkv), 0, Tolerance * Largest(expected.Dkv));
        Assert.InRange(Values.LargestDifference(expected.Dkv.Plus(before), dAdded), 0, Tolerance * Largest(expected.Dkv));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_definitions_gradients_are_those_of_central_differences(bool firstKeyHead)
    {
        var shape = new AttentionShape(1, 2, 3, 4, 2, firstKeyHead);
        double[] q = Values.Draw(1, shape.QueryTokens * 6), kv = Values.Draw(2, shape.KeyTokens * 12), dAttended = Values.Draw(3, q.Length);

        // The kink of φ at 0 is further from every number drawn than the step of the differences.
        Assert.True(q.Concat(kv).Min(Math.Abs) > 1e-4);
        var exact = Definition(shape, 3, q, kv, dAttended);
        double[] dq = Values.Gradient(x => Values.Dot(Definition(shape, 3, x, kv, dAttended).O, dAttended), q);
        double[] dkv = Values.Gradient(x => Values.Dot(Definition(shape, 3, q, x, dAttended).O, dAttended), kv);
        Assert.InRange(dq.Zip(exact.Dq, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-7 * Largest(exact.Dq));
        Assert.InRange(dkv.Zip(exact.Dkv, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-7 * Largest(exact.Dkv));
    }

    [Fact]
    public void One_thread_and_several_give_the_same_bits()
    {
        var shape = new AttentionShape(2, 3, 150, 131, 2);
        float[][] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            using var workspace = new Workspace(device);
            int width = 2 * 16;
            Tensor q = Values.Draw(1, shape.QueryTokens * width).On(workspace, shape.QueryTokens, width);
            Tensor kv = Values.Draw(2, shape.KeyTokens * 2 * width).On(workspace, shape.KeyTokens, 2 * width);
            Tensor dAttended = Values.Draw(3, shape.QueryTokens * width).On(workspace, shape.QueryTokens, width);
            Tensor o = workspace.Take(shape.QueryTokens, width), dq = workspace.Take(shape.QueryTokens, width);
            var dkv = workspace.Take(shape.KeyTokens, 2 * width);
            var attention = LinearAttention.On(device);
            attention.Forward(shape, q, kv, o);
            attention.Backward(shape, dAttended, q, kv, o, dq, dkv);
            return [o.ToArray(), dq.ToArray(), dkv.ToArray()];
        }

        Assert.Equal(Run(1), Run(3));
    }

    static double Largest(double[] values) => Math.Max(1, values.Max(Math.Abs));

    // φ(q) φ(k)ᵀ as a whole matrix of weights, and the gradients of their ratio: none of the sums that make it linear.
    static (double[] O, double[] Dq, double[] Dkv) Definition(
        AttentionShape shape, int headWidth, double[] q, double[] kv, double[] dAttended)
    {
        int width = shape.Heads * headWidth;
        double[] o = new double[q.Length], dq = new double[q.Length], dkv = new double[kv.Length];
        double root = Math.Sqrt(headWidth);
        double Phi(double z) => Math.Max(0, z / root) + 1e-6;
        double Slope(double z) => z > 0 ? 1 / root : 0;
        foreach (int problem in Enumerable.Range(0, shape.Outer * shape.Inner))
        {
            int outer = problem / shape.Inner, inner = problem % shape.Inner;
            foreach (int query in Enumerable.Range(0, shape.Queries * shape.Heads))
            {
                int head = query % shape.Heads, keyHead = shape.FirstKeyHead ? 0 : head;
                int at = ((outer * shape.Queries + query / shape.Heads) * shape.Inner + inner) * width + head * headWidth;
                int KeyAt(int j) => ((outer * shape.Keys + j) * shape.Inner + inner) * 2 * width + keyHead * headWidth;
                double Sum(Func<int, double> term) => Enumerable.Range(0, headWidth).Sum(term);
                var weights = Enumerable.Range(0, shape.Keys).Select(j => Sum(i => Phi(q[at + i]) * Phi(kv[KeyAt(j) + i]))).ToArray();
                double total = weights.Sum() + 1e-8;
                var dp = Enumerable.Range(0, shape.Keys).Select(j => Sum(i => dAttended[at + i] * kv[KeyAt(j) + width + i])).ToArray();
                double mean = Values.Dot(weights, dp) / total;
                for (int j = 0; j < shape.Keys; j++)
                {
                    double share = weights[j] / total, dWeight = (dp[j] - mean) / total;
                    for (int i = 0; i < headWidth; i++)
                    {
                        double key = kv[KeyAt(j) + i];
                        o[at + i] += share * kv[KeyAt(j) + width + i];
                        dq[at + i] += dWeight * Phi(key) * Slope(q[at + i]);
                        dkv[KeyAt(j) + i] += dWeight * Phi(q[at + i]) * Slope(key);
                        dkv[KeyAt(j) + width + i] += share * dAttended[at + i];
                    }
                }
            }
        }

        return (o, dq, dkv);
    }
}
