using System.Text.RegularExpressions;
using System.Xml.Linq;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Reporting;

public sealed partial class QualityChartsFacts
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(20, 5)]
    [InlineData(60, 60)]
    public void Tables_of_any_shape_are_drawn_as_well_formed_pictures_of_numbers(int rows, int columns)
    {
        var (marginals, trends) = Draw(Table(rows, columns), Table(rows + 1, columns));
        foreach (string svg in (string[])[marginals, trends])
        {
            var root = XDocument.Parse(svg).Root!;
            Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("∞", svg, StringComparison.Ordinal);

            // Both pictures lie in one page: identifiers must not meet.
            string[] names = [.. Identifier().Matches(marginals + trends).Select(match => match.Groups[1].Value)];
            Assert.Equal(names.Distinct(), names);
            Assert.InRange((double)root.Attribute("width")!, 100, 2000);
        }

        Assert.Equal(Math.Min(columns, MarginalsChart.MostColumns), marginals.Split("font-weight=\"700\"").Length - 1);
    }

    [Fact]
    public void Long_names_are_cut_and_angle_brackets_stay_letters()
    {
        var table = new Table([
            new Column("<script>alert('a name that goes on and on and on')", ColumnKind.Categorical, [0, 1, 1], ["<b>a level with a name without end</b>", "&"]),
            Numeric("x", [1, 2, 3])]);
        var (marginals, trends) = Draw(table, table);
        Assert.All((string[])[marginals, trends], svg =>
        {
            Assert.DoesNotContain("<script", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", svg, StringComparison.Ordinal);
            Assert.Contains("…", svg, StringComparison.Ordinal);
            _ = XDocument.Parse(svg);
        });
    }

    [Fact]
    public void The_same_tables_give_the_same_bytes() => Assert.Equal(Draw(Table(50, 6), Table(40, 6)), Draw(Table(50, 6), Table(40, 6)));

    [Fact]
    public void The_tail_of_a_number_is_in_the_outermost_bin_not_in_an_empty_picture()
    {
        // One row at a million would squeeze all others into one bin.
        double[] values = [.. Normals(400, 1), 1e6];
        var table = new Table([Numeric("x", values), Numeric("y", [.. Normals(401, 2)])]);
        Assert.DoesNotContain(">1M<", Draw(table, table).Marginals, StringComparison.Ordinal);
    }

    static (string Marginals, string Trends) Draw(Table real, Table synthetic)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        return (
            MarginalsChart.Draw(real, synthetic, ColumnFidelity.Compare(real, synthetic)),
            PairTrendsChart.Draw(PairTrends.Compare(real, synthetic, device)));
    }

    // Numbers, whole numbers, names, a constant and an empty column, by turns.
    static Table Table(int rows, int columns) => new([.. Enumerable.Range(0, columns).Select(i => (i % 5) switch
    {
        0 => Numeric($"number {i}", Map(Normals(rows, (uint)i), v => 1e-6 * v)),
        1 => Integer($"whole {i}", Map(Normals(rows, (uint)i), v => Math.Round(1000 * v))),
        2 => Categorical($"name {i}", Map(Uniforms(rows, (uint)i), v => Math.Floor(20 * v)), 20),
        3 => Numeric($"constant {i}", new double[rows]),
        _ => Numeric($"empty {i}", [.. Enumerable.Repeat(double.NaN, rows)]),
    })]);

    [GeneratedRegex(" id=\"([^\"]+)\"")]
    private static partial Regex Identifier();
}
