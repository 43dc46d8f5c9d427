using System.Text.Json;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>SMOTE, SMOTE-NC, Borderline-SMOTE and ADASYN against imbalanced-learn; see tests/Data/generators/README.md.</summary>
public class SmoteFacts
{
    // Its sums are in double, in another order.
    const double Tolerance = 1e-12;

    static readonly JsonElement Golden = JsonDocument.Parse(
        File.ReadAllText(RepositoryFiles.At("tests", "Data", "generators", "imbalanced-learn.json"))).RootElement;

    static readonly SmoteOptions Defaults = new();

    [Fact]
    public void Neighbours_and_rows_of_numbers_are_those_of_smote()
    {
        var task = Task(withNames: false);
        var own = Class(task);
        Assert.Equal(Whole(Golden.GetProperty("smote").GetProperty("nearest")), own.Nearest);
        AssertRows(own, task, Golden.GetProperty("smote").GetProperty("numbers"), (_, _, _) => { });
    }

    [Fact]
    public void Neighbours_modes_and_rows_of_numbers_and_names_are_those_of_smote_nc()
    {
        var task = Task(withNames: true);
        var own = Class(task);
        var golden = Golden.GetProperty("smotenc");
        double median = golden.GetProperty("median").GetDouble();
        Assert.Equal(median * median / 2, new SmoteSpace(task, Defaults.Standardise).Mismatch(own.Rows), Tolerance);
        Assert.Equal(Whole(golden.GetProperty("nearest")), own.Nearest);
        int unique = 0;
        AssertRows(own, task, golden.GetProperty("numbers"), (draw, from, cells) =>
        {
            for (int c = 0; c < 2; c++)
            {
                // Where its modes tie it draws one, and so do we; where there is one, it is it.
                int[] modes = Whole(golden.GetProperty("modes")[c][from]);
                int drawn = (int)cells[3 + c][draw];
                Assert.Contains(drawn, modes);
                unique += modes.Length == 1 ? 1 : 0;
                Assert.True(modes.Length > 1 || drawn == golden.GetProperty("chosen")[c][draw].GetInt32());
            }
        });
        Assert.InRange(unique, 20, 79);
    }

    [Fact]
    public void Each_mode_that_ties_is_drawn_as_often()
    {
        var own = Class(Task(withNames: true));
        var golden = Golden.GetProperty("smotenc").GetProperty("modes")[1];
        int from = Enumerable.Range(0, own.Rows.Length).First(place => golden[place].GetArrayLength() == 2);
        int[] modes = Whole(golden[from]);
        const int Draws = 4000;
        var cells = Cells(5, Draws);
        for (int draw = 0; draw < Draws; draw++)
        {
            own.Write(new DrawnRow(cells, draw, 1, (uint)draw, new Philox(3)), from, 0, 0.5, stream: 0);
        }

        // Binomial with half: 5 standard deviations are 5 √(4000 / 4) = 158.
        Assert.InRange(cells[4].Count(cell => cell == modes[0]), 1842, 2158);
        Assert.Equal(Draws, cells[4].Count(cell => modes.Contains((int)cell)));
    }

    [Fact]
    public void Rows_in_danger_are_those_of_borderline_smote()
    {
        var task = Task(withNames: false);
        Assert.Equal(Whole(Golden.GetProperty("danger")), BorderlineSmoteGenerator.InDanger(Foreign(task, Defaults.BorderNeighbours)));
    }

    [Theory]
    [InlineData(30)]
    [InlineData(100)]
    public void Rows_begin_where_adasyn_begins_them_and_sum_to_what_is_asked_for(int count)
    {
        double[] weights = AdasynGenerator.Weights(Foreign(Task(withNames: false), Defaults.Neighbours));
        int[] expected = Whole(Golden.GetProperty("adasyn").GetProperty($"{count}")), exact = AdasynGenerator.Exactly(count, weights);
        Assert.Equal(expected, AdasynGenerator.Rounded(count, weights));
        Assert.NotEqual(count, expected.Sum());
        Assert.Equal(count, exact.Sum());
        Assert.All(exact.Zip(expected), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Fact]
    public void Rows_begin_at_all_alike_where_no_neighbour_is_of_another_class() =>
        Assert.Equal([1, 2, 2], AdasynGenerator.Exactly(5, AdasynGenerator.Weights(new ForeignNeighbours([0, 0, 0], 5))));

    [Fact]
    public void A_row_lies_on_the_line_between_two_of_its_class_and_atoms_stay_where_asked()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var task = GeneratorTables.Named("atoms and ties");
        foreach (bool keep in (bool[])[false, true])
        {
            var rows = new SmoteGenerator(device, new() { KeepAtoms = keep }).Fit(task, 1, null, TestContext.Current.CancellationToken)
                .Sample([4000, 4000], 2, null, TestContext.Current.CancellationToken);
            double real = Share(task.Table), drawn = Share(rows);

            // Half the pairs of an atom and another value keep the atom; without, only pairs of two atoms have it.
            Assert.True(keep ? Math.Abs(drawn - real) < 0.05 : drawn < real, $"{drawn} of {real} are zero");
        }

        static double Share(Table table) => table["gain"].Values.ToArray().Average(cell => cell == 0 ? 1.0 : 0);
    }

