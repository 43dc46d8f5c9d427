using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>What released models predict, beside what their own programs do: CAUSALMIXFT_WEIGHTS names the folder of both.</summary>
public partial class ReleasedPredictionFacts(ITestOutputHelper output)
{
    const double Tolerance = 1e-5;

    static readonly string? Folder = Environment.GetEnvironmentVariable("CAUSALMIXFT_WEIGHTS");

    [Theory]
    [InlineData("tinypfn_prior_trained", "breast_cancer_half")]
    [InlineData("tinypfn_prior_trained", "breast_cancer_small5")]
    [InlineData("tinypfn_prior_trained_multiclass_ticl_v4", "breast_cancer_half")]
    [InlineData("tinypfn_prior_trained_multiclass_ticl_v4", "breast_cancer_small5")]
    [InlineData("tinypfn_prior_trained_multiclass_ticl_v4", "iris_half")]
    [InlineData("tinypfn_prior_trained_multiclass_ticl_v4", "wine_half")]
    public void TinyPFN_predicts_the_same(string model, string table)
    {
        var stored = Arrays(At("tinypfn", "golden_" + model, $"golden_{table}.npz"));
        double[] x = stored["X"], y = stored["y_train"];
        int rows = y.Length + stored["y_test"].Length;
        Agrees(At("tinypfn", model + ".pt"), null, y.Length, rows, x, y, stored["logits_f64"]);
    }

    [Theory]
    [InlineData("diabetes")]
    [InlineData("friedman1_64")]
    [InlineData("friedman1_5f")]
    public void My_Small_PFN_predicts_the_same(string table)
    {
        var stored = Arrays(At("mysmallpfn", "golden", $"golden_{table}.npz"));
        double[] y = stored["y_train"], x = [.. stored["X_train"], .. stored["X_test"]];
        int rows = y.Length + stored["y_test"].Length;

        // The stored outputs are themselves in single precision, of twelve layers.
        Agrees(At("mysmallpfn", "my_PFN_weights.pth"), null, y.Length, rows, x, y, stored["logits_f32"]);
    }

    // Its program stores the means of the buckets' probabilities, and asks for columns and labels that are standardised, as these are.
    [Theory]
    [InlineData("diabetes")]
    [InlineData("friedman1_64")]
    [InlineData("friedman1_5f")]
    public void My_Small_PFN_predicts_the_same_numbers(string table)
    {
        var stored = Arrays(At("mysmallpfn", "golden", $"golden_{table}.npz"));
        double[] y = stored["y_train"], truth = stored["y_test"];
        var model = ModelFile.Read(At("mysmallpfn", "my_PFN_weights.pth"));
        Table Features(double[] cells, int rows) => new([.. Enumerable.Range(0, cells.Length / rows).Select(c => new Column(
            $"x{c}", ColumnKind.Numeric, [.. Enumerable.Range(0, rows).Select(row => cells[row * (cells.Length / rows) + c])], null, 17))]);
        var context = new Table([.. Features(stored["X_train"], y.Length).Columns, new Column("y", ColumnKind.Numeric, [.. y], null, 17)]);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var found = new CausalMix(device, new()).Predict(
            model, RegressionTask.From(new(context, []), "y"), Features(stored["X_test"], truth.Length));
        double error = found.Select((one, row) => Math.Abs(one.Mean - stored["mean_var_std_f32"][3 * row])).Max();
        double squares = found.Zip(truth, (one, value) => (one.Mean - value) * (one.Mean - value)).Average();
        double within = found.Zip(truth, (one, value) => value > one.Quantiles[0] && value <= one.Quantiles[^1] ? 1.0 : 0).Average();
        output.WriteLine($"{table}: means differ by {error:e1}, mean squared error {squares:0.0000}, {within:0.00} within the middle 0.8");
        Assert.InRange(error, 0, 1e-4);
    }

    // The fixture was written without densification of labels: dense labels differ only in the query's mean.
    [Fact]
    public void TabPFN_v2_predicts_the_same()
    {
        const string folder = "tabpfn";
        using var golden = JsonDocument.Parse(System.IO.File.ReadAllText(At("tabpfn-layouts", folder, "golden.json")));
        var inputs = golden.RootElement.GetProperty("inputs");
        double[] Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array
            ? [.. element.EnumerateArray().SelectMany(Flat)] : [element.GetDouble()];
        double[] x = Flat(inputs.GetProperty("x")), y = Flat(inputs.GetProperty("y"));
        int rows = inputs.GetProperty("x")[0].GetArrayLength();
        double[] logits = Flat(golden.RootElement.GetProperty("logits"));
        int outputs = logits.Length / rows;
        Agrees(At("tabpfn-layouts", folder, "model.safetensors"), 2, y.Length, rows, x, y, logits[(y.Length * outputs)..], dense: false);
    }

