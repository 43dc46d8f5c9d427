using System.Globalization;
using System.Text.Json.Nodes;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.Tests.Scm;
using static CausalMixFT.Engine.Tests.Scm.SimulatedTable;

namespace CausalMixFT.Engine.Tests.Formats;

public sealed class ScmJsonFacts : IDisposable
{
    static readonly Lazy<StructuralCausalModel> Model = new(() =>
    {
        double[] a = Normals(400, 0), b = Map(a, Normals(400, 1), (x, e) => Math.Exp(x + e)), c = Map(a, Normals(400, 2), (x, e) => 5 + x + e);
        double[] h = Map(b, v => v < 1 ? 0 : Math.Round(v, 1)), y = Map(c, Uniforms(400, 3), (v, u) => v + u > 5.5 ? 1 : 0);
        double[] t = Map(c, Normals(400, 4), (v, e) => (v > 5 ? 3 : v > 4 ? 0 : 5) + 0.1 * e);
        y[7] = double.NaN;
        return Fit(
            "A --> B, A --> C, B --> H, C --> Y, Y --> H, C --> T",
            Numeric("A", Map(a, x => Math.Round(x, 1)), 1), Numeric("B", b), Numeric("C", c, 3), Numeric("H", h, 1),
            Categorical("Y", y, 3), Numeric("T", t, 2));
    });

    readonly string _folder = Directory.CreateTempSubdirectory("scm-json-").FullName;

    string FileName => Path.Combine(_folder, "scm.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_model_that_was_read_samples_the_same_bits_and_writes_the_same_bytes()
    {
        ScmJson.Write(FileName, Model.Value);
        byte[] written = File.ReadAllBytes(FileName);
        var read = ScmJson.Read(FileName);
        Assert.Equal(Model.Value.Sample(2000).Cells(), read.Sample(2000).Cells());
        ScmJson.Write(FileName, read);
        Assert.Equal(written, File.ReadAllBytes(FileName));
        foreach (var (fit, again) in Model.Value.Nodes.Zip(read.Nodes, (a, b) => (a.Fit, b.Fit)))
        {
            Assert.Equal(fit.Candidates, again.Candidates);
            Assert.Equal(fit with { Candidates = [] }, again with { Candidates = [] });
        }
    }

    [Fact]
    public void The_model_of_these_facts_has_trees() =>
        Assert.StartsWith("trees", Model.Value.Nodes[5].Fit.Basis, StringComparison.Ordinal);

    [Theory]
    [InlineData("magic", "\"other\"", "the magic")]
    [InlineData("version", "99", "version 99")]
    [InlineData("nodes", "[]", "no nodes")]
    [InlineData("nodes", "7", "")]
    [InlineData("nodes.0.kind", "\"Colour\"", "'Colour'")]
    [InlineData("nodes.0.name", "\"B\"", "one name")]
    [InlineData("nodes.0.parents", "[1]", "cycle")]
    [InlineData("nodes.0.parents", "[0]", "no other node")]
    [InlineData("nodes.0.parents", "[99]", "no other node")]
    [InlineData("nodes.1.parents", "[0, 0]", "twice")]
    [InlineData("nodes.0.decimals", "-1", "decimals")]
    [InlineData("nodes.0.missing.share", "2", "missing share")]
    [InlineData("nodes.0.mechanism.counts", "[1, 2]", "does not fit")]
    [InlineData("nodes.0.mechanism.type", "\"magic\"", "unknown mechanism")]
    [InlineData("nodes.0.mechanism", "null", "")]
    [InlineData("nodes.0.values.0", "1e999", "beyond a double")]
    [InlineData("nodes.0.values.0", "1e30", "ascend")]
    [InlineData("nodes.0.features", "null", "features")]
    [InlineData("nodes.2.range.spread", "0", "range")]
    [InlineData("nodes.2.mechanism.residuals", "[]", "does not fit")]
    [InlineData("nodes.2.mechanism.fitted", "[1]", "fitted")]
    [InlineData("nodes.2.mechanism.predictor.terms.0.parent", "5", "does not fit")]
    [InlineData("nodes.2.mechanism.predictor.terms.0.weights", "[1, 2]", "does not fit")]
    [InlineData("nodes.2.mechanism.predictor.terms.0.basis", "\"Lookup\"", "does not fit")]
    [InlineData("nodes.2.mechanism.predictor.terms.0.basis", "\"Cosine\"", "Cosine")]
    [InlineData("nodes.3.mechanism.atom", "1e30", "does not fit")]
    [InlineData("nodes.3.mechanism.body.type", "\"empirical\"", "")]
    [InlineData("nodes.4.levels", "[\"only\"]", "no level")]
    [InlineData("nodes.5.mechanism.predictor.trees.features", "2", "does not fit")]
    [InlineData("nodes.5.mechanism.predictor.trees.outputs", "3", "does not fit")]
    [InlineData("nodes.5.mechanism.predictor.trees.trees.0.left.0", "0", "a tree does not hold together")]
    [InlineData("nodes.5.mechanism.predictor.trees.trees.0.right.0", "-99", "a tree does not hold together")]
    [InlineData("nodes.5.mechanism.predictor.trees.trees.0.feature.0", "7", "a tree does not hold together")]
    [InlineData("nodes.5.mechanism.predictor.trees.trees.0.leaves", "[1]", "a tree does not hold together")]
    [InlineData("nodes.4.mechanism.predictor.intercepts", "[0]", "does not fit")]
    public void A_broken_model_is_one_sentence(string path, string value, string mention)
    {
        ScmJson.Write(FileName, Model.Value);
        var root = JsonNode.Parse(File.ReadAllText(FileName))!;
        string[] steps = path.Split('.');
        var place = root;
        foreach (string step in steps[..^1])
        {
            place = int.TryParse(step, out int index) ? place[index]! : place[step]!;
        }

        var broken = JsonNode.Parse(value);
        if (int.TryParse(steps[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last))
        {
            place[last] = broken;
        }
        else
        {
            place[steps[^1]] = broken;
        }

        File.WriteAllText(FileName, root.ToJsonString());
        var error = Assert.Throws<InputException>(() => ScmJson.Read(FileName));
        Assert.Contains(mention, error.Message, StringComparison.Ordinal);
        Assert.Contains(FileName, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"magic\": 3}")]
    [InlineData("\u0000\u0001\u0002")]
    public void What_is_no_model_is_refused(string text)
    {
        File.WriteAllText(FileName, text);
        Assert.Throws<InputException>(() => ScmJson.Read(FileName));
    }

    [Fact]
    public void A_missing_file_and_a_missing_field_are_named()
    {
        Assert.Contains("cannot be read", Assert.Throws<InputException>(() => ScmJson.Read(FileName)).Message, StringComparison.Ordinal);
        ScmJson.Write(FileName, Model.Value);
        string text = File.ReadAllText(FileName);
        File.WriteAllText(FileName, text[..(text.Length / 2)]);
        Assert.Throws<InputException>(() => ScmJson.Read(FileName));
        foreach (string field in new[] { "name", "kind", "levels", "parents", "mechanism", "fit", "missing", "candidates" })
        {
            File.WriteAllText(FileName, text.Replace($"\"{field}\":", $"\"x{field}\":", StringComparison.Ordinal));
            Assert.Throws<InputException>(() => ScmJson.Read(FileName));
        }
    }
}