    [Fact]
    public void Of_a_large_class_only_so_many_rows_take_part()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var task = GeneratorTables.Named("numbers only");
        var fitted = new SmoteGenerator(device, new() { MostRows = 2, Neighbours = 1 }).Fit(task, 1, null, TestContext.Current.CancellationToken);
        var rows = fitted.Sample([500, 0, 0], 2, null, TestContext.Current.CancellationToken);
        double[] a = rows["b"].Values.ToArray();
        double slope = (rows["a"].Values.ToArray().Max() - rows["a"].Values.ToArray().Min()) / (a.Max() - a.Min());

        // Two rows span one line: 4 decimals of "a" are 1e-4 of the grid, half of it for each rounding.
        Assert.All(Enumerable.Range(0, 500), row =>
            Assert.Equal(0, Math.Min(Off(row, slope), Off(row, -slope)), 3e-4));

        double Off(int row, double rise)
        {
            double low = rise > 0 ? rows["a"].Values.ToArray().Min() : rows["a"].Values.ToArray().Max();
            return Math.Abs(rows["a"].Values[row] - low - rise * (a[row] - a.Min()));
        }
    }

    static void AssertRows(SmoteClass own, ClassificationTask task, JsonElement expected, Action<int, int, double[][]> more)
    {
        int[] rows = Whole(Golden.GetProperty("rows")), columns = Whole(Golden.GetProperty("cols"));
        var cells = Cells(task.Features.Columns.Count, rows.Length);
        for (int draw = 0; draw < rows.Length; draw++)
        {
            var drawn = new DrawnRow(cells, draw, 1, (uint)draw, new Philox(9));
            own.Write(drawn, rows[draw], columns[draw], Golden.GetProperty("steps")[draw].GetDouble(), stream: 0);
            for (int c = 0; c < 3; c++)
            {
                Assert.Equal(expected[draw][c].GetDouble(), cells[c][draw], Tolerance);
            }

            more(draw, rows[draw], cells);
        }
    }

    static SmoteClass Class(ClassificationTask task)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        return SmoteClass.Of(task, ClassRows.Of(task), new SmoteSpace(task, Defaults.Standardise), Defaults, device, null, default)[1];
    }

    static ForeignNeighbours Foreign(ClassificationTask task, int neighbours)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        return ForeignNeighbours.Count(ClassRows.Of(task), new SmoteSpace(task, Defaults.Standardise), neighbours, device, default).ElementAt(1);
    }

    static ClassificationTask Task(bool withNames)
    {
        var columns = Enumerable.Range(0, 3).Select(c => new Column($"x{c}", ColumnKind.Numeric, Cells("numbers", c), null, decimals: 15)).ToList();
        if (withNames)
        {
            columns.AddRange([new("a", ColumnKind.Categorical, Cells("codes", 0), ["p", "q", "r"]), new("b", ColumnKind.Categorical, Cells("codes", 1), ["s", "t", "u", "v"])]);
        }

        double[] labels = [.. Golden.GetProperty("y").EnumerateArray().Select(cell => cell.GetDouble())];
        return GeneratorTables.Task([.. columns, new("y", ColumnKind.Categorical, labels, ["no", "yes"])]);

        static double[] Cells(string name, int column) => [.. Golden.GetProperty(name).EnumerateArray().Select(row => row[column].GetDouble())];
    }

    static double[][] Cells(int columns, int rows) => [.. Enumerable.Range(0, columns).Select(_ => new double[rows])];

    static int[] Whole(JsonElement numbers) => numbers.ValueKind == JsonValueKind.Array
        ? [.. numbers.EnumerateArray().SelectMany(Whole)] : [numbers.GetInt32()];
}
