using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tests.Formats;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>A file of tests/Data/generators (its README tells where the values come from).</summary>
sealed class StoredRun
{
    readonly SafeTensors _file;

    internal StoredRun(string name) =>
        _file = SafeTensors.Read(RepositoryFiles.At("tests", "Data", "generators", name + ".safetensors"));

    internal double[] this[string name] => _file.Tensors[name].ToDoubles();

    internal IEnumerable<string> Names(string prefix) =>
        _file.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..]);

    internal bool Has(string name) => _file.Tensors.ContainsKey(name);

    internal float[] Floats(string name) => Array.ConvertAll(this[name], value => (float)value);

    internal double[][] Rows(string name) => [.. this[name].Chunk(_file.Tensors[name].Shape[1])];

    internal Tensor On(Workspace workspace, string name)
    {
        var shape = _file.Tensors[name].Shape;
        var tensor = workspace.Take(shape[0], shape[1]);
        tensor.CopyFrom(Floats(name));
        return tensor;
    }

    /// <summary>Largest difference, as a share of the largest stored value or of 1.</summary>
    internal double Error(string name, float[] actual)
    {
        double[] expected = this[name];
        Assert.Equal(expected.Length, actual.Length);
        Assert.DoesNotContain(actual, float.IsNaN);
        return expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() / Math.Max(1, expected.Max(Math.Abs));
    }
}
