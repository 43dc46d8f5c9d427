using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Scm;

public class SampleRequestFacts
{
    const int Rows = 4000;

    // A confounder A of X and Y, X --> Y, and a class of Y; K is a root of three levels, R a rounded one.
    static readonly Lazy<StructuralCausalModel> Model = new(() => Fit("A --> X, A --> Y, X --> Y, Y --> C, K --> C", Columns()));

    static readonly Lazy<StructuralCausalModel[]> Ensemble = new(() =>
        [Model.Value, Fit("A --> X, X --> Y, Y --> C, K --> C", Columns()), Fit("Y --> X, Y --> A, X --> C", Columns())]);

    static Column[] Columns(double share = 0)
    {
        double[] a = Normals(Rows, 0), x = Map(a, Normals(Rows, 1), (p, e) => p + e);
        double[] y = Map(Map(a, x, (p, q) => 2 * p + 0.5 * q), Normals(Rows, 2), (f, e) => f + e);
        double[] k = Map(Uniforms(Rows, 3), u => Math.Floor(3 * u)), r = Map(Normals(Rows, 5), e => Math.Round(50 + 10 * e, 1));
        double[] c = Map(y, Uniforms(Rows, 4), (f, u) => u < 1 / (1 + Math.Exp(3 - f)) ? 1 : 0);
        double[] gaps = Map(a, Uniforms(Rows, 6), (v, u) => u < share ? double.NaN : v);
        return [Numeric("A", gaps), Numeric("X", x), Numeric("Y", y), Categorical("K", k, 3), new Column("C", ColumnKind.Boolean, c, ["no", "yes"]), Numeric("R", r, 1), Integer("N", Map(a, v => Math.Round(1000 * v)))];
    }

