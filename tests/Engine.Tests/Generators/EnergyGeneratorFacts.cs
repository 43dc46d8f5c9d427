using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;
using static CausalMixFT.Engine.Tests.Generators.ForestTables;

namespace CausalMixFT.Engine.Tests.Generators;

public class EnergyGeneratorFacts
{
    static readonly Philox Random = new(51);

    // A step without noise from a real row itself.
    static readonly EnergyOptions OneStep = new() { Steps = 1, Noise = 0, StartNoise = 0, KeepsRepeatedValues = false };

    [Theory]
    [MemberData(nameof(ForestTables.Names), MemberType = typeof(ForestTables))]
    public void Any_table_gives_rows_that_can_be_in_the_counts_asked_for(string name)
    {
        var task = Named(name);
        int[] counts = [.. task.ClassNames.Select((_, k) => k == 0 ? 0 : 20 + k)];
        CheckRows(task, Sample(task, counts, new EnergyOptions { Steps = 3, MaxContext = 20 }), counts);
    }

    [Fact]
    public void The_energy_is_that_of_the_models_logits_row_by_row()
    {
        var (transformer, own, rows) = Example(out var device);
        using var open = device;
        using var model = transformer;
        using var energy = FittedEnergy.EnergyOf(model, own)!;
        var gradient = new float[rows.Length];
        double[] energies = energy.Evaluate(rows, gradient);

        // The definition: the model asked in its other way, a context that is read once, and the two outputs in double.
        int columns = own.Columns.Length, context = own.Context.Length / columns, corners = own.Corners.Length / columns;
        float[] labels = [.. Enumerable.Repeat(0f, context), .. Enumerable.Repeat(1f, corners)];
        using var predictor = new TransformerPredictor(model);
        var batch = new EpisodeBatch(
            1, labels.Length, energies.Length, columns, (float[])[.. own.Context, .. own.Corners, .. rows], labels);
        float[] logits = predictor.Logits(batch);
        for (int row = 0; row < energies.Length; row++)
        {
            double expected = -Math.Log(Math.Exp(logits[10 * row]) + Math.Exp(logits[10 * row + 1]));

            // Float products of six layers in other orders: 1e-5 of logits of about 5.
            Assert.Equal(expected, energies[row], 1e-4);

            // Logits of one row make its energy, whatever rows stand beside it.
            double alone = energy.Evaluate(rows.AsSpan(row * columns, columns), new float[columns])[0];
            Assert.Equal(alone, energies[row], 1e-4);
        }

        Assert.True(energies.Max() - energies.Min() > 0.01);
    }

    [Fact]
    public void The_gradient_agrees_with_central_differences()
    {
        var (transformer, own, rows) = Example(out var device);
        using var open = device;
        using var model = transformer;
        using var energy = FittedEnergy.EnergyOf(model, own)!;
        float[] gradient = new float[rows.Length], spare = new float[rows.Length];
        energy.Evaluate(rows, gradient);
        Assert.True(gradient.Max(Math.Abs) > 0.05);

        // Energies are good to about 2e-6, which over 2h = 0.02 is 1e-4; the third derivative adds h²/6 of itself.
        const float H = 0.01f;
        for (int at = 0; at < rows.Length; at++)
        {
            float[] up = [.. rows], down = [.. rows];
            up[at] += H;
            down[at] -= H;
            int row = at / own.Columns.Length;
            double slope = (energy.Evaluate(up, spare)[row] - energy.Evaluate(down, spare)[row]) / (up[at] - (double)down[at]);
            Assert.Equal(float.IsNaN(rows[at]) ? 0 : slope, gradient[at], 2e-3);
        }
    }

