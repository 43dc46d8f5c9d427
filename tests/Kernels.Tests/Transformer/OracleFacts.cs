using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer.Oracle;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

/// <summary>The oracle's backward pass against its own forward pass, and the transformer against the oracle.</summary>
public class OracleFacts(ITestOutputHelper output)
{
    // Of the largest logit and of the largest gradient of the model: ten times what PyTorch's single precision differs from
    // its double precision by on the stored runs.
    const double LogitTolerance = 1e-5, GradientTolerance = 3e-5;

    public static TheoryData<string> Names => OracleConfigs.Names;

    public static IEnumerable<TheoryDataRow<string, DeviceKind>> NamesOnEveryDevice() =>
        from device in new EveryDevice()
        from one in device.Data == DeviceKind.Emulated ? OracleConfigs.Known : OracleConfigs.All
        select new TheoryDataRow<string, DeviceKind>(one.Name, device.Data);

    [Theory, MemberData(nameof(NamesOnEveryDevice))]
    public void The_transformer_agrees_with_the_oracle(string name, DeviceKind kind)
    {
        var one = OracleConfigs.Named(name);
        var oracle = new TransformerOracle(one.Config, one.Weights());
        double[] logits = oracle.Forward(one.Episode()).Values;
        var (gradients, cells) = oracle.Backward(one.LogitGradient);

        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        using var model = Fast(one, device);
        var fast = model.Forward(Batch(one.Episode()), workspace);
        double logitError = Values.LargestDifference(logits, fast) / logits.Max(Math.Abs);
        var fastCells = new float[cells.Length];
        model.Backward(one.LogitGradient.On(workspace, fast.Rows, fast.Width), fastCells);
        double largest = gradients.Values.Max(gradient => gradient.Max(Math.Abs));
        var (gradientError, worst) = gradients
            .Select(g => (Error: Values.LargestDifference(g.Value, model.Parameters.Gradient(g.Key)) / largest, g.Key)).Max();
        double cellError = Values.LargestDifference(cells, fastCells) / Math.Max(largest, cells.Max(Math.Abs));
        output.WriteLine($"{name} on {kind}: logits {logitError:e1}, gradients {gradientError:e1} ({worst}), cells {cellError:e1}");
        Assert.InRange(logitError, 0, LogitTolerance);
        Assert.InRange(gradientError, 0, GradientTolerance);
        Assert.InRange(cellError, 0, GradientTolerance);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_context_that_is_read_once_gives_the_same_logits(string name)
    {
        var one = OracleConfigs.Named(name);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        using var model = Fast(one, device);
        using var predictor = new TransformerPredictor(model);
        double[] expected = Array.ConvertAll(model.Forward(Batch(one.Episode()), workspace).ToArray(), v => (double)v);

        // The same sums, but for the number of rows that a product takes at a time: worst seen 0 at these sizes.
        double error = Values.LargestDifference(expected, predictor.Logits(Batch(one.Episode()))) / expected.Max(Math.Abs);
        output.WriteLine($"{name}: read once {error:e1}");
        Assert.InRange(error, 0, 2e-6);
    }

    [Theory, MemberData(nameof(Names))]
    public void Recomputed_activations_give_the_same_bits(string name)
    {
        var one = OracleConfigs.Named(name);
        (float[] Logits, float[] Gradients) Run(bool recompute)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu);
            using var workspace = new Workspace(device);
            using var model = Fast(one with { Config = one.Config with { Layers = 3 } }, device);
            model.Parameters.Initialize(seed: 3);
            model.Recompute = recompute;
            var logits = model.Forward(Batch(one.Episode()), workspace);
            model.Backward(one.LogitGradient.On(workspace, logits.Rows, logits.Width));
            return (logits.ToArray(), model.Parameters.Gradients.ToArray());
        }

