using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Scm;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Formats;

public sealed class DateColumnFacts : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_column_of_days_counts_days_and_writes_them_back()
    {
        string file = _folder.Write("t.csv", "d,x\n2024-02-28,1\n2024-03-01,2\n,3\n1999-12-31,4\n");
        var table = CsvTable.Read(file).Table;
        Assert.Equal(ColumnKind.Date, table["d"].Kind);
        Assert.Equal(2, table["d"].Values[1] - table["d"].Values[0]); // a leap year
        Assert.True(double.IsNaN(table["d"].Values[2]));
        CsvTable.Write(table, _folder["again.csv"]);
        Assert.Equal(File.ReadAllText(file), File.ReadAllText(_folder["again.csv"]));
    }

    [Theory]
    [InlineData("2024-02-28\n2024-02-30")]
    [InlineData("2024-02-28\nsoon")]
    [InlineData("28.02.2024\n01.03.2024")]
    public void Anything_else_stays_a_name(string cells) =>
        Assert.Equal(ColumnKind.Categorical, CsvTable.Read(_folder.Write("t.csv", $"d\n{cells}\n")).Table["d"].Kind);

    [Fact]
    public void Asked_for_as_names_they_are_names() => Assert.Equal(
        ColumnKind.Categorical, CsvTable.Read(_folder.Write("t.csv", "d\n2024-02-28\n2024-02-29\n2024-03-01\n"), new() { Categorical = ["d"] }).Table["d"].Kind);

    [Fact]
    public void Rows_read_like_a_table_with_days_must_have_days()
    {
        var schema = CsvTable.Read(_folder.Write("t.csv", "d\n2024-02-28\n2024-03-01\n")).Table;
        Assert.Equal(ColumnKind.Date, CsvTable.ReadLike(_folder.Write("u.csv", "d\n2021-01-01\n"), schema).Table["d"].Kind);
        var fault = Assert.Throws<InputException>(() => CsvTable.ReadLike(_folder.Write("v.csv", "d\n7\n"), schema));
        Assert.Contains("should hold dates", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sampled_days_are_whole_inside_what_was_observed_and_can_be_asked_for()
    {
        const int Rows = 2000;
        double[] a = Normals(Rows, 0), days = Map(a, Normals(Rows, 1), (x, e) => Math.Round(738_000 + 200 * x + 100 * e));
        var scm = Fit("A --> D", Numeric("A", a), new Column("D", ColumnKind.Date, days));
        var sampled = scm.Sample(5000)["D"];
        Assert.Equal(ColumnKind.Date, sampled.Kind);
        Assert.All(sampled.Values.ToArray(), v => Assert.True(v >= days.Min() && v <= days.Max() && v == Math.Round(v)));

        // 1.95 √(1/2000 + 1/5000) is passed by chance once in a thousand.
        Assert.InRange(Distance(days, sampled.Values.ToArray()), 0, 0.052);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var late = AncestralSampler.Sample([scm], new() { Rows = 300, Where = ["D >= 2021-09-01"] }, 1, device);
        Assert.All(late["D"].Values.ToArray(), v => Assert.True(v >= new DateOnly(2021, 9, 1).DayNumber));
        ScmJson.Write(_folder["scm.json"], scm);
        Assert.Equal(scm.Sample(500).Cells(), ScmJson.Read(_folder["scm.json"]).Sample(500).Cells());
    }
}
