using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

public class ScmGeneratorFacts
{
    // Without trees a fit takes a fraction of a second.
    static readonly ScmGeneratorOptions Quick = new() { Scm = new() { Boosting = null } };

    [Theory, MemberData(nameof(GeneratorTables.Names), MemberType = typeof(GeneratorTables))]
    public void Every_awkward_table_is_handled(string table)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        GeneratorTables.AssertHandles(new ScmGenerator(device, Quick), table);
    }

    [Fact]
    public void An_ensemble_gives_rows_of_each_class()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        GeneratorTables.AssertHandles(new ScmGenerator(device, Quick with { Graphs = 3, Bootstraps = 10 }), "every kind");
    }

    [Theory, InlineData(true), InlineData(false)]
    public void The_target_causes_nothing_unless_asked_otherwise(bool isSink)
    {
        // The class and z cause x and are independent, so a search without knowledge directs class --> x.
        const int Rows = 2000;
        var random = new Philox(5);
        double[] labels = [.. Enumerable.Range(0, Rows).Select(row => random.Uniform((uint)row, 0) < 0.5 ? 1.0 : 0)];
        double[] z = [.. labels.Select((_, row) => (double)random.Normal((uint)row, 1))];
        double[] x = [.. labels.Select((label, row) => 2 * label + z[row] + random.Normal((uint)row, 2))];
        var table = new Table([
            new("x", ColumnKind.Numeric, x, null, 15), new("z", ColumnKind.Numeric, z, null, 15),
            new("y", ColumnKind.Categorical, labels, ["no", "yes"])]);
        var options = isSink ? new ScmGeneratorOptions() : new() { TargetIsSink = false };
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var graph = CausalDiscovery.Discover(
            table, options.SearchFor("y", 1), device, null, TestContext.Current.CancellationToken).Extension;
        int[] caused = [.. Enumerable.Range(0, 3).Where(node => graph.Parents(node).Contains(2))];
        Assert.Equal(isSink ? [] : [0], caused);
    }

    [Fact]
    public void A_class_is_drawn_as_the_model_has_it_and_on_any_threads_the_same()
    {
        // x causes y: its means in the classes are 2 apart, and they stay so.
        const int Rows = 2000;
        var random = new Philox(3);
        double[] labels = [.. Enumerable.Range(0, Rows).Select(row => random.Uniform((uint)row, 0) < 0.1 ? 1.0 : 0)];
        double[] x = [.. labels.Select((label, row) => Math.Round(2 * label + random.Normal((uint)row, 1), 3))];
        var task = GeneratorTables.Task(
            new("x", ColumnKind.Numeric, x, null, 3), new("z", ColumnKind.Numeric, [.. x.Select((cell, row) => Math.Round(cell + random.Normal((uint)row, 2), 3))], null, 3),
            new("class:of=this", ColumnKind.Categorical, labels, ["no: none", "yes=all"]));
        using ComputeDevice one = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 }), two = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        Table rows = Draw(one), again = Draw(two);
        GeneratorTables.AssertEqual(rows, again);
        double[] drawn = rows["x"].Values.ToArray();

        // A mean of 200 rows of class 1 has the deviation .07, and .06 of those drawn: four of both; the model's form may add as much.
        Assert.Equal(2, drawn[1000..].Average() - drawn[..1000].Average(), 0.7);

        Table Draw(ComputeDevice device) => new ScmGenerator(device, Quick).Fit(task, 1).Sample([1000, 300], 2);
    }
}
