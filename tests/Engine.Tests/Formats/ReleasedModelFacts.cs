using System.Text.Json;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Formats;

/// <summary>Files that other programs released, which lie outside: CAUSALMIXFT_WEIGHTS names their folder.</summary>
public class ReleasedModelFacts
{
    static readonly string? Folder = Environment.GetEnvironmentVariable("CAUSALMIXFT_WEIGHTS");

    [Theory]
    [InlineData("tinypfn_prior_trained.pt", 8, 8, 1, 2, 890)]
    [InlineData("tinypfn_prior_trained_multiclass_ticl_v4.pt", 16, 32, 4, 3, 14_083)]
    public void TinyPFN_is_read(string name, int width, int hidden, int layers, int classes, int parameters)
    {
        var shown = ModelFile.Describe(At("tinypfn", name));
        var config = new TransformerConfig
        {
            Width = width,
            Heads = 1,
            Hidden = hidden,
            Layers = layers,
            Classes = classes,
            Attention = AttentionKind.Linear,
            ZeroConstantColumns = false,
        };
        Assert.Equal(config, shown.Model.Config);
        Assert.Equal(parameters, shown.Model.ParameterCount);
        Assert.Equal(name, shown.Released?.Name);
        Listed(At("tinypfn", name + ".tensors.txt"), shown, "model_state_dict.");
    }

    [Fact]
    public void My_Small_PFN_is_read()
    {
        string path = At("mysmallpfn", "my_PFN_weights.pth");
        var shown = ModelFile.Describe(path);
        Assert.Equal(869_824, shown.Model.ParameterCount);
        Assert.Equal((64, 2, 12, 64, 16), (shown.Model.Config.Width, shown.Model.Config.Heads, shown.Model.Config.Layers, shown.Model.Config.Classes, shown.Model.Config.ThinkingRows));
        Assert.Equal(ModelTask.Regression, shown.Model.Traits.Task);
        Assert.Equal("my_PFN_weights.pth v1.0", shown.Released?.Name);
        Listed(path + ".tensors.txt", shown, "");
    }

    [Theory]
    [InlineData("tabpfn", "model", true, 0)]
    [InlineData("tabpfn", "model_regression", false, 0)]
    [InlineData("tabpfn25", "model", true, 4)]
    [InlineData("tabpfn25", "model_regression", false, 4)]
    public void TabPFN_fixtures_are_read_and_written_again_bit_for_bit(string folder, string name, bool classifies, int thinkingRows)
    {
        string path = At("tabpfn-layouts", folder, name + ".safetensors"), again = Path.GetTempFileName();
        var model = ModelFile.Read(path, heads: 2);
        Assert.Equal(classifies ? ModelTask.Classification : ModelTask.Regression, model.Traits.Task);
        Assert.Equal((32, 2, thinkingRows, classifies ? 4 : 16), (model.Config.Width, model.Config.Layers, model.Config.ThinkingRows, model.Config.Classes));
        Assert.Equal(classifies ? null : 17, model.Traits.Borders?.Count);
        try
        {
            ModelFile.Export(model, again, ModelExport.TabPfn);
            using SafeTensors there = SafeTensors.Read(path), here = SafeTensors.Read(again);
            Assert.All(there.Tensors.Where(entry => entry.Key != "regression_borders"), entry =>
            {
                Assert.Equal(entry.Value.Shape, here.Tensors[entry.Key].Shape);
                Assert.Equal(entry.Value.Bytes.ToArray(), here.Tensors[entry.Key].Bytes.ToArray());
            });
            Assert.Equal(there.Tensors.Count + (classifies ? 0 : 1), here.Tensors.Count); // the losses of buckets, which TabPFN wants
        }
        finally
        {
            File.Delete(again);
        }
    }

    // Names and shapes of the real files, with zeros for numbers.
    [Theory]
    [InlineData("EXPECTED_tabpfn_classification.txt", 6, "TabPFN v2 classifier, 7,244,554 parameters")]
    [InlineData("EXPECTED_tabpfn_regression.txt", 6, "TabPFN v2 regressor, 11,081,864 parameters")]
    [InlineData("EXPECTED_tabpfn25_classification.txt", 3, "TabPFN v2.5 classifier, 10,718,218 parameters")]
    public void Names_and_shapes_of_the_real_TabPFNs_are_read(string list, int heads, string kind)
    {
        string path = Path.GetTempFileName();
        try
        {
            SafeTensors.Write(
                path,
                File.ReadLines(At("tabpfn-layouts", list)).Where(line => !line.StartsWith('#')).Select(line =>
                {
                    string[] parts = line.Split('[', ']');
                    int[] shape = [.. parts[1].Split(',').Select(size => int.Parse(size, System.Globalization.CultureInfo.InvariantCulture))];
                    return KeyValuePair.Create(parts[0].Trim(), SafeTensor.Of(new float[shape.Aggregate(1, (product, size) => product * size)], shape));
                }),
                new Dictionary<string, string> { ["config"] = $"{{\"nhead\": {heads}}}" });
            Assert.Equal(kind, ModelFile.Describe(path).Kind);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_small_checkpoint_has_the_listed_numbers()
    {
        using var read = Checkpoint.Open(At("tabpfn-layouts", "ckpt", "tiny.ckpt"));
        using var golden = JsonDocument.Parse(File.ReadAllText(At("tabpfn-layouts", "ckpt", "tiny.golden.json")));
        Assert.Equal(golden.RootElement.EnumerateObject().Count(), read.Tensors.Count);
        foreach (var tensor in golden.RootElement.EnumerateObject())
        {
            Assert.Equal(tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()), read.Tensors[tensor.Name].Shape);
            Assert.Equal(tensor.Value.GetProperty("flat").EnumerateArray().Select(number => number.GetDouble()), read.Tensors[tensor.Name].ToDoubles());
            Assert.Equal(tensor.Value.GetProperty("dtype").GetString() == "int64" ? "I64" : "F32", read.Tensors[tensor.Name].Type);
        }
    }

    static string At(params string[] parts)
    {
        Assert.SkipWhen(Folder is null, "CAUSALMIXFT_WEIGHTS names no folder.");
        return Path.Combine([Folder!, .. parts]);
    }

    // A line is NAME tab (SIZES) tab torch.float32.
    static void Listed(string list, ModelDescription shown, string prefix)
    {
        var expected = File.ReadLines(list).Where(line => line.Contains("torch.float32", StringComparison.Ordinal)).Select(line => line.Split('\t'))
            .Select(parts => $"{parts[0][prefix.Length..]} {parts[1].Trim('(', ')').TrimEnd(',')}");
        Assert.Equal(expected, shown.Tensors.Select(tensor => $"{tensor.Name} {string.Join(", ", tensor.Shape)}"));
    }
}
