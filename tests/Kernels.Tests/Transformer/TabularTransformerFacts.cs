using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>The whole model at a tiny size; its conformance with nanoTabPFN is in Engine.Tests/Models.</summary>
public class TabularTransformerFacts
{
    static readonly TransformerConfig Config = new() { Width = 10, Heads = 2, Hidden = 14, Layers = 2, Classes = 3 };

    const int Tables = 2, Context = 5, Query = 3, Columns = 2;

    static float[] Floats(int seed, int count) => Array.ConvertAll(Values.Draw(seed, count), v => (float)v);

    static readonly float[] Labels = [0, 1, 2, 1, 0, 1, 1, 0, 2, 2];

    static readonly EpisodeBatch Batch = new(
        Tables, Context, Query, Columns, Floats(1, Tables * (Context + Query) * Columns), Labels);

    static float[] Logits(TabularTransformer model, EpisodeBatch batch)
    {
        using var workspace = new Workspace(model.Device);
        return model.Forward(batch, workspace).ToArray();
    }

    [Fact]
    public void Gradients_are_the_central_differences_of_the_forward_pass()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        using var model = new TabularTransformer(device, Config);
        model.Parameters.Initialize(seed: 3);
        var dLogits = Values.Draw(4, Tables * Query * Config.Classes);
        model.Forward(Batch, workspace);
        model.Backward(dLogits.On(workspace, Tables * Query, Config.Classes));
        var gradients = model.Parameters.All.ToDictionary(info => info.Name, info => model.Parameters.Gradient(info.Name).ToArray());
        double largest = gradients.Values.Max(gradient => gradient.Max(Math.Abs));

