using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

public class BasisExpansionTestFacts
{
    // x; its square, its sine, its distance as a level, and two numbers that share it; all with noise.
    const int X = 0, Square = 1, Sine = 2, Level = 3, First = 4, Second = 5;

    [Theory]
    [InlineData(X, Square)]
    [InlineData(X, Sine)]
    [InlineData(X, Level)]
    [InlineData(Square, Level)]
    public void Curves_that_the_mixed_test_cannot_see_are_seen(int x, int y)
    {
        var table = Curved(400);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);

        Assert.InRange(PValue(table, TestChoice.Basis, device, x, y), 0, 1e-8);
        if (x == X)
        {
            Assert.InRange(PValue(table, TestChoice.Mixed, device, x, y), 1e-4, 1);
        }
    }

    [Fact]
    public void A_curved_common_cause_explains_its_effects()
    {
        var table = Curved(400);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);

        Assert.InRange(PValue(table, TestChoice.Basis, device, First, Second), 0, 1e-8);
        Assert.InRange(PValue(table, TestChoice.Basis, device, First, Second, X), 0.01, 1);
        Assert.InRange(PValue(table, TestChoice.Mixed, device, First, Second, X), 0, 1e-8);
    }

    [Fact]
    public void Devices_agree_and_exchanging_the_arguments_changes_no_bit()
    {
        var table = Curved(150);
        using var cpu = ComputeDevice.Open(DeviceKind.Cpu);
        using var emulated = ComputeDevice.Open(DeviceKind.Emulated);
        foreach (int[] question in (int[][])[[0, 1], [1, 3], [2, 4, 0], [3, 5, 1, 0], [4, 5, 3, 2, 0]])
        {
            int[] exchanged = [question[1], question[0], .. question.Skip(2).Reverse()];
            double p = PValue(table, TestChoice.Basis, cpu, question);
            Assert.Equal(p, PValue(table, TestChoice.Basis, cpu, exchanged));

            // The same eliminations; the covariances beneath are summed in another order.
            Assert.InRange(PValue(table, TestChoice.Basis, emulated, question) / p, 1 - 1e-9, 1 + 1e-9);
        }
    }

    [Fact]
    public void Constant_columns_copies_and_numbers_of_two_values_do_no_harm()
    {
        var table = Curved(200);
        var two = table.Columns[X].Values.ToArray().Select(value => value > 0 ? 1.0 : 0).ToArray();
        table = new(
        [
            .. table.Columns, new("copy", ColumnKind.Numeric, table.Columns[X].Values.ToArray(), decimals: 6),
            new("same", ColumnKind.Numeric, new double[200]), new("two", ColumnKind.Integer, two),
        ]);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);

        Assert.Equal(1, PValue(table, TestChoice.Basis, device, X, 7));
        Assert.Equal(0, PValue(table, TestChoice.Basis, device, X, Square, 6));
        Assert.InRange(PValue(table, TestChoice.Basis, device, X, 8), 0, 1e-20);
        Assert.InRange(PValue(table, TestChoice.Basis, device, Sine, Square, 8, X), 1e-4, 1);
    }

    [Fact]
    public void Discovery_asks_it_by_name()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var result = CausalDiscovery.Discover(
            Curved(400).Without("square", "sine", "level"), new() { Test = TestChoice.Basis }, device,
            cancellation: TestContext.Current.CancellationToken);

        Assert.Equal("basis", result.TestName);
        Assert.Equal("x --- first, x --- second", result.Graph.ToString());
    }

    static double PValue(Table table, TestChoice choice, ComputeDevice device, params int[] question)
    {
        var test = CausalDiscovery.OpenTest(table, choice, new(), device);
        var query = new QueryBatch(question.Length - 2);
        query.Add(question[0], question[1], question.AsSpan(2));
        var p = new double[1];
        test.PValues(query, p);
        ((IDisposable)test).Dispose();
        return p[0];
    }

    static Table Curved(int rows)
    {
        var random = new Random(95);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => Noise())];
        return new(
        [
            new("x", ColumnKind.Numeric, x, decimals: 6),
            new("square", ColumnKind.Numeric, [.. x.Select(v => v * v + Noise())], decimals: 6),
            new("sine", ColumnKind.Numeric, [.. x.Select(v => Math.Cos(2.5 * v) + 0.5 * Noise())], decimals: 6),
            new("level", ColumnKind.Categorical, [.. x.Select(v => Math.Abs(v) + 0.3 * Noise() > 0.7 ? 1.0 : 0)], ["near", "far"]),
            new("first", ColumnKind.Numeric, [.. x.Select(v => v * v + 0.5 * Noise())], decimals: 6),
            new("second", ColumnKind.Numeric, [.. x.Select(v => v * v + 0.5 * Noise())], decimals: 6),
        ]);

        // The sum of twelve uniforms: close to normal.
        double Noise() => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
    }
}
