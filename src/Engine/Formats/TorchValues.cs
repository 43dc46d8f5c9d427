namespace CausalMixFT.Engine.Formats;

/// <summary>A dict of a torch file: what its string keys name, in order.</summary>
/// <remarks>What other keys name is dropped: no weight and no setting has such a key.</remarks>
sealed class TorchDict
{
    readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    readonly List<string> _keys = [];

    public int Count => _keys.Count;

    public IEnumerable<KeyValuePair<string, object?>> Entries => _keys.Select(key => KeyValuePair.Create(key, _values[key]));

    public object? this[string key] => _values.GetValueOrDefault(key);

    public void Set(object? key, object? value)
    {
        if (key is string name)
        {
            if (!_values.ContainsKey(name))
            {
                _keys.Add(name);
            }

            _values[name] = value;
        }
    }
}

/// <summary>A tuple of a torch file.</summary>
sealed record TorchTuple(object?[] Items);

/// <summary>A class of storages, by the type of its elements as <see cref="SafeTensor"/> spells it.</summary>
sealed record TorchStorageType(string Type)
{
    /// <summary>The classes in Python's module torch.</summary>
    public static readonly IReadOnlyDictionary<string, TorchStorageType> ByName =
        new Dictionary<string, TorchStorageType>(StringComparer.Ordinal)
        {
            ["FloatStorage"] = new("F32"),
            ["DoubleStorage"] = new("F64"),
            ["HalfStorage"] = new("F16"),
            ["BFloat16Storage"] = new("BF16"),
            ["LongStorage"] = new("I64"),
            ["IntStorage"] = new("I32"),
            ["ShortStorage"] = new("I16"),
            ["CharStorage"] = new("I8"),
            ["ByteStorage"] = new("U8"),
            ["BoolStorage"] = new("BOOL"),
        };
}

/// <summary>The bytes that tensors are views of.</summary>
sealed record TorchStorage(string Type, long Elements, ReadOnlyMemory<byte> Bytes);

/// <summary>The functions of Python that a torch file may name; they are names to this program, and nothing is ever called.</summary>
enum TorchFunction
{
    /// <summary>collections.OrderedDict.</summary>
    OrderedDict,

    /// <summary>torch._utils._rebuild_tensor_v2: a view of a storage.</summary>
    RebuildTensor,

    /// <summary>torch._utils._rebuild_parameter: a tensor that was trained.</summary>
    RebuildParameter,
}
