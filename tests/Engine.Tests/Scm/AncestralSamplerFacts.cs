using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Scm;

public class AncestralSamplerFacts
{
    // One node of every mechanism: roots, classes, additive, linked as a list and as a curve, two parts; and gaps.
    static readonly Lazy<StructuralCausalModel> Every = new(() =>
    {
        const int Rows = 2000;
        double[] a = Normals(Rows, 0), u = Uniforms(Rows, 1), e = Normals(Rows, 2), f = Normals(Rows, 3);
        double[] k = Map(u, v => Math.Floor(3 * v)), b = Map(a, e, (x, n) => 10 + 2 * x + n);
        double[] skewed = Map(b, f, (x, n) => Math.Exp(0.3 * x + n)), y = Map(Map(b, k, (x, j) => x + j), u, (x, p) => x + 4 * p > 13 ? 1 : 0);
        double[] count = Map(a, f, (x, n) => Math.Round(Math.Exp(1.5 + 0.5 * x + 0.5 * n)));
        double[] half = Map(b, f, (x, n) => x + n < 10 ? 0 : Math.Round(x + n, 1));
        double[] gaps = Map(a, u, (x, p) => p < 0.1 ? double.NaN : x);
        return Fit(
            "A --> B, B --> S, K --> Y, B --> Y, A --> N, B --> H, Y --> G, S --> G",
            Numeric("A", a), Categorical("K", k, 3), Numeric("B", b, 3), Numeric("S", skewed), Integer("N", count),
            Numeric("H", half, 1), Numeric("G", gaps), new Column("Y", ColumnKind.Boolean, y, ["no", "yes"]));
    });

    [Fact]
    public void The_model_of_these_facts_has_every_mechanism() => Assert.Equal(
        ["additive", "categorical", "empirical", "postNonlinear", "smoothed", "twoPart"],
        Every.Value.Nodes.Select(node => node.Mechanism.Name).Distinct().Order());

    [Fact]
    public void Threads_blocks_and_shards_do_not_change_a_cell()
    {
        const int Rows = 3001;
        var whole = Every.Value.Sample(Rows, threads: 1);
        Assert.Equal(whole.Cells(), Every.Value.Sample(Rows, threads: 2).Cells());
        Assert.Equal(whole.Cells(), Joined([Every.Value.Sample(1000), Every.Value.Sample(7, firstRow: 1000), Every.Value.Sample(1994, firstRow: 1007)]));
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (int blockRows in new[] { 1, 37, 1024, 5000, 65_536 })
        {
            int rows = blockRows == 1 ? 40 : Rows;
            var streamed = AncestralSampler.Stream([Every.Value], new() { Rows = rows }, 5, device, blockRows).ToArray();
            Assert.Equal((rows + blockRows - 1) / blockRows, streamed.Length);
            Assert.Equal(whole.Cells().Select(cells => cells[..rows]), Joined(streamed));
        }
    }

    [Fact]
    public void Another_seed_gives_other_rows() =>
        Assert.NotEqual(Every.Value.Sample(50, seed: 1).Cells()[0], Every.Value.Sample(50, seed: 2).Cells()[0]);

    [Fact]
    public void The_emulated_gpu_samples_the_same_table()
    {
        const int Rows = 60;
        var expected = Every.Value.Sample(Rows);
        using var device = ComputeDevice.Open(DeviceKind.Emulated);
        var found = AncestralSampler.Sample(Every.Value, Rows, 5, device);
        Assert.Equal(expected.Cells()[0], found.Cells()[0]); // roots: whole numbers only
        Assert.Equal(expected.Cells()[1], found.Cells()[1]);
        for (int i = 2; i < expected.Columns.Count; i++)
        {
            double[] a = expected.Cells()[i], b = found.Cells()[i];

            // exp, and sums in another order, differ in the last bit of a float; one of these few cells could round to
            // the next grid point, which is within a tenth.
            Assert.All(a.Zip(b), pair => Assert.True(
                (double.IsNaN(pair.First) && double.IsNaN(pair.Second)) || Math.Abs(pair.First - pair.Second) <= 1e-4 * (1 + Math.Abs(pair.First)),
                $"{expected.Columns[i].Name}: {pair.First} and {pair.Second}"));
        }
    }

    [Fact]
    public void Marginals_and_a_conditional_are_within_sampling_error()
    {
        const int Rows = 5000, Drawn = 20_000;
        double[] a = Normals(Rows, 0), b = Map(a, Normals(Rows, 1), (x, e) => x + e);
        double[] y = Map(b, Uniforms(Rows, 2), (x, u) => u < 1 / (1 + Math.Exp(-x)) ? 1 : 0);
        var table = Fit("A --> B, B --> Y", Numeric("A", a), Numeric("B", b), Categorical("Y", y, 2)).Sample(Drawn);

        // 1.95 √(1/n + 1/m): passed by chance once in a thousand for each of two columns.
        double critical = 1.95 * Math.Sqrt(1.0 / Rows + 1.0 / Drawn);
        Assert.InRange(Distance(a, table.Columns[0].Values.ToArray()), 0, critical);
        Assert.InRange(Distance(b, table.Columns[1].Values.ToArray()), 0, critical);

        // P(Y = 1 | A > 1), four standard errors of two shares: 6e-5.
        double[] real = [.. Enumerable.Range(0, Rows).Where(r => a[r] > 1).Select(r => y[r])];
        double[] drawn = [.. Enumerable.Range(0, Drawn).Where(r => table.Columns[0].Values[r] > 1).Select(r => table.Columns[2].Values[r])];
        double error = Math.Sqrt(0.25 / real.Length + 0.25 / drawn.Length);
        Assert.InRange(drawn.Average(), real.Average() - 4 * error, real.Average() + 4 * error);
    }

    [Fact]
    public void No_rows_make_an_empty_table() => Assert.Equal(0, Every.Value.Sample(0).Rows);

    [Fact]
    public void Device_memory_is_given_back()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        AncestralSampler.Sample(Every.Value, 100, 1, device);
        Assert.Equal(0, device.LiveBytes);
    }

    static double[][] Joined(Table[] parts) =>
        [.. Enumerable.Range(0, parts[0].Columns.Count).Select(i => parts.SelectMany(part => part.Columns[i].Values.ToArray()).ToArray())];
}