    // The fixture stores means in the labels' own unit, without a temperature; its untrained network says the same of all rows.
    [Fact]
    public void TabPFN_v2_predicts_the_same_numbers()
    {
        using var golden = JsonDocument.Parse(System.IO.File.ReadAllText(At("tabpfn-layouts", "tabpfn", "golden_regression.json")));
        double[] Flat(JsonElement element) => element.ValueKind == JsonValueKind.Array
            ? [.. element.EnumerateArray().SelectMany(Flat)] : [element.GetDouble()];
        var inputs = golden.RootElement.GetProperty("inputs");
        double[] x = Flat(inputs.GetProperty("x")), y = Flat(inputs.GetProperty("y")), expected = Flat(golden.RootElement.GetProperty("logits"));
        var model = ModelFile.Read(At("tabpfn-layouts", "tabpfn", "model_regression.safetensors"), 2);
        var scale = TargetScale.Of(y);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var transformer = model.Load(device);
        using var predictor = new TransformerPredictor(transformer);
        float[] logits = predictor.Logits(new(
            1, y.Length, expected.Length - y.Length, x.Length / expected.Length, Floats(x), Array.ConvertAll(y, scale.Label)));
        var distribution = BarDistribution.Of(model.Traits, model.Config.Classes);
        int buckets = distribution.Buckets;
        double error = expected[y.Length..].Select((value, row) => Math.Abs(
            value - scale.Value(distribution.Mean(BarDistribution.Probabilities(logits.AsSpan(row * buckets, buckets)))))).Max();
        output.WriteLine($"means differ by {error:e1}");
        Assert.InRange(error, 0, Tolerance);
    }

    void Agrees(
        string file, int? heads, int contextRows, int rows, double[] x, double[] y, double[] expected, bool? dense = null)
    {
        var model = ModelFile.Read(file, heads);
        if (dense is { } densify)
        {
            model = new(model.Config with { DensifyLabels = densify }, model.Weights, model.Origin, model.Traits);
        }

        var batch = new EpisodeBatch(1, contextRows, rows - contextRows, x.Length / rows, Floats(x), Floats(y));
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var transformer = model.Load(device);
        using var predictor = new TransformerPredictor(transformer);
        float[] logits = predictor.Logits(batch);
        Assert.Equal(expected.Length, logits.Length);
        double largest = expected.Max(Math.Abs), error = expected.Zip(logits, (a, b) => Math.Abs(a - b)).Max() / largest;
        output.WriteLine($"{Path.GetFileName(file)}: {error:e1} of the largest logit, {largest:0.0}");
        Assert.InRange(error, 0, Tolerance);
    }

    static float[] Floats(double[] values) => Array.ConvertAll(values, value => (float)value);

    static string At(params string[] path)
    {
        Assert.SkipWhen(Folder is null, "CAUSALMIXFT_WEIGHTS names no folder.");
        return Path.Combine([Folder!, .. path]);
    }

    // numpy's .npz: a zip of .npy files, each a header in Python's notation and the elements.
    static Dictionary<string, double[]> Arrays(string path)
    {
        using var archive = ZipFile.OpenRead(path);
        return archive.Entries.ToDictionary(entry => Path.GetFileNameWithoutExtension(entry.Name), entry =>
        {
            using var stream = entry.Open();
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            byte[] all = bytes.ToArray();
            int data = 10 + BitConverter.ToUInt16(all, 8);
            string header = System.Text.Encoding.ASCII.GetString(all, 10, data - 10), type = Descriptor().Match(header).Groups[1].Value;
            int size = int.Parse(type[1..], CultureInfo.InvariantCulture);
            return Enumerable.Range(0, (all.Length - data) / size).Select(i => type switch
            {
                "f4" => BitConverter.ToSingle(all, data + 4 * i),
                "f8" => BitConverter.ToDouble(all, data + 8 * i),
                "i8" => (double)BitConverter.ToInt64(all, data + 8 * i),
                _ => 0,
            }).ToArray();
        });
    }

    [GeneratedRegex("'descr': '[<|]([a-zA-Z][0-9]+)'")]
    private static partial Regex Descriptor();
}