        foreach (var info in model.Parameters.All)
        {
            // One direction a weight: the sum of all partial derivatives, signs alternating.
            var weight = model.Parameters.Weight(info.Name);
            float[] at = weight.ToArray();
            double Loss(float h)
            {
                weight.CopyFrom([.. at.Select((w, i) => i % 2 == 0 ? w + h : w - h)]);
                return Values.Dot(Array.ConvertAll(Logits(model, Batch), v => (double)v), dLogits);
            }

            const float H = 1f / 256;
            double difference = (Loss(H) - Loss(-H)) / (2 * H);
            weight.CopyFrom(at);

            // Rounding of the logits, 1e-7, over 2 H, and a third derivative times H²: worst seen 1.5e-4.
            double expected = gradients[info.Name].Select((g, i) => i % 2 == 0 ? g : -g).Sum();
            Assert.True(Math.Abs(difference - expected) < 2e-3 * largest, $"{info.Name}: {difference} for {expected}");
        }
    }

    [Fact]
    public void A_remembered_context_gives_the_same_logits_in_any_chunks()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = new TabularTransformer(device, Config);
        model.Parameters.Initialize(seed: 3);
        float[] together = Logits(model, Batch), inChunks = Remembered(model);

        // Logits of order 1 from the same sums in products of other sizes: a few units in the last place, 1.2e-7 each.
        Assert.InRange(Values.LargestDifference(Array.ConvertAll(together, v => (double)v), inChunks), 0, 1e-6);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_device_gives_the_same_logits_and_gradients(DeviceKind kind)
    {
        float[][] OnDevice(DeviceKind which)
        {
            using var device = ComputeDevice.Open(which);
            using var workspace = new Workspace(device);
            using var model = new TabularTransformer(device, Config);
            model.Parameters.Initialize(seed: 3);
            float[] logits = model.Forward(Batch, workspace).ToArray();
            model.Backward(Values.Draw(4, logits.Length).On(workspace, logits.Length / Config.Classes, Config.Classes));
            return [logits, model.Parameters.Gradients.ToArray(), Remembered(model)];
        }

        // Logits of order 1 and gradients of order 10 in floats: worst seen 5e-6.
        foreach (var (cpu, other) in OnDevice(DeviceKind.Cpu).Zip(OnDevice(kind)))
        {
            Assert.InRange(Values.LargestDifference(Array.ConvertAll(cpu, v => (double)v), other), 0, 3e-5);
        }
    }

    // The logits of the batch, its context read once and its query rows asked about two and then one at a time.
    static float[] Remembered(TabularTransformer model)
    {
        float[] cells = Batch.Cells.ToArray();
        float[] Rows(int first, int count) => [.. Enumerable.Range(0, Tables).SelectMany(
            table => cells.AsSpan((table * (Context + Query) + first) * Columns, count * Columns).ToArray())];
        using var workspace = new Workspace(model.Device);
        using var memory = model.Remember(new(Tables, Context, 0, Columns, Rows(0, Context), Labels), workspace);
        float[] two = model.Predict(memory, 2, Rows(Context, 2), workspace).ToArray();
        float[] one = model.Predict(memory, 1, Rows(Context + 2, 1), workspace).ToArray();
        int k = Config.Classes;
        return [.. two[..(2 * k)], .. one[..k], .. two[(2 * k)..], .. one[k..]];
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_device_is_closed_without_a_leak(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using (var workspace = new Workspace(device))
        using (var model = new TabularTransformer(device, Config))
        using (var adamW = new AdamWOptimizer(device, model.Parameters, new AdamWOptions()))
        using (var scheduleFree = new ScheduleFreeOptimizer(device, model.Parameters, new AdamWOptions()))
        using (model.Remember(new(1, 2, 0, 1, new float[2], new float[2]), workspace))
        {
            Assert.NotEqual(0, device.LiveBytes);
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void The_predictor_gives_the_softmax_of_the_logits_in_the_order_of_the_rows()
    {
        // So many columns that the query rows need several blocks.
        const int N = 4, M = 70, F = 700, Classes = 2;
        float[] cells = Floats(1, (N + M) * F), labels = [0, 1, 1, 0];
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = new TabularTransformer(device, Config);
        model.Parameters.Initialize(seed: 7);
        using var predictor = new TransformerPredictor(model);
        float[] logits = Logits(model, new(1, N, M, F, cells, labels));
        float[] probabilities = predictor.Probabilities(new(1, N, M, F, cells, labels), Classes);

        double[] expected = [.. Enumerable.Range(0, M).SelectMany(row =>
        {
            double a = Math.Exp(logits[row * Config.Classes]), b = Math.Exp(logits[row * Config.Classes + 1]);
            return (double[])[a / (a + b), b / (a + b)];
        })];
        Assert.InRange(Values.LargestDifference(expected, probabilities), 0, 1e-6);
    }

    [Fact]
    public void The_order_of_context_rows_does_not_matter()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var model = new TabularTransformer(device, Config);
        model.Parameters.Initialize(seed: 5);
        float[] cells = Floats(1, 4 * 2), swapped = [cells[2], cells[3], cells[0], cells[1], .. cells[4..]];
        float[] a = Logits(model, new(1, 3, 1, 2, cells, new float[] { 0, 1, 1 }));
        float[] b = Logits(model, new(1, 3, 1, 2, swapped, new float[] { 1, 0, 1 }));
        Assert.InRange(Values.LargestDifference(Array.ConvertAll(a, v => (double)v), b), 0, 1e-6);
    }

    [Fact]
    public void A_few_steps_learn_a_rule_that_is_in_the_context()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        using var model = new TabularTransformer(device, Config with { Width = 16, Hidden = 32 });
        model.Parameters.Initialize(seed: 1);
        using var optimizer = new ScheduleFreeOptimizer(device, model.Parameters, new AdamWOptions());
        using var classes = device.Allocate<int>([2]);
        using var labels = device.Allocate<int>(8 * 6);
        var loss = SoftmaxCrossEntropy.On(device);
        var losses = new List<float>();
        for (int step = 0; step < 150; step++)
        {
            // A row's class is the sign of its first column, or the opposite: only the context tells which.
            const int T = 8, N = 10, M = 6;
            var cells = Floats(step, T * (N + M));
            float Class(int table, int row) => cells[table * (N + M) + row] > 0 ^ table % 2 == 0 ? 1 : 0;
            workspace.Reset();
            var logits = model.Forward(
                new(T, N, M, 1, cells, Enumerable.Range(0, T * N).Select(i => Class(i / N, i % N)).ToArray()), workspace);
            labels.CopyFrom([.. Enumerable.Range(0, T * M).Select(i => (int)Class(i / M, N + i % M))]);
            Tensor each = workspace.Take(logits.Rows, 1), p = workspace.Take(logits.Rows, 3), dLogits = workspace.Take(logits.Rows, 3);
            loss.Forward(logits, labels, classes, each, p);
            loss.Backward(p, labels, dLogits);
            model.Backward(dLogits);
            optimizer.Step(learningRate: 0.01f);
            losses.Add(each.ToArray().Average());
        }

        // Chance is log 2 = 0.69; worst seen 0.28.
        Assert.InRange(losses.TakeLast(20).Average(), 0, 0.45);
    }
}
