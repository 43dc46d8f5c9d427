using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class AttentionFacts
{
    // Scores of a few units, softmax and sums of at most 300 terms: worst seen 2e-6.
    const double Tolerance = 1e-5;

    // Heads of 24 and 48 (a tile of their own), 16 and 32, 8, and 5 (padded); one query, more keys than a tile, and both
    // directions: over columns (Inner 1) and over rows.
    static readonly (AttentionShape Shape, int HeadWidth)[] Shapes =
    [
        (new(3, 1, 1, 1, 1), 5), (new(3, 1, 7, 7, 2), 24), (new(5, 1, 1, 6, 4), 24), (new(2, 1, 11, 11, 2), 16),
        (new(2, 1, 9, 10, 1), 8), (new(2, 3, 5, 7, 2), 24), (new(1, 2, 13, 9, 3), 5), (new(2, 1, 2, 3, 1), 48),
        (new(2, 3, 5, 7, 3, FirstKeyHead: true), 8), (new(1, 2, 9, 4, 2, FirstKeyHead: true), 5),
        (new(3, 1, 6, 6, 4, FirstKeyHead: true), 16),
    ];

    // These fill and overflow the tiles of a GPU: several of keys, of queries, and both; heads wide and not.
    static readonly (AttentionShape Shape, int HeadWidth)[] Tiled =
    [
        (new(2, 1, 33, 33, 1), 32), (new(1, 2, 60, 37, 2), 24), (new(1, 1, 70, 67, 1), 64), (new(1, 2, 20, 65, 2, FirstKeyHead: true), 33),
    ];

    // Only for the CPU, whose tiles these fill and overflow.
    static readonly (AttentionShape Shape, int HeadWidth)[] Large =
    [
        (new(1, 2, 53, 301, 1), 24), (new(1, 3, 101, 131, 2), 16), (new(1, 2, 25, 258, 1), 7),
        (new(1, 1, 250, 97, 1), 64), (new(1, 4, 131, 193, 3, FirstKeyHead: true), 32), (new(2, 1, 51, 51, 2), 32),
        (new(2, 1, 60, 37, 3), 24), (new(1, 1, 400, 129, 3, FirstKeyHead: true), 7), (new(3, 1, 64, 64, 1), 64),
        (new(2, 1, 12, 5, 2), 16), (new(2, 1, 5, 13, 2), 24), (new(2, 1, 6, 6, 6), 32), (new(1, 1, 26, 17, 1), 8),
    ];

    public static IEnumerable<TheoryDataRow<DeviceKind, AttentionShape, int>> Cases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from item in kind == DeviceKind.Emulated ? [.. Shapes, .. Tiled] : ((AttentionShape Shape, int HeadWidth)[])[.. Shapes, .. Tiled, .. Large]
        select new TheoryDataRow<DeviceKind, AttentionShape, int>(kind, item.Shape, item.HeadWidth);

    [Theory, MemberData(nameof(Cases))]
    public void Forward_and_backward_agree_with_the_definition(DeviceKind kind, AttentionShape shape, int headWidth)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Agrees(workspace, Attention.On(device), shape, headWidth);
    }

    [Fact]
    public void Forward_and_backward_agree_with_the_definition_in_groups_of_a_real_size()
    {
        using var device = RealGroups.Open();
        using var workspace = new Workspace(device);
        var attention = Attention.On(device);
        foreach (var (shape, headWidth) in (((AttentionShape Shape, int HeadWidth)[])[.. Tiled, (new(2, 1, 6, 6, 2), 32)]))
        {
            workspace.Reset();
            Agrees(workspace, attention, shape, headWidth);
        }
    }

    // Such scores decide for one key, and logSumExp is rounded by 1e-4: gradients must not be.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Scores_in_the_thousands_leave_gradients_exact(DeviceKind kind)
    {
        const double Size = 3000;
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        foreach (var (shape, headWidth) in (((AttentionShape Shape, int HeadWidth)[])[(new(4, 1, 9, 9, 2), 24), (new(1, 2, 20, 70, 1), 32)]))
        {
            workspace.Reset();
            int width = shape.Heads * headWidth, queries = shape.QueryTokens, keys = shape.KeyTokens;
            double[] q = Array.ConvertAll(Values.Draw(1, queries * width), value => (float)(Size * value) * 1.0);
            double[] kv = Values.Draw(2, keys * 2 * width), dAttended = Values.Draw(3, queries * width);
            Tensor qs = q.On(workspace, queries, width), kvs = kv.On(workspace, keys, 2 * width), dos = dAttended.On(workspace, queries, width);
            Tensor o = workspace.Take(queries, width), logSumExp = workspace.Take(queries, shape.Heads);
            Tensor dq = workspace.Take(queries, width), dkv = workspace.Take(keys, 2 * width);
            var attention = Attention.On(device);
            attention.Forward(shape, qs, kvs, o, logSumExp);
            attention.Backward(shape, dos, qs, kvs, o, logSumExp, dq, dkv);

            // Scores themselves are rounded by 1e-4, which shifts weight where two are close: worst seen 1.2e-5 in o, 5.6e-6 in dq
            // and, for a query's elements are factors of it, 1.1e-2 in dk.
            var expected = Definition(shape, headWidth, q, kv, dAttended);
            Assert.InRange(Values.LargestDifference(expected.O, o), 0, 5 * Tolerance);
            Assert.InRange(Values.LargestDifference(expected.Dq, dq), 0, Tolerance);
            Assert.InRange(Values.LargestDifference(expected.Dkv, dkv), 0, Size * Tolerance);
        }
    }

    // On the CPU a vector holds eight or sixteen queries, and sets of at most 64 have a path of their own.
    [Theory, InlineData(8), InlineData(16), InlineData(24), InlineData(32), InlineData(64)]
    public void They_agree_for_every_count_of_queries(int headWidth)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        var attention = Attention.On(device);
        for (int queries = 1; queries <= 70; queries++)
        {
            foreach (bool firstKeyHead in (bool[])[false, true])
            {
                workspace.Reset();
                Agrees(workspace, attention, new(1, 1, queries, 1 + queries * 13 % 37, 2, firstKeyHead), headWidth);
            }
        }
    }

    static void Agrees(Workspace workspace, Attention attention, AttentionShape shape, int headWidth)
    {
        int width = shape.Heads * headWidth, queries = shape.QueryTokens, keys = shape.KeyTokens;
        double[] q = Values.Draw(1, queries * width), kv = Values.Draw(2, keys * 2 * width), dAttended = Values.Draw(3, queries * width);
        double[] before = Values.Draw(4, keys * 2 * width);
        Tensor qs = q.On(workspace, queries, width), kvs = kv.On(workspace, keys, 2 * width), dos = dAttended.On(workspace, queries, width);
        Tensor o = workspace.Take(queries, width), logSumExp = workspace.Take(queries, shape.Heads), dq = workspace.Take(queries, width);

        // Written over what was there, also where no query looks.
        Tensor dkv = before.On(workspace, keys, 2 * width), dAdded = before.On(workspace, keys, 2 * width);

        attention.Forward(shape, qs, kvs, o, logSumExp);
        attention.Backward(shape, dos, qs, kvs, o, logSumExp, dq, dkv);
        attention.Backward(shape, dos, qs, kvs, o, logSumExp, workspace.Take(queries, width), dAdded, accumulate: true);

        var expected = Definition(shape, headWidth, q, kv, dAttended);
        Assert.InRange(Values.LargestDifference(expected.O, o), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(expected.LogSumExp, logSumExp), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(expected.Dq, dq), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(expected.Dkv, dkv), 0, Tolerance);
        Assert.InRange(Values.LargestDifference(expected.Dkv.Plus(before), dAdded), 0, Tolerance);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void The_first_key_head_alone_gives_the_same_bits_and_the_output_may_lie_over_the_queries(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        AttentionShape[] shapes = [new(2, 3, 5, 7, 3, FirstKeyHead: true), new(1, 2, 4, 9, 2, FirstKeyHead: true)];
        foreach (var shape in shapes)
        {
            const int HeadWidth = 8;
            int width = shape.Heads * HeadWidth, queries = shape.QueryTokens, keys = shape.KeyTokens;
            double[] q = Values.Draw(1, queries * width), kv = Values.Draw(2, keys * 2 * width);
            Tensor kvs = kv.On(workspace, keys, 2 * width), first = workspace.Take(keys, 2 * HeadWidth);
            FirstKeyHead.On(device).Forward(kvs, first);
            Assert.Equal(
                [.. Enumerable.Range(0, keys * 2).SelectMany(half => kv.AsSpan(half * width, HeadWidth).ToArray())],
                Array.ConvertAll(first.ToArray(), value => (double)value));

            var logSumExp = workspace.Take(queries, shape.Heads);
            Tensor Softmax(Tensor keyValue, bool inPlace)
            {
                var at = q.On(workspace, queries, width);
                var o = inPlace ? at : workspace.Take(queries, width);
                Attention.On(device).Forward(shape, at, keyValue, o, logSumExp);
                return o;
            }

            Tensor Linear(Tensor keyValue, bool inPlace)
            {
                var at = q.On(workspace, queries, width);
                var o = inPlace ? at : workspace.Take(queries, width);
                LinearAttention.On(device).Forward(shape, at, keyValue, o);
                return o;
            }

            Assert.Equal(Softmax(kvs, inPlace: false).ToArray(), Softmax(first, inPlace: true).ToArray());
            Assert.Equal(Linear(kvs, inPlace: false).ToArray(), Linear(first, inPlace: true).ToArray());
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void The_definitions_gradients_are_those_of_central_differences(bool firstKeyHead)
    {
        var shape = new AttentionShape(1, 2, 3, 4, 2, firstKeyHead);
        double[] q = Values.Draw(1, shape.QueryTokens * 6), kv = Values.Draw(2, shape.KeyTokens * 12), dAttended = Values.Draw(3, q.Length);
        var exact = Definition(shape, 3, q, kv, dAttended);
        double[] dq = Values.Gradient(x => Values.Dot(Definition(shape, 3, x, kv, dAttended).O, dAttended), q);
        double[] dkv = Values.Gradient(x => Values.Dot(Definition(shape, 3, q, x, dAttended).O, dAttended), kv);
        Assert.InRange(dq.Zip(exact.Dq, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-8);
        Assert.InRange(dkv.Zip(exact.Dkv, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-8);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void One_thread_and_several_give_the_same_bits(bool firstKeyHead)
    {
        // Few sets of keys and many queries: backward splits them, and adds the parts.
        var shape = new AttentionShape(1, 2, 500, 131, 2, firstKeyHead);
        float[][] Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            using var workspace = new Workspace(device);
            int width = 2 * 24;
            Tensor q = Values.Draw(1, shape.QueryTokens * width).On(workspace, shape.QueryTokens, width);
            Tensor kv = Values.Draw(2, shape.KeyTokens * 2 * width).On(workspace, shape.KeyTokens, 2 * width);
            Tensor dAttended = Values.Draw(3, shape.QueryTokens * width).On(workspace, shape.QueryTokens, width);
            Tensor o = workspace.Take(shape.QueryTokens, width), dq = workspace.Take(shape.QueryTokens, width);
            Tensor logSumExp = workspace.Take(shape.QueryTokens, 2), dkv = workspace.Take(shape.KeyTokens, 2 * width);
            var attention = Attention.On(device);
            attention.Forward(shape, q, kv, o, logSumExp);
            attention.Backward(shape, dAttended, q, kv, o, logSumExp, dq, dkv);
            return [o.ToArray(), logSumExp.ToArray(), dq.ToArray(), dkv.ToArray()];
        }

        Assert.Equal(Run(1), Run(3));
    }

    [Fact]
    public void A_tile_whose_scores_leave_its_shift_late_is_scaled_to_the_largest()
    {
        // Scores in units of log 2: near −200 for the first keys, then 0, then near 200, then few; so a tile of queries
        // lowers its shift at first, raises it twice, and keeps it. Lanes differ, since every third query looks away.
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        var shape = new AttentionShape(1, 2, 29, 500, 1);
        double[] q = Values.Draw(1, 58 * 8), kv = Values.Draw(2, 1000 * 16), dAttended = Values.Draw(3, 58 * 8);
        for (int token = 0; token < 58; token++)
        {
            q[token * 8] = token % 3 == 0 ? -4 : 4;
        }

        for (int token = 0; token < 1000; token++)
        {
            kv[token * 16] = token < 300 ? -100 : token < 600 ? 0 : token < 800 ? 100 : 2;
        }

        Tensor qs = q.On(workspace, 58, 8), kvs = kv.On(workspace, 1000, 16), o = workspace.Take(58, 8);
        Tensor logSumExp = workspace.Take(58, 1), dq = workspace.Take(58, 8), dkv = workspace.Take(1000, 16);
        var attention = Attention.On(device);
        attention.Forward(shape, qs, kvs, o, logSumExp);
        attention.Backward(shape, dAttended.On(workspace, 58, 8), qs, kvs, o, logSumExp, dq, dkv);

        // Scores of 140 are exact to 140 · 2⁻²⁴ ≈ 1e-5, and so relatively is p.
        var expected = Definition(shape, 8, q, kv, dAttended);
        Assert.InRange(Values.LargestDifference(expected.O, o), 0, 1e-4);
        Assert.InRange(Values.LargestDifference(expected.LogSumExp, logSumExp), 0, 1e-4);
        Assert.InRange(Values.LargestDifference(expected.Dkv, dkv), 0, 1e-3);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Scores_far_apart_neither_overflow_nor_lose_the_largest(DeviceKind kind)
    {
        // Scores of ±10,000: softmax picks one key, and the others get no gradient.
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        var shape = new AttentionShape(1, 2, 2, 3, 1);
        double[] q = [.. Values.Draw(1, 4 * 8).Select(v => v * 100)], kv = [.. Values.Draw(2, 6 * 16).Select(v => v * 100)];
        double[] dAttended = Values.Draw(3, 4 * 8);
        Tensor qs = q.On(workspace, 4, 8), kvs = kv.On(workspace, 6, 16), o = workspace.Take(4, 8), logSumExp = workspace.Take(4, 1);
        Tensor dq = workspace.Take(4, 8), dkv = workspace.Take(6, 16);
        var attention = Attention.On(device);
        attention.Forward(shape, qs, kvs, o, logSumExp);
        attention.Backward(shape, dAttended.On(workspace, 4, 8), qs, kvs, o, logSumExp, dq, dkv);

        var expected = Definition(shape, 8, q, kv, dAttended);
        Assert.InRange(Values.LargestDifference(expected.O, o), 0, 1e-2); // values of 100, scores exact to 1e-3
        Assert.InRange(Values.LargestDifference(expected.Dkv, dkv), 0, 1e-1);
    }

    // softmax(q kᵀ / √d) v as it is written, and its gradients with the whole matrix p at hand.
    static (double[] O, double[] LogSumExp, double[] Dq, double[] Dkv) Definition(
        AttentionShape shape, int headWidth, double[] q, double[] kv, double[] dAttended)
    {
        int width = shape.Heads * headWidth;
        double[] o = new double[q.Length], logSumExp = new double[shape.QueryTokens * shape.Heads], dq = new double[q.Length];
        var dkv = new double[kv.Length];
        double scale = 1 / Math.Sqrt(headWidth);
        foreach (int outer in Enumerable.Range(0, shape.Outer))
        {
            foreach (int inner in Enumerable.Range(0, shape.Inner))
            {
                foreach (int head in Enumerable.Range(0, shape.Heads))
                {
                    for (int s = 0; s < shape.Queries; s++)
                    {
                        int token = (outer * shape.Queries + s) * shape.Inner + inner, at = token * width + head * headWidth;
                        int keyHead = shape.FirstKeyHead ? 0 : head;
                        int KeyAt(int j) => ((outer * shape.Keys + j) * shape.Inner + inner) * 2 * width + keyHead * headWidth;
                        double Sum(Func<int, double> term) => Enumerable.Range(0, headWidth).Sum(term);
                        var scores = Enumerable.Range(0, shape.Keys)
                            .Select(j => scale * Sum(i => q[at + i] * kv[KeyAt(j) + i])).ToArray();
                        double most = scores.Max(), total = scores.Sum(score => Math.Exp(score - most));
                        logSumExp[token * shape.Heads + head] = most + Math.Log(total);
                        var p = scores.Select(score => Math.Exp(score - most) / total).ToArray();
                        var dp = Enumerable.Range(0, shape.Keys)
                            .Select(j => Sum(i => dAttended[at + i] * kv[KeyAt(j) + width + i])).ToArray();
                        double delta = Values.Dot(p, dp);
                        for (int j = 0; j < shape.Keys; j++)
                        {
                            double ds = p[j] * (dp[j] - delta) * scale;
                            for (int i = 0; i < headWidth; i++)
                            {
                                o[at + i] += p[j] * kv[KeyAt(j) + width + i];
                                dq[at + i] += ds * kv[KeyAt(j) + i];
                                dkv[KeyAt(j) + i] += ds * q[at + i];
                                dkv[KeyAt(j) + width + i] += p[j] * dAttended[at + i];
                            }
                        }
                    }
                }
            }
        }

        return (o, logSumExp, dq, dkv);
    }
}