    [Fact]
    public void Minus_the_softmax_is_the_slope_of_the_energy_by_the_logits()
    {
        // exp(0) + exp(log 3) = 4: E = −log 4, softmax ¼ and ¾. Outputs past the second take no part; large ones do not overflow.
        var (energies, slopes) = EnergyFunction.OfLogits([0, MathF.Log(3), 50, 200, 200, -1], 3);
        Assert.Equal([-Math.Log(4), -200 - Math.Log(2)], energies.Select(energy => Math.Round(energy, 6)), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([-0.25f, -0.75f, 0, -0.5f, -0.5f, 0], slopes, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Each_class_has_an_energy_of_its_own_and_the_same_rows_when_asked_again()
    {
        var task = Two();
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var fitted = new EnergyGenerator(Small(), device, new EnergyOptions { Steps = 4 }).Learn(task, seed: 1);
        var first = fitted.Draw([9, 8], seed: 2);
        Assert.True(AreSame(first, fitted.Draw([9, 8], seed: 2)));
        Assert.False(AreSame(first, fitted.Draw([9, 8], seed: 3)));

        // The rows of a class do not depend on whether another was asked for before it: no model of another class is left behind.
        Assert.True(AreSame(first.Select([.. Enumerable.Range(9, 8)]), fitted.Draw([0, 8], seed: 2)));
        Assert.True(AreSame(first.Select([.. Enumerable.Range(0, 9)]), fitted.Draw([9, 0], seed: 2)));
    }

    [Fact]
    public void Threads_change_no_cell()
    {
        Table Rows(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            return new EnergyGenerator(Small(), device, new EnergyOptions { Steps = 3 }).Learn(Named("every kind"), 1).Draw([30, 40], 2);
        }

        Assert.True(AreSame(Rows(1), Rows(3)));
    }

    [Fact]
    public void The_mean_energy_divides_each_step_by_the_rows_asked_for()
    {
        const int Rows = 6;
        var task = Two();
        double[] Moved(EnergyOptions options) => Sample(task, [Rows, 0], options)["x"].Values.ToArray();
        double[] start = Moved(OneStep with { StepSize = 0 });
        double[] sum = Moved(OneStep), mean = Moved(OneStep with { Reduction = EnergyReduction.Mean });
        double farthest = 0;
        for (int row = 0; row < Rows; row++)
        {
            // Positions are floats of about 1: a step is good to 1e-7 of that.
            Assert.Equal((sum[row] - start[row]) / Rows, mean[row] - start[row], 1e-6);
            farthest = Math.Max(farthest, Math.Abs(sum[row] - start[row]));
        }

        Assert.True(farthest > 1e-4);
    }

    [Fact]
    public void Without_a_slope_rows_are_a_bootstrap_with_the_noise_of_all_steps()
    {
        // A class of two rows, 0 and 2, in the range of another: standard deviation 1, so that residuals are in its units.
        double[] x = Map(42, row => row < 2 ? 2 * row : row % 2 == 0 ? -50 + row : 50 + row);
        var task = With([new("x", ColumnKind.Numeric, x, null, 15)], Map(42, row => row < 2 ? 0 : 1), 2);
        const int Rows = 1500, Steps = 8;
        var options = new EnergyOptions { StepSize = 0, Steps = Steps, KeepsRepeatedValues = false };
        double[] made = Sample(task, [Rows, 0], options)["x"].Values.ToArray();
        double[] residuals = [.. made.Select(value => value < 1 ? value : value - 2)];
        double variance = 0.01 * 0.01 * (Steps + 1);

        // A variance of 1500 normals: standard error √(2 / 1500) of itself, and 5 of those.
        Assert.Equal(1, residuals.Average(r => r * r) / variance, 5 * Math.Sqrt(2.0 / Rows));
        Assert.Equal(0.5, made.Count(value => value < 1) / (double)Rows, 5 * 0.5 / Math.Sqrt(Rows));
    }

    [Fact]
    public void Levels_gaps_and_spikes_are_those_of_a_real_row_of_the_class()
    {
        var task = Named("every kind");
        var made = Sample(task, [40, 40], new EnergyOptions { Steps = 5, Noise = 0.3 });
        string Held(Table table, int row) => string.Join('|', table.Columns.Select(column =>
            column.IsDiscrete || double.IsNaN(column.Values[row]) || (column.Name == "gain" && column.Values[row] == 0) ? column.Text(row) : "*"));
        var real = Enumerable.Range(0, task.Rows).Select(row => Held(task.Table, row)).ToHashSet();
        Assert.All(Enumerable.Range(0, 80), row => Assert.Contains(Held(made, row), real));
        Assert.NotEqual(
            made["x"].Values.ToArray().Where(value => !double.IsNaN(value)).Distinct().Order(),
            task.Table["x"].Values.ToArray().Where(value => !double.IsNaN(value)).Distinct().Order());
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(5, 4)]
    public void Corner_points_are_opposite_pairs_at_the_distance_asked_for(int columns, int points)
    {
        Column[] numbers = [.. Enumerable.Range(0, columns).Select(i => Numeric($"x{i}", 30, (uint)i, 3))];
        var own = new EnergyClass(new(numbers), [.. Enumerable.Range(0, 30)], new EnergyOptions(), new Philox(4));
        string[] corners = [.. own.Corners.Chunk(columns).Select(point => string.Join(' ', point))];
        Assert.Equal(points, corners.Distinct().Count());
        Assert.All(own.Corners, cell => Assert.Equal(5, Math.Abs(cell)));
        for (int point = 0; point < points; point += 2)
        {
            Assert.Equal(corners[point + 1], string.Join(' ', own.Corners.Chunk(columns).ElementAt(point).Select(cell => -cell)));
        }
    }

    [Fact]
    public void A_context_has_no_more_rows_than_its_cap_and_standard_units()
    {
        double[] x = Map(90, row => 100 + 20 * Random.Normal(row, 1));
        var table = new Table([new("x", ColumnKind.Numeric, x, null, 15), new("same", ColumnKind.Integer, Map(90, _ => 3))]);
        var whole = new EnergyClass(table, [.. Enumerable.Range(0, 90)], new EnergyOptions(), new Philox(4));
        Assert.Equal([0], whole.Columns);
        Assert.Equal(90, whole.Context.Length);
        Assert.Equal(0, whole.Context.Average(), 1e-5f);
        Assert.Equal(1, whole.Context.Average(z => z * z), 1e-5f);
        Assert.Equal(20, new EnergyClass(table, whole.Rows, new EnergyOptions { MaxContext = 20 }, new Philox(4)).Context.Length);
    }

    [Fact]
    public void A_model_of_numbers_is_refused_and_work_can_be_cancelled()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var small = Small();
        var regressor = new TabularModel(small.Config, small.Weights, "numbers.ckpt", new ModelTraits { Task = ModelTask.Regression });
        var refusal = Assert.Throws<InputException>(() => new EnergyGenerator(regressor, device).Learn(Two(), 1));
        Assert.Contains("numbers.ckpt", refusal.Message, StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var fitted = new EnergyGenerator(small, device).Learn(Two(), 1);
        Assert.ThrowsAny<OperationCanceledException>(() => fitted.Sample([3, 3], 1, null, cancelled.Token));
    }

    static Table Sample(ClassificationTask task, int[] counts, EnergyOptions options)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        return new EnergyGenerator(Small(), device, options).Learn(task, seed: 1).Draw(counts, seed: 2);
    }

    // The model that is shipped, a class of 14 rows of 3 columns, and 5 rows to judge with a gap.
    static (TabularTransformer Model, EnergyClass Own, float[] Rows) Example(out ComputeDevice device)
    {
        device = ComputeDevice.Open(DeviceKind.Cpu);
        Column[] numbers = [.. Enumerable.Range(0, 3).Select(i => Numeric($"x{i}", 14, (uint)i + 20, 3))];
        var own = new EnergyClass(new(numbers), [.. Enumerable.Range(0, 14)], new EnergyOptions(), new Philox(4));
        float[] rows = [.. Enumerable.Range(0, 15).Select(at => 2 * Random.Normal((uint)at, 9))];
        rows[4] = float.NaN;
        return (ShippedModel.Load().Load(device), own, rows);
    }

    static TabularModel Small()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var transformer = new TabularTransformer(device, new TransformerConfig { Width = 16, Heads = 2, Hidden = 32, Layers = 2 });
        transformer.Parameters.Initialize(seed: 5);
        return TabularModel.From(transformer, "random weights");
    }

    static ClassificationTask Two() => Task(
        60, 2, Numeric("x", 60, 1, 15), Numeric("y", 60, 2, 15), Levels("a", 60, 3, 3));
}