    static Table Ask(SampleRequest request, int threads = 2, ulong seed = 5, params StructuralCausalModel[] models)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        return AncestralSampler.Sample(models.Length > 0 ? models : [Model.Value], request, seed, device);
    }

    public static TheoryData<string> Requests => ["plain", "root", "reject", "balance", "share", "do", "ensemble", "balanced ensemble"];

    static (SampleRequest Request, StructuralCausalModel[] Models) Named(string name, long rows) => name switch
    {
        "root" => (new() { Rows = rows, Where = ["A > 0.5 and K in (L0, L2)"] }, [Model.Value]),
        "reject" => (new() { Rows = rows, Where = ["Y > 1", "X <= 2"] }, [Model.Value]),
        "balance" => (new() { Rows = rows, Balance = "C" }, [Model.Value]),
        "share" => (new() { Rows = rows, ClassShares = ["C = 0.3"], Where = ["X > 0"] }, [Model.Value]),
        "do" => (new() { Rows = rows, Do = ["X = 1"] }, [Model.Value]),
        "ensemble" => (new() { Rows = rows, Where = ["Y > 0"] }, Ensemble.Value),
        "balanced ensemble" => (new() { Rows = rows, Balance = "C", Where = ["A > 0"] }, Ensemble.Value),
        _ => (new() { Rows = rows }, [Model.Value]),
    };

    [Theory, MemberData(nameof(Requests))]
    public void Threads_blocks_and_shards_do_not_change_a_cell(string name)
    {
        const int Wanted = 9001;
        var (request, models) = Named(name, Wanted);
        var whole = Ask(request, threads: 1, models: models).Cells();
        Assert.Equal(whole, Ask(request, threads: 2, models: models).Cells());
        Assert.Equal(whole, Joined([.. Enumerable.Range(1, 8).Select(i => Ask(request.Shard(i, 8), models: models))]));
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        foreach (int blockRows in new[] { 1, 97, 1000, 65_536 })
        {
            var (part, _) = Named(name, blockRows == 1 ? 60 : Wanted);
            var streamed = AncestralSampler.Stream(models, part, 5, device, blockRows).ToArray();
            Assert.Equal(whole.Select(cells => cells[..(int)part.Rows]), Joined(streamed));
        }
    }

    [Fact]
    public void Conditions_hold_in_every_row()
    {
        var table = Ask(new() { Rows = 3000, Where = ["A > 0.5 and K in (L0, 'L2')", "Y != 0", "R >= 60.1", "C = yes"] });
        for (int row = 0; row < table.Rows; row++)
        {
            Assert.True(table["A"].Values[row] > 0.5 && table["K"].Values[row] != 1 && table["R"].Values[row] >= 60.1 && table["C"].Values[row] == 1);
        }
    }

    [Theory]
    [InlineData("A > 0.5")]
    [InlineData("R > 60 and R <= 65")]
    [InlineData("Y > 1")]
    public void Conditional_rows_are_distributed_as_the_models_rows_where_the_condition_holds(string condition)
    {
        var kept = Ask(new() { Rows = 8000, Where = [condition] }, seed: 9);
        var all = Model.Value.Sample(200_000, seed: 11);
        int[] rows = [.. Enumerable.Range(0, all.Rows).Where(r => condition switch
        {
            "A > 0.5" => all["A"].Values[r] > 0.5,
            "Y > 1" => all["Y"].Values[r] > 1,
            _ => all["R"].Values[r] is > 60 and <= 65,
        })];
        var expected = all.Select(rows);
        foreach (var column in expected.Columns)
        {
            // 1.95 √(1/n + 1/m) is passed by chance once in a thousand for each of six columns.
            double critical = 1.95 * Math.Sqrt(1.0 / kept.Rows + 1.0 / expected.Rows);
            Assert.InRange(Distance(column.Values.ToArray(), kept[column.Name].Values.ToArray()), 0, critical);
        }
    }

    [Fact]
    public void Constrained_roots_are_drawn_so_and_nothing_is_thrown_away()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        (long drawn, long kept) = (0, 0);
        var request = new SampleRequest { Rows = 4096, Where = ["A > 2.5 and K = L1"] };
        _ = AncestralSampler.Stream([Model.Value], request, 1, device, tally: (all, some) => (drawn, kept) = (all, some)).ToArray();
        Assert.Equal(4096, kept);
        Assert.InRange(drawn, 4096, 2 * 4096); // a second batch where an edge was rounded across
    }

    [Fact]
    public void A_missing_cell_meets_no_condition_and_gaps_elsewhere_stay()
    {
        var scm = Fit("A --> X", Columns(share: 0.2));
        var table = Ask(new() { Rows = 5000, Where = ["A < 0"] }, models: scm);
        Assert.All(table["A"].Values.ToArray(), v => Assert.True(v < 0));
        var other = Ask(new() { Rows = 5000, Where = ["X < 0"] }, models: scm);
        Assert.InRange(other["A"].Values.ToArray().Count(double.IsNaN) / 5000.0, 0.15, 0.25);
    }

    [Fact]
    public void An_intervention_is_not_a_condition()
    {
        // Y = 2 A + 0.5 X + e and X = A + e': E[Y | do(X = 1)] = 0.5, while E[A | X = 1] = 0.5 makes E[Y | X = 1] = 1.5.
        var done = Ask(new() { Rows = 20_000, Do = ["X = 1"] });
        Assert.All(done["X"].Values.ToArray(), v => Assert.Equal(1, v));

        // Deviation √5 of 20,000 draws and of a fit to 4,000 rows: four standard errors are 0.16; X near 1 allows 0.05.
        Assert.InRange(done["Y"].Values.ToArray().Average(), 0.5 - 0.2, 0.5 + 0.2);
        var seen = Ask(new() { Rows = 20_000, Where = ["X > 0.9 and X < 1.1"] });
        Assert.InRange(seen["Y"].Values.ToArray().Average(), 1.5 - 0.2, 1.5 + 0.2);
    }

    [Fact]
    public void An_intervention_changes_no_column_that_it_does_not_cause()
    {
        var before = Model.Value.Sample(3000);
        var after = Ask(new() { Rows = 3000, Do = ["Y = 3"] });
        foreach (string name in new[] { "A", "X", "K", "R" })
        {
            Assert.Equal(before[name].Values.ToArray(), after[name].Values.ToArray());
        }

        Assert.NotEqual(before["C"].Values.ToArray(), after["C"].Values.ToArray());
    }

    [Fact]
    public void Levels_and_listed_numbers_can_be_set_and_missing_cells_are_not()
    {
        var scm = Fit("A --> X", Columns(share: 0.2));
        var table = Ask(new() { Rows = 500, Do = ["A = 0.25 and K = L2", "C = no"] }, models: scm);
        Assert.All(table["A"].Values.ToArray(), v => Assert.Equal(0.25, v));
        Assert.All(table["K"].Values.ToArray(), v => Assert.Equal(2, v));
        Assert.All(table["C"].Values.ToArray(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Classes_have_the_shares_that_are_asked_for_in_every_part()
    {
        var table = Ask(new() { Rows = 20_000, ClassShares = ["C:yes = 0.25"] });
        foreach (int end in new[] { 100, 4096, 5000, 20_000 })
        {
            Assert.InRange(table["C"].Values[..end].ToArray().Count(v => v == 1), 0.25 * end - 1, 0.25 * end + 1);
        }

        var balanced = Ask(new() { Rows = 3000, Balance = "K" });
        Assert.All(Enumerable.Range(0, 3), level => Assert.InRange(balanced["K"].Values.ToArray().Count(v => v == level), 998, 1002));
        var third = Ask(new() { Rows = 3000, ClassShares = ["K:L0=0.5", "K:L1=0.25"] });
        Assert.InRange(third["K"].Values.ToArray().Count(v => v == 2), 749, 751);
    }

    [Fact]
    public void Within_a_class_rows_are_as_the_model_has_them()
    {
        var balanced = Ask(new() { Rows = 8000, Balance = "C" });
        var all = Model.Value.Sample(60_000, seed: 12);
        foreach (double level in new[] { 0.0, 1 })
        {
            double[] mine = Of(balanced, level), models = Of(all, level);
            Assert.InRange(Distance(mine, models), 0, 1.95 * Math.Sqrt(1.0 / mine.Length + 1.0 / models.Length));
        }

        static double[] Of(Table table, double level) =>
            [.. Enumerable.Range(0, table.Rows).Where(r => table["C"].Values[r] == level).Select(r => table["X"].Values[r])];
    }

    [Fact]
    public void An_ensembles_models_give_rows_by_turns()
    {
        StructuralCausalModel One(double value) => Fit("A", Numeric("A", [.. Enumerable.Repeat(value, 30)], 0));
        var table = Ask(new() { Rows = 7, FirstRow = 4 }, models: [One(0), One(1), One(2)]);
        Assert.Equal([1, 2, 0, 1, 2, 0, 1], table["A"].Values.ToArray());
    }

    [Fact]
    public void Numbers_leave_the_observed_interval_only_when_allowed()
    {
        var inside = Ask(new() { Rows = 50_000, Do = ["A = 3"] });
        double max = ((ValueRange)Model.Value.Nodes[2].Support).Max;
        Assert.InRange(inside["Y"].Values.ToArray().Max(), 0, max);
        var outside = Ask(new() { Rows = 50_000, Do = ["A = 30"], BeyondSupport = true });

        // E[X | do(A = 30)] = 30, E[Y] = 75: a line goes on where it went.
        Assert.InRange(outside["Y"].Values.ToArray().Average(), 70, 80);
    }

    [Theory]
    [InlineData("B > 1", "no column 'B'")]
    [InlineData("K < L1", "cannot order")]
    [InlineData("K = L9", "no level 'L9'")]
    [InlineData("A > big", "'big' is none")]
    [InlineData("A >", "ends where a value")]
    [InlineData("A", "ends where one of")]
    [InlineData("A ~ 3", "'~'")]
    [InlineData("A > 1 or X > 2", "'or' stands where 'and'")]
    [InlineData("K in L1", "after in")]
    [InlineData("K in (L1", "ends where , or )")]
    [InlineData("A > 1 and", "ends where a column")]
    [InlineData("'A > 1", "not understood")]
    [InlineData("Y > 1000", "its values go from")]
    [InlineData("R = 50 and R > 50", "'R'")]
    [InlineData("K in (L1) and K != L1", "its values are 'L0', 'L1', 'L2'")]
    [InlineData("Y > 5 and A < -2", "None of 12288 rows that were drawn met the conditions")]
    public void A_wrong_condition_is_one_sentence(string condition, string mention) =>
        Refused(new() { Rows = 10, Where = [condition], Budget = 3 }, mention);

    [Theory]
    [InlineData("A", "ends where one of")]
    [InlineData("A > 1", "sets no column")]
    [InlineData("A = 1 and A = 2", "one column twice")]
    [InlineData("A = 99", "was never 99")]
    [InlineData("N = 2.5", "whole numbers and cannot be set to 2.5")]
    [InlineData("K = L9", "no level 'L9'")]
    public void A_wrong_intervention_is_one_sentence(string intervention, string mention) =>
        Refused(new() { Rows = 10, Do = [intervention] }, mention);

    [Theory]
    [InlineData("C", "cannot be read")]
    [InlineData("C = 1.5", "from 0 to 1")]
    [InlineData("C:maybe = 0.5", "no level 'maybe'")]
    [InlineData("K = 0.5", "say which one")]
    [InlineData("A = 0.5", "holds numbers")]
    [InlineData("B = 0.5", "no column 'B'")]
    public void A_wrong_class_share_is_one_sentence(string share, string mention) =>
        Refused(new() { Rows = 10, ClassShares = [share] }, mention);

    [Fact]
    public void Shares_that_do_not_add_up_and_double_asking_are_one_sentence()
    {
        Refused(new() { Rows = 10, ClassShares = ["K:L0 = 0.7", "K:L1 = 0.7"] }, "more than 1");
        Refused(new() { Rows = 10, ClassShares = ["C:yes = 0.7", "C:no = 0.1"] }, "less than 1");
        Refused(new() { Rows = 10, ClassShares = ["C:yes = 0.7", "C:yes = 0.1"] }, "given twice");
        Refused(new() { Rows = 10, ClassShares = ["C:yes = 0.7", "K:L0 = 0.1"] }, "only one");
        Refused(new() { Rows = 10, ClassShares = ["C:yes = 0.7"], Balance = "C" }, "not both");
        Refused(new() { Rows = 10, Do = ["A = 1", "A = 0"] }, "one column twice");
        Refused(new() { Rows = 10, Do = ["K = L1"], ClassShares = ["K:L0 = 0.5"] }, "never draws class 'L0'");
        Refused(new() { Rows = 10, Do = ["K = L1"], Where = ["K = L0"] }, "No row can meet");
        Refused(new() { Rows = 10, ClassShares = ["C:yes = 0.12345678"] }, "six decimals");
        Refused(new() { Rows = 2, FirstRow = uint.MaxValue }, "beyond");
    }

    [Fact]
    public void A_class_too_rare_for_the_budget_is_named()
    {
        double[] y = new double[1000];
        y[0] = 1;
        var scm = Fit("Y", Categorical("Y", y, 2));
        var fault = Assert.Throws<InputException>(() => Ask(new() { Rows = 100, Balance = "Y", Budget = 2 }, models: scm));
        Assert.StartsWith("Of class 'L1' too few rows were found among 8192", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Few_rare_rows_are_found_without_finding_a_whole_cohort()
    {
        // Y has deviation 2.7, so Y > 6 in 1.4 %: ten rows take 700 candidates, 4,096 nine times what the budget allows.
        (long drawn, long kept) = (0, 0);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var request = new SampleRequest { Rows = 10, Where = ["Y > 6"], Budget = 8 };
        var table = Assert.Single(AncestralSampler.Stream([Model.Value], request, 1, device, tally: (all, some) => (drawn, kept) = (all, some)));
        Assert.All(table["Y"].Values.ToArray(), v => Assert.True(v > 6));
        Assert.Equal(10, kept);
        Assert.InRange(drawn, 100, 8 * 4096);
        Refused(request with { Rows = 4096 }, "raise the budget");
    }

    [Fact]
    public void Each_model_of_an_ensemble_gives_its_part_however_rarely_it_meets_a_condition()
    {
        // B tells the models apart. The first draws K as a root and loses no row; the second loses two of three.
        StructuralCausalModel One(double value, string graph) =>
            Fit(graph, [Numeric("B", [.. Enumerable.Repeat(value, Rows)], 0), .. Columns()]);
        var table = Ask(new() { Rows = 400, Where = ["K = L1"], Balance = "C" }, models: [One(1, "K --> Y"), One(2, "Y --> K")]);
        Assert.Equal(200, table["B"].Values.ToArray().Count(v => v == 1));
        foreach (double level in new[] { 0.0, 1 })
        {
            // Not one model for each class.
            int[] rows = [.. Enumerable.Range(0, 400).Where(r => table["C"].Values[r] == level)];
            Assert.Equal(200, rows.Length);
            Assert.Equal(100, rows.Count(r => table["B"].Values[r] == 1));
        }
    }

    [Fact]
    public void Classes_that_are_not_named_keep_their_proportions_under_a_condition()
    {
        // D is 0, 1 or 2 as Y is low, middle or high: as many low as high, but not where Y > 0.
        double[] y = Map(Normals(Rows, 0), Normals(Rows, 1), (a, e) => a + e);
        double[] d = Map(y, Normals(Rows, 2), (v, e) => v + e < -1 ? 0 : v + e < 1 ? 1 : 2);
        var scm = Fit("A --> Y, Y --> D", Numeric("A", Normals(Rows, 0)), Numeric("Y", y), Categorical("D", d, 3));
        var all = scm.Sample(100_000, seed: 21);
        double[] seen = [.. Enumerable.Range(0, all.Rows).Where(r => all["Y"].Values[r] > 0 && all["D"].Values[r] != 1).Select(r => all["D"].Values[r])];

        double[] found = Ask(new() { Rows = 8000, Where = ["Y > 0"], ClassShares = ["D:L1 = 0.2"] }, models: scm)["D"].Values.ToArray();
        Assert.InRange(found.Count(v => v == 1), 1599, 1601);
        found = [.. found.Where(v => v != 1)];

        // Four standard errors of two shares near 0.9: 0.02; of all rows it is 0.5.
        double share = seen.Count(v => v == 2) / (double)seen.Length;
        double error = Math.Sqrt(share * (1 - share) * (1.0 / found.Length + 1.0 / seen.Length));
        Assert.InRange(share, 0.8, 1);
        Assert.InRange(found.Count(v => v == 2) / (double)found.Length, share - 4 * error, share + 4 * error);
    }

    [Fact]
    public void A_number_that_is_set_is_written_with_all_its_decimals()
    {
        var scm = Fit("A --> R", Columns());
        var column = Ask(new() { Rows = 3, Do = ["R = 50.125"] }, models: scm)["R"];
        Assert.Equal("50.125", column.Text(0));
    }

    static void Refused(SampleRequest request, string mention)
    {
        var fault = Assert.Throws<InputException>(() => Ask(request));
        Assert.Contains(mention, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    static double[][] Joined(Table[] parts) =>
        [.. Enumerable.Range(0, parts[0].Columns.Count).Select(i => parts.SelectMany(part => part.Columns[i].Values.ToArray()).ToArray())];
}
