using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.TabPfn;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>Regressors of random weights: what they are shown, and how their buckets become numbers of the target's unit.</summary>
public class InContextRegressorFacts
{
    const int Context = 40, Queries = 9, Buckets = 8;

    [Fact]
    public void One_pass_over_standardised_columns_is_what_another_model_is_asked()
    {
        var model = Small();
        var task = Task(value => value);
        var found = Predict(model, task, new());

        // The definition: cells and labels by mean and population deviation, the softmax, and the buckets' means and quantiles.
        double[][] columns = [.. task.Features.Columns.Select(column => column.Values.ToArray())];
        double[][] queries = [.. Rows().Columns.Select(column => column.Values.ToArray())];
        var (mean, deviation) = Moments(task.Values);
        float[] cells =
        [
            .. Enumerable.Range(0, Context).SelectMany(row => columns.Select(column => Standard(column[row], Moments(column)))),
            .. Enumerable.Range(0, Queries).SelectMany(row => queries.Zip(columns, (query, column) => Standard(query[row], Moments(column)))),
        ];
        float[] logits = Logits(model, new(1, Context, Queries, 2, cells, Array.ConvertAll(task.Values, value => Standard(value, (mean, deviation)))));
        var distribution = BarDistribution.Of(model.Traits, Buckets);
        for (int row = 0; row < Queries; row++)
        {
            double[] p = BarDistribution.Probabilities(logits.AsSpan(row * Buckets, Buckets), model.Traits.Temperature);

            // The same numbers but for the rounding of the moments: cells may differ by 6e-8.
            Assert.Equal(mean + deviation * distribution.Mean(p), found[row].Mean, 1e-4);
            Assert.Equal(mean + deviation * distribution.Quantile(p, 0.5), found[row].Median, 1e-4);
            Assert.Equal(mean + deviation * distribution.Quantile(p, 0.9), found[row].Quantiles[^1], 1e-4);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Predictions_have_the_unit_of_the_target(bool tabPfn)
    {
        var model = tabPfn ? SmallTabPfn() : Small();
        var plain = Predict(model, Task(value => value), new());
        var scaled = Predict(model, Task(value => 1024 * value), new());
        var shifted = Predict(model, Task(value => value + 100), new());
        Assert.All(plain.Zip(scaled), pair => Assert.Equal(1024 * pair.First.Mean, pair.Second.Mean, 1e-6)); // a power of 2 rounds nothing
        Assert.All(plain.Zip(shifted), pair => Assert.Equal(pair.First.Median + 100, pair.Second.Median, 1e-3)); // labels differ by 6e-8
        Assert.All(plain, one => Assert.Equal(one.Quantiles.Order(), one.Quantiles));
        Assert.True(plain.Select(one => one.Mean).Distinct().Count() > 1, "Every row got the same number.");
    }

    [Fact]
    public void TabPFN_averages_the_probabilities_of_its_members()
    {
        var model = SmallTabPfn();
        var task = Task(value => value);
        var options = new PredictionOptions { TabPfnMembers = 3, Seed = 2 };
        var found = Predict(model, task, options);
        var scale = TargetScale.Of(task.Values);
        var members = new TabPfnRegression(
            task.Features, Array.ConvertAll(task.Values, scale.Label), new() { Members = 3, Seed = 2 }).Members(Rows()).ToArray();
        float[][] logits = Array.ConvertAll(members, member => Logits(model, member));
        var distribution = BarDistribution.Of(model.Traits, Buckets);
        for (int row = 0; row < Queries; row++)
        {
            double[][] each = Array.ConvertAll(
                logits, one => BarDistribution.Probabilities(one.AsSpan(row * Buckets, Buckets), model.Traits.Temperature));
            double[] p = [.. Enumerable.Range(0, Buckets).Select(k => each.Average(one => one[k]))];
            Assert.Equal(scale.Value(distribution.Mean(p)), found[row].Mean, 1e-9);
            Assert.NotEqual(each[0], each[1]); // members are shown different tables
        }
    }

    [Fact]
    public void A_context_beyond_the_cap_is_drawn_by_the_seed()
    {
        var capped = new PredictionOptions { MaxContext = 20, Seed = 4 };
        double[] Means(PredictionOptions options) => [.. Predict(Small(), Task(value => value), options).Select(one => one.Mean)];
        Assert.Equal(Means(capped), Means(capped));
        Assert.NotEqual(Means(capped), Means(capped with { Seed = 5 }));
    }

    [Fact]
    public void Outer_buckets_without_width_are_refused()
    {
        var model = SmallTabPfn();
        var damaged = new TabularModel(
            model.Config, model.Weights, "damaged.ckpt", model.Traits with { Borders = [0, 0, 1, 2, 3, 4, 5, 6, 7] });
        string message = Assert.Throws<InputException>(() => Predict(damaged, Task(value => value), new())).Message;
        Assert.Contains("damaged.ckpt: its first or last bucket", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void More_rows_than_are_predicted_at_once_get_what_they_get_alone(bool tabPfn)
    {
        var model = tabPfn ? SmallTabPfn() : Small();
        var task = Task(value => value);
        var many = Features(InContextRegressor.RowsAtOnce + Queries, 3);
        var all = Predict(model, task, new(), many);
        var rest = Predict(model, task, new(), many.Select([.. Enumerable.Range(InContextRegressor.RowsAtOnce - 1, Queries + 1)]));
        Assert.Equal(many.Rows, all.Length);

        // A row at a block's end may be summed in another order: single precision's last digit.
        Assert.All(rest.Zip(all[^(Queries + 1)..]), pair => Assert.Equal(pair.First.Mean, pair.Second.Mean, 1e-6));
    }

    static NumericPrediction[] Predict(TabularModel model, RegressionTask task, PredictionOptions options, Table? rows = null)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        return new CausalMix(device, new() { Seed = options.Seed, Prediction = options }).Predict(model, task, rows ?? Rows());
    }

    static float[] Logits(TabularModel model, EpisodeBatch batch)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        using var transformer = model.Load(device);
        using var predictor = new TransformerPredictor(transformer);
        return predictor.Logits(batch);
    }

    static TabularModel Small() => Model(
        new() { Width = 16, Heads = 2, Hidden = 32, Layers = 2, Classes = Buckets, Cells = CellEncoding.Raw, Labels = LabelEncoding.Flagged },
        new() { Task = ModelTask.Regression });

    static TabularModel SmallTabPfn() => Model(
        new()
        {
            Width = 16,
            Heads = 2,
            Hidden = 32,
            Layers = 2,
            Classes = Buckets,
            AffineNorm = false,
            Biases = false,
            MultiQuery = true,
            GroupSize = 2,
            Cells = CellEncoding.Indicated,
            EncoderBias = false,
            Labels = LabelEncoding.Indicated,
            ColumnEmbedding = 4,
        },
        new()
        {
            Task = ModelTask.Regression,
            Ensemble = ModelEnsemble.TabPfn,
            Temperature = 0.9,
            Borders = [-4, -1.5f, -0.6f, -0.1f, 0.2f, 0.8f, 1.4f, 2, 5],
        });

    static TabularModel Model(TransformerConfig config, ModelTraits traits)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 1 });
        using var transformer = new TabularTransformer(device, config);
        transformer.Parameters.Initialize(seed: 5);
        return TabularModel.From(transformer, "untrained", traits);
    }

    static RegressionTask Task(Func<double, double> unit)
    {
        var features = Features(Context, 1);
        double[] values = [.. Enumerable.Range(0, Context).Select(row => unit(Math.Round(
            3 * features["a"].Values[row] - features["b"].Values[row] * features["b"].Values[row], 6)))];
        return RegressionTask.From(new(new([.. features.Columns, new Column("y", ColumnKind.Numeric, values, null, 17)]), []), "y");
    }

    static Table Rows() => Features(Queries, 2);

    static Table Features(int rows, int seed)
    {
        var random = new Random(seed);
        double[] Draw(double size) => [.. Enumerable.Range(0, rows).Select(_ => size * random.NextDouble())];
        return new([new("a", ColumnKind.Numeric, Draw(2), null, 17), new("b", ColumnKind.Numeric, Draw(3), null, 17)]);
    }

    static (double Mean, double Deviation) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    static float Standard(double value, (double Mean, double Deviation) by) => (float)((value - by.Mean) / by.Deviation);
}
