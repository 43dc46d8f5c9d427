using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Scm;

public class CustomMechanismFacts
{
    // B := A + K + U, on the host.
    sealed class Sum : CustomMechanism
    {
        public override string Name => "sum";

        public override void Evaluate(IReadOnlyList<double[]> parents, ReadOnlySpan<double> noise, Span<double> values)
        {
            for (int row = 0; row < values.Length; row++)
            {
                values[row] = parents[0][row] + parents[1][row] + noise[row];
            }
        }
    }

    static StructuralCausalModel Model()
    {
        double[] a = Normals(500, 0), k = Map(Uniforms(500, 1), u => Math.Floor(3 * u)), b = Map(Map(a, k, (x, j) => x + j), Normals(500, 2), (x, e) => x + 9 * e);
        return Fit("A --> B, K --> B, B --> C", Numeric("A", a), Categorical("K", k, 3), Numeric("B", b), Numeric("C", Map(b, x => 2 * x)));
    }

    [Theory]
    [InlineData(DeviceKind.Cpu, 5000)]
    [InlineData(DeviceKind.Emulated, 60)]
    public void A_mechanism_of_ones_own_is_sampled_in_its_place(DeviceKind kind, int rows)
    {
        using var device = ComputeDevice.Open(kind);
        var table = AncestralSampler.Sample(Model().With("B", new Sum()), rows, 3, device);
        for (int row = 0; row < table.Rows; row++)
        {
            double rest = table["B"].Values[row] - table["A"].Values[row] - table["K"].Values[row];
            Assert.InRange(rest, -1e-5, 1 + 1e-5); // floats of values below 32
        }
    }

    [Fact]
    public void It_changes_nothing_upstream_and_is_the_same_for_any_threads()
    {
        var before = Model().Sample(3000).Cells();
        var model = Model().With("B", new Sum());
        var after = model.Sample(3000, threads: 1).Cells();
        Assert.Equal(before[..2], after[..2]);
        Assert.Equal(after, model.Sample(3000, threads: 2).Cells());
    }

    [Fact]
    public void A_file_cannot_hold_it_and_says_so()
    {
        using var folder = new Formats.TemporaryFolder();
        string file = Path.Combine(folder.Path, "scm.json");
        var fault = Assert.Throws<InputException>(() => ScmJson.Write(file, Model().With("B", new Sum())));
        Assert.Contains("'sum' is code", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void An_unknown_node_is_one_sentence() =>
        Assert.Contains("'Q'", Assert.Throws<InputException>(() => Model().With("Q", new Sum())).Message, StringComparison.Ordinal);
}
