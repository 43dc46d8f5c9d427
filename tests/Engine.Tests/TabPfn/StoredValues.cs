using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tests.Formats;

namespace CausalMixFT.Engine.Tests.TabPfn;

/// <summary>A file of tests/Data/tfm (its README tells where the values come from).</summary>
sealed class StoredValues
{
    readonly SafeTensors _file;

    internal StoredValues(string name) =>
        _file = SafeTensors.Read(RepositoryFiles.At("tests", "Data", "tfm", name + ".safetensors"));

    internal double[] this[string name] => _file.Tensors[name].ToDoubles();

    internal IEnumerable<string> Names => _file.Tensors.Keys;

    internal bool Has(string name) => _file.Tensors.ContainsKey(name);

    internal string Text(string name) => _file.Metadata[name];

    internal IReadOnlyList<int> Shape(string name) => _file.Tensors[name].Shape;

    internal int[] Whole(string name) => Array.ConvertAll(this[name], value => (int)value);

    /// <summary>64-bit words, stored as pairs of halves.</summary>
    internal ulong[] Words(string name) => [.. this[name].Chunk(2).Select(half => ((ulong)half[0] << 32) | (ulong)half[1])];

    /// <summary>A matrix (rows, columns) column by column.</summary>
    internal double[][] Columns(string name)
    {
        double[] cells = this[name];
        int rows = Shape(name)[0], columns = Shape(name)[1];
        return [.. Enumerable.Range(0, columns).Select(c => Enumerable.Range(0, rows).Select(r => cells[r * columns + c]).ToArray())];
    }
}
