using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Generators;

public class GeneratorCatalogFacts
{
    // Those that fit a model have facts of their own: it takes seconds a table.
    static readonly string[] Fitting = ["forest", "diffusion", "tvae", "ctgan", "energy", "scm", "scm-ensemble"];

    static readonly string[] Plain = [.. GeneratorCatalog.Names.Except(Fitting)];

    public static TheoryData<string> PlainNames => [.. Plain];

    public static IEnumerable<TheoryDataRow<string, string>> EveryPair() =>
        from generator in Plain from table in GeneratorTables.Names select new TheoryDataRow<string, string>(generator, table.Data);

    [Theory, MemberData(nameof(EveryPair))]
    public void Every_generator_handles_every_awkward_table(string generator, string table)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 2 });
        GeneratorTables.AssertHandles(GeneratorCatalog.Named(generator, device), table);
    }

    [Theory, MemberData(nameof(PlainNames))]
    public void Any_number_of_threads_draws_the_same_rows(string generator)
    {
        var task = GeneratorTables.Named("missing cells");
        using ComputeDevice one = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 }), three = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 3 });
        GeneratorTables.AssertEqual(Draw(GeneratorCatalog.Named(generator, one), task, [700, 900]), Draw(GeneratorCatalog.Named(generator, three), task, [700, 900]));
    }

    [Theory, MemberData(nameof(PlainNames))]
    public void Another_seed_draws_other_rows(string generator)
    {
        var task = GeneratorTables.Named("every kind");
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var fitted = GeneratorCatalog.Named(generator, device).Fit(task, 1, null, TestContext.Current.CancellationToken);
        Table one = Draw(fitted, [50, 50, 50], 1), other = Draw(fitted, [50, 50, 50], 2);
        Assert.NotEqual(one.Columns[0].Values.ToArray(), other.Columns[0].Values.ToArray());
    }

    [Theory, MemberData(nameof(PlainNames))]
    public void A_row_depends_on_its_number_in_its_class_and_not_on_how_many_are_asked_for(string generator)
    {
        Assert.SkipWhen(generator == "adasyn", "how many rows begin where depends on their number");
        var task = GeneratorTables.Named("every kind");
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var named = GeneratorCatalog.Named(generator, device);
        Table few = Draw(named, task, [0, 20, 5]), many = Draw(named, task, [30, 70, 9]);
        int[] same = [.. Enumerable.Range(30, 20), .. Enumerable.Range(100, 5)];
        GeneratorTables.AssertEqual(few, many.Select(same));
    }

    [Theory, MemberData(nameof(PlainNames))]
    public void Work_can_be_ended_and_tells_how_far_it_is(string generator)
    {
        var task = GeneratorTables.Named("every kind");
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var fitted = GeneratorCatalog.Named(generator, device).Fit(task, 1, null, TestContext.Current.CancellationToken);
        Assert.Throws<OperationCanceledException>(() => fitted.Sample([300, 300, 300], 1, null, new CancellationToken(canceled: true)));
        var told = new Told();
        fitted.Sample([300, 300, 300], 1, told, TestContext.Current.CancellationToken);
        Assert.Equal(1, told.Last);
    }

    [Fact]
    public void Names_are_those_of_the_generators_and_what_there_is_not_is_said()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        Assert.All(GeneratorCatalog.Names.Where(name => name != "smote-nc"), name => Assert.Equal(name, GeneratorCatalog.Named(name, device).Name));
        var unknown = Assert.Throws<InputException>(() => GeneratorCatalog.Named("smots", device));
        Assert.Contains("copula", unknown.Message, StringComparison.Ordinal);
        var undefined = Assert.Throws<InputException>(() => GeneratorCatalog.Named("tableaugment", device));
        Assert.Contains("not publicly defined", undefined.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_of_a_class_without_rows_are_refused_and_wrong_counts_are_a_fault()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        var fitted = new BootstrapGenerator(device).Fit(GeneratorTables.Named("every kind"), 1, null, TestContext.Current.CancellationToken);
        Assert.Throws<ArgumentException>(() => Draw(fitted, [1, 2], 1));
        Assert.Throws<ArgumentException>(() => Draw(fitted, [1, -2, 3], 1));
    }

    static Table Draw(IRowGenerator generator, ClassificationTask task, int[] counts) => Draw(generator.Fit(task, 1), counts, 2);

    static Table Draw(IFittedGenerator fitted, int[] counts, ulong seed) => fitted.Sample(counts, seed);

    sealed class Told : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value) => Last = value;
    }
}
