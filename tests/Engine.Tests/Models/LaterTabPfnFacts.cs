using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Engine.Tests.TabPfn;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.Models;

/// <summary>TabPFN 2.5 and 2.6 with random weights, against the package's own code in double precision (tests/Data/tfm/README.md).</summary>
public class LaterTabPfnFacts(ITestOutputHelper output)
{
    public static IEnumerable<TheoryDataRow<string, DeviceKind>> OnDevices() =>
        from kind in ComputeDevice.Available()
        from name in (string[])["v25", "v25_perceptron", "v26"]
        select new TheoryDataRow<string, DeviceKind>(name, kind);

    // The tolerances of TabPFN v2's stored runs, in Kernels' tests.
    [Theory, MemberData(nameof(OnDevices))]
    public void Logits_loss_and_every_gradient_are_those_of_the_package(string name, DeviceKind kind)
    {
        var model = ModelFile.Read(RepositoryFiles.At("tests", "Data", "tfm", name + "_model.safetensors"));
        var stored = new StoredValues(name + "_run");
        int rows = stored.Shape("x")[0], tables = stored.Shape("x")[1], columns = stored.Shape("x")[2], context = stored.Shape("y")[0];
        float[] Tables(string tensor, int rows, int width) =>
        [
            .. from table in Enumerable.Range(0, tables)
               from row in Enumerable.Range(0, rows)
               from i in Enumerable.Range(0, width)
               select (float)stored[tensor][(row * tables + table) * width + i],
        ];

        var batch = new EpisodeBatch(
            tables, context, rows - context, columns, Tables("x", rows, columns), Tables("y", context, 1));
        int[] labels = Array.ConvertAll(Tables("labels", rows - context, 1), label => (int)label);
        using var device = ComputeDevice.Open(kind);
        using var run = new GoldenRun(model.Load(device), batch, labels, classesInLoss: 3);

        var (logits, loss) = run.Step();

        float[] expected = Tables("logits", rows - context, model.Config.Classes);
        double logitError = expected.Zip(logits, (a, b) => Math.Abs(a - b)).Max() / expected.Max(Math.Abs);

        // A gradient has the shape of its weight, so the writer of weights puts it under the package's name.
        string path = Path.GetTempFileName();
        try
        {
            var parameters = run.Model.Parameters;
            ModelFile.Export(
                new(model.Config, parameters.All.ToDictionary(p => p.Name, p => parameters.Gradient(p.Name).ToArray()), name, model.Traits),
                path, ModelExport.TabPfn);
            using var gradients = SafeTensors.Read(path);
            double largest = 0, worst = 0;
            foreach (string weight in stored.Names.Where(tensor => tensor.StartsWith("g.", StringComparison.Ordinal)))
            {
                double[] exact = stored[weight];
                double[] ours = gradients.Tensors[weight[2..]].ToDoubles();
                Assert.Equal(exact.Length, ours.Length);
                largest = Math.Max(largest, exact.Max(Math.Abs));
                worst = Math.Max(worst, exact.Zip(ours, (a, b) => Math.Abs(a - b)).Max());
            }

            output.WriteLine($"{name} on {kind}: logits {logitError:e1}, loss {Math.Abs(loss - stored["loss"][0]):e1}, gradients {worst / largest:e1}");
            Assert.InRange(logitError, 0, 1e-5);
            Assert.InRange(Math.Abs(loss - stored["loss"][0]), 0, 1e-5);
            Assert.InRange(worst / largest, 0, 3e-5);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