        var ((logits, gradients), (again, gradientsAgain)) = (Run(recompute: false), Run(recompute: true));
        Assert.Equal(logits, again);
        Assert.Equal(gradients, gradientsAgain);
    }

    static TabularTransformer Fast(OracleCase one, ComputeDevice device)
    {
        var model = new TabularTransformer(device, one.Config) { ColumnVectors = Floats(one.Episode().ColumnVectors) };
        foreach (var (weight, values) in one.Weights())
        {
            model.Parameters.Weight(weight).CopyFrom(Floats(values));
        }

        return model;
    }

    static EpisodeBatch Batch(OracleEpisode episode) => new(
        episode.Tables, episode.ContextRows, episode.QueryRows, episode.Columns, Floats(episode.Cells), Floats(episode.Labels));

    static float[] Floats(double[] values) => Array.ConvertAll(values, v => (float)v);

    [Theory, MemberData(nameof(Names))]
    public void Gradients_of_weights_are_central_differences(string name)
    {
        var one = OracleConfigs.Named(name);
        var weights = one.Weights();
        var episode = one.Episode();
        var oracle = new TransformerOracle(one.Config, weights);
        oracle.Forward(episode);
        var gradients = oracle.Backward(one.LogitGradient).Weights;
        double largest = gradients.Values.Max(gradient => gradient.Max(Math.Abs));
        var worst = (Error: 0.0, Name: "");
        foreach (var (weight, values) in weights)
        {
            double[] at = [.. values];

            // Two elements, and a direction that has a part in every element.
            int length = values.Length;
            double[][] directions = [Axis(length, length / 3), Axis(length, length - 1), Values.Draw(5, length)];
            foreach (double[] direction in directions)
            {
                double difference = Derivative(one, step =>
                {
                    for (int i = 0; i < at.Length; i++)
                    {
                        values[i] = at[i] + step * direction[i];
                    }

                    return Values.Dot(oracle.Forward(episode).Values, one.LogitGradient);
                });
                worst = Worse(worst, Math.Abs(difference - Values.Dot(gradients[weight], direction)) / largest, weight);
            }

            at.CopyTo(values, 0);
        }

        output.WriteLine($"{name}: {worst.Error:e1} of {largest:e1} ({worst.Name})");
        Assert.True(worst.Error < DifferenceTolerance(one), $"{worst}");
    }

    [Theory, MemberData(nameof(Names))]
    public void Gradients_of_cells_are_central_differences_and_0_where_there_is_no_number(string name)
    {
        var one = OracleConfigs.Named(name);
        var episode = one.Episode();
        var oracle = new TransformerOracle(one.Config, one.Weights());
        oracle.Forward(episode);
        double[] gradient = oracle.Backward(one.LogitGradient).Cells;
        Assert.All(gradient.Where((_, cell) => !double.IsFinite(episode.Cells[cell])), d => Assert.Equal(0, d));

        // A direction that has a part in every cell, and a third of the cells by themselves.
        double[] at = [.. episode.Cells], draws = Values.Draw(6, at.Length);
        double[] all = [.. draws.Select((u, cell) => Varies(episode, cell) ? u : 0)];
        IEnumerable<double[]> directions =
        [
            all, .. Enumerable.Range(0, at.Length).Where(cell => all[cell] > 0.3).Select(cell => Axis(at.Length, cell)),
        ];
        double largest = gradient.Max(Math.Abs), worst = 0;
        foreach (double[] direction in directions)
        {
            double difference = Derivative(one, step =>
            {
                for (int cell = 0; cell < at.Length; cell++)
                {
                    episode.Cells[cell] = direction[cell] == 0 ? at[cell] : at[cell] + step * direction[cell];
                }

                return Values.Dot(oracle.Forward(episode).Values, one.LogitGradient);
            });
            worst = Math.Max(worst, Math.Abs(difference - Values.Dot(gradient, direction)));
        }

        output.WriteLine($"{name}: {worst:e1} of {largest:e1}");
        Assert.InRange(worst, 0, DifferenceTolerance(one) * largest);
    }

    // At a column that is constant in the context the model jumps, unless cells are read raw.
    static bool Varies(OracleEpisode episode, int cell) => double.IsFinite(episode.Cells[cell]) &&
        episode.Column(cell / (episode.Rows * episode.Columns), cell % episode.Columns)
            .Take(episode.ContextRows).Where(double.IsFinite).Distinct().Count() > 1;

    static double[] Axis(int length, int element)
    {
        var axis = new double[length];
        axis[element] = 1;
        return axis;
    }

    static (double, string) Worse((double Error, string Name) worst, double error, string name) =>
        error > worst.Error ? (error, name) : worst;

    // Richardson's extrapolation of central differences. Linear attention has kinks, so that its steps are short ones.
    static double Derivative(OracleCase one, Func<double, double> loss)
    {
        if (one.Config.Attention == AttentionKind.Linear)
        {
            const double Short = 1e-7;
            return (loss(Short) - loss(-Short)) / (2 * Short);
        }

        const double H = 1e-4;
        double Central(double h) => (loss(h) - loss(-h)) / (2 * h);
        return (4 * Central(H) - Central(2 * H)) / 3;
    }

    /// <summary>What the transformer is held to must lie well above what rounding its weights alone can do.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Rounding_every_weight_to_a_float_moves_results_by_much_less_than_the_tolerance(string name)
    {
        var one = OracleConfigs.Named(name);
        (double[] Logits, double[] Gradients) Results(int seed)
        {
            // A relative error of half a unit in a float's last place, or none.
            double[] Rounded(int stream, double[] values) => [.. values.Zip(
                Values.Draw(seed + stream, values.Length), (v, u) => v * (1 + (seed == 0 ? 0 : Math.Sign(u) * 6e-8)))];
            var oracle = new TransformerOracle(
                one.Config, one.Weights().Select((w, i) => (w.Key, Rounded(i, w.Value))).ToDictionary());
            double[] logits = oracle.Forward(one.Episode()).Values;
            return (logits, [.. oracle.Backward(one.LogitGradient).Weights.Values.SelectMany(gradient => gradient)]);
        }

        var (logits, gradients) = Results(0);
        var (roundedLogits, roundedGradients) = Results(1000);
        double logitError = Largest(logits, roundedLogits), gradientError = Largest(gradients, roundedGradients);
        output.WriteLine($"{name}: rounding moves logits by {logitError:e1}, gradients by {gradientError:e1}");
        Assert.InRange(logitError, 0, LogitTolerance / 4);
        Assert.InRange(gradientError, 0, GradientTolerance / 4);

        static double Largest(double[] exact, double[] rounded) =>
            exact.Zip(rounded, (a, b) => Math.Abs(a - b)).Max() / exact.Max(Math.Abs);
    }

    // Rounding of a sum near 1, 1e-16, over a step, of gradients down to 1e-3: worst seen 7e-9, with short steps 1.6e-7.
    static double DifferenceTolerance(OracleCase one) => one.Config.Attention == AttentionKind.Linear ? 1e-6 : 3e-8;

    [Fact]
    public void Every_switch_has_each_of_its_values_in_two_models_at_least()
    {
        (string Name, Func<TransformerConfig, object> Value, int Values)[] switches =
        [
            ("norm", c => c.Norm, 2), ("place of the norm", c => c.NormBefore, 2), ("affine norm", c => c.AffineNorm, 2),
            ("biases", c => c.Biases, 2), ("attention", c => c.Attention, 2), ("multi-query", c => c.MultiQuery, 2),
            ("thinking rows", c => c.ThinkingRows > 0, 2), ("groups", c => c.GroupSize > 1, 2),
            ("shifts", c => c.GroupSize > 2 && c.ShiftedGroups, 2), ("cells", c => c.Cells, 3),
            ("shifts of each encoding", c => (c.Cells, c.ShiftedGroups), 6),
            ("encoder's layers", c => c.EncoderHidden > 0, 2), ("encoder's bias", c => c.EncoderBias, 2),
            ("labels", c => (c.Labels, c.DensifyLabels), 7), ("columns", c => c.ColumnEmbedding > 0, 2),
            ("decoder", c => (c.Decoder, c.NormBefore), 4),
            ("label encoder's layers", c => c.EncoderHidden > 0 ? c.LinearLabels : "any", 3),
            ("constants' places", c => c.Cells == CellEncoding.Indicated ? c.PackColumns : "any", 3),
            ("constants", c => c.Cells == CellEncoding.Standardized ? c.ZeroConstantColumns : "any", 3),
        ];
        foreach (var (name, value, values) in switches)
        {
            int[] counts = [.. OracleConfigs.All.CountBy(one => value(one.Config)).Select(count => count.Value)];
            Assert.True(counts.Length == values && counts.Min() > 1, $"{name}: {string.Join(", ", counts)}");
        }
    }

    // ---- What an encoder reads, by hand ----

    static double[] CellInputs(TransformerConfig config, OracleEpisode episode)
    {
        var oracle = new TransformerOracle(config, new OracleCase("", config).Weights());
        oracle.Forward(episode);
        return oracle.CellInputs.Values;
    }

    [Fact]
    public void Shifted_groups_read_columns_at_distances_of_powers_of_two_less_one()
    {
        var raw = new TransformerConfig { Width = 4, Layers = 1, Cells = CellEncoding.Raw };
        var config = raw with { GroupSize = 4, ShiftedGroups = true };
        var episode = new OracleEpisode(1, 1, 1, 5, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14], [0], []);
        Assert.Equal(
            [
                0, 1, 3, 2, 1, 2, 4, 3, 2, 3, 0, 4, 3, 4, 1, 0, 4, 0, 2, 1,
                10, 11, 13, 12, 11, 12, 14, 13, 12, 13, 10, 14, 13, 14, 11, 10, 14, 10, 12, 11,
            ],
            CellInputs(config, episode));
    }

    [Fact]
    public void The_last_group_of_raw_cells_is_scaled_by_the_columns_it_has()
    {
        var config = new TransformerConfig { Width = 4, Layers = 1, GroupSize = 3, Cells = CellEncoding.Raw };
        double root = Math.Sqrt(1.5);
        Assert.Equal(
            [0, 1, 2, 3 * root, 4 * root, 0, 5, 6, 7, 8 * root, 9 * root, 0],
            CellInputs(config, new(1, 1, 1, 5, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0], [])));
    }

    [Fact]
    public void Labels_are_closed_up_indicated_and_flagged()
    {
        double[] Inputs(LabelEncoding labels, bool densify)
        {
            var config = new TransformerConfig { Width = 4, Layers = 1, Labels = labels, DensifyLabels = densify };
            var oracle = new TransformerOracle(config, new OracleCase("", config).Weights());
            oracle.Forward(new(1, 4, 1, 1, [1, 2, 3, 4, 5], [5, 2, 0, 5], []));
            return oracle.LabelInputs.Values;
        }

        Assert.Equal([5, 2, 0, 5, 3], Inputs(LabelEncoding.Value, false));
        Assert.Equal([2, 1, 0, 2, 2], Inputs(LabelEncoding.Value, true));
        Assert.Equal([5, 0, 2, 0, 0, 0, 5, 0, 3, -2], Inputs(LabelEncoding.Indicated, false));
        Assert.Equal([2, 0, 1, 0, 0, 0, 2, 0, 2, -2], Inputs(LabelEncoding.Indicated, true));
        Assert.Equal([5, 0, 2, 0, 0, 0, 5, 0, 0, 1], Inputs(LabelEncoding.Flagged, false));
        Assert.Equal([2, 0, 1, 0, 0, 0, 2, 0, 0, 1], Inputs(LabelEncoding.Flagged, true));
    }
}
