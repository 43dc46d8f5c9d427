using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>Reads the pickle of a torch file as data: tensors, dicts, lists, tuples, strings, numbers, booleans and None.</summary>
/// <remarks>
/// A pickle is a program for a stack machine, and Python's own reader lets it call any function. This one has no way to:
/// the few names it knows become values of this program (<see cref="TorchFunction"/>), and every other name and
/// instruction is refused. Nothing here recurses; the number of instructions bounds the stack, the memo and the objects.
/// </remarks>
sealed class Unpickler
{
    // A checkpoint of a thousand tensors takes some 50,000.
    const int MostInstructions = 1_000_000;

    const int MostAxes = 8;

    static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    static readonly object MarkOnStack = new();

    readonly string _path;
    readonly ReadOnlyMemory<byte> _pickle;
    readonly Func<TorchStorageType, string, long, TorchStorage> _storage;
    readonly List<object?> _stack = [];
    readonly Dictionary<uint, object?> _memo = [];
    int _at;
    long _mayGather;

    Unpickler(string path, ReadOnlyMemory<byte> pickle, Func<TorchStorageType, string, long, TorchStorage> storage, long mayGather) =>
        (_path, _pickle, _storage, _mayGather) = (path, pickle, storage, mayGather);

    /// <summary>The one object that a pickle holds.</summary>
    /// <param name="path">What faults call the file.</param>
    /// <param name="pickle">The instructions.</param>
    /// <param name="storage">The storage with that element type, key and number of elements.</param>
    /// <param name="mayGather">How many bytes tensors that are no plain piece of their storage may take together.</param>
    /// <exception cref="InputException">The pickle is damaged, or holds what is refused.</exception>
    public static object? Read(
        string path, ReadOnlyMemory<byte> pickle, Func<TorchStorageType, string, long, TorchStorage> storage, long mayGather) =>
        new Unpickler(path, pickle, storage, mayGather).Run();

    object? Run()
    {
        for (int instruction = 0; instruction < MostInstructions; instruction++)
        {
            var opcode = (PickleOpcode)Byte();
            if (instruction == 0 != (opcode == PickleOpcode.Proto))
            {
                throw Fault(instruction == 0 ? "its pickle does not begin with a protocol number" : "its pickle gives its protocol twice");
            }

            if (opcode == PickleOpcode.Stop)
            {
                object? result = Pop();
                return _stack.Count == 0 && _at == _pickle.Length ? result : throw Fault("its pickle goes on after its end");
            }

            Do(opcode);
        }

        throw Fault(Invariant($"its pickle has more than {MostInstructions} instructions, which no model needs"));
    }

    void Do(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Proto:
                int protocol = Byte();
                if (protocol is < 2 or > 5)
                {
                    throw Fault(Invariant($"its pickle has protocol {protocol}, and those from 2 to 5 are read"));
                }

                break;
            case PickleOpcode.Frame:
                Count(BinaryPrimitives.ReadUInt64LittleEndian(Take(8).Span));
                break;
            case PickleOpcode.Mark:
                _stack.Add(MarkOnStack);
                break;
            case PickleOpcode.Pop:
                _ = Pop();
                break;
            case PickleOpcode.PopMark:
                _ = PopToMark();
                break;
            case PickleOpcode.None:
                _stack.Add(null);
                break;
            case PickleOpcode.NewTrue or PickleOpcode.NewFalse:
                _stack.Add(opcode == PickleOpcode.NewTrue);
                break;
            case PickleOpcode.BinInt or PickleOpcode.BinInt1 or PickleOpcode.BinInt2 or PickleOpcode.Long1:
                _stack.Add(Integer(opcode));
                break;
            case PickleOpcode.BinFloat:
                _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8).Span));
                break;
            case PickleOpcode.BinUnicode:
                _stack.Add(Text(Count(BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span))));
                break;
            case PickleOpcode.ShortBinUnicode:
                _stack.Add(Text(Byte()));
                break;
            case PickleOpcode.BinUnicode8:
                _stack.Add(Text(Count(BinaryPrimitives.ReadUInt64LittleEndian(Take(8).Span))));
                break;
            case PickleOpcode.EmptyList:
                _stack.Add(new List<object?>());
                break;
            case PickleOpcode.Append:
                object? item = Pop();
                Top<List<object?>>("a list").Add(item);
                break;
            case PickleOpcode.Appends:
                var items = PopToMark();
                Top<List<object?>>("a list").AddRange(items);
                break;
            case PickleOpcode.EmptyTuple:
                _stack.Add(new TorchTuple([]));
                break;
            case PickleOpcode.Tuple:
                _stack.Add(new TorchTuple(PopToMark()));
                break;
            case PickleOpcode.Tuple1 or PickleOpcode.Tuple2 or PickleOpcode.Tuple3:
                _stack.Add(new TorchTuple(Pop(1 + opcode - PickleOpcode.Tuple1)));
                break;
            case PickleOpcode.EmptyDict:
                _stack.Add(new TorchDict());
                break;
            case PickleOpcode.SetItem:
                SetItems(Pop(2));
                break;
            case PickleOpcode.SetItems:
                SetItems(PopToMark());
                break;
            case PickleOpcode.BinPut:
                _memo[(uint)Byte()] = Top<object>("an object");
                break;
            case PickleOpcode.LongBinPut:
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span)] = Top<object>("an object");
                break;
            case PickleOpcode.Memoize:
                _memo[(uint)_memo.Count] = Top<object>("an object");
                break;
            case PickleOpcode.BinGet:
                Recall((uint)Byte());
                break;
            case PickleOpcode.LongBinGet:
                Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span));
                break;
            case PickleOpcode.Global:
                string module = Line(), global = Line();
                _stack.Add(Named(module, global));
                break;
            case PickleOpcode.StackGlobal:
                object?[] names = Pop(2);
                _stack.Add(names is [string from, string named] ? Named(from, named) : throw Fault("its pickle names a global by what is no text"));
                break;
            case PickleOpcode.Reduce:
                object?[] call = Pop(2);
                _stack.Add(Made(call[0], call[1]));
                break;
            case PickleOpcode.Build:
                // The state of a state_dict: versions of its modules, which no layout needs.
                if (Pop() is not TorchDict || Top<object>("an object") is not TorchDict)
                {
                    throw Fault("its pickle sets the state of an object that is no dict (BUILD), which is refused");
                }

                break;
            case PickleOpcode.BinPersId:
                _stack.Add(Pop() is TorchTuple { Items: ["storage", TorchStorageType type, string key, _, long elements] }
                    ? _storage(type, key, elements)
                    : throw Fault("its pickle refers to something outside it that is no storage (BINPERSID)"));
                break;
            default:
                string name = Enum.IsDefined(opcode) ? opcode.ToString().ToUpperInvariant() : Invariant($"0x{(byte)opcode:x2}");
                throw Fault($"its pickle has the instruction {name}, which plain data does not need, so it is refused");
        }
    }

    object Named(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") => TorchFunction.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2") => TorchFunction.RebuildTensor,
        ("torch._utils", "_rebuild_parameter") => TorchFunction.RebuildParameter,
        ("torch", _) when TorchStorageType.ByName.TryGetValue(name, out var type) => type,
        _ => throw Fault($"its pickle names '{Shown(module)}.{Shown(name)}', and only tensors and plain data are read, so that no file can run code"),
    };

    object Made(object? function, object? arguments) => (function, arguments) switch
    {
        (TorchFunction.OrderedDict, TorchTuple { Items: [] }) => new TorchDict(),
        (TorchFunction.OrderedDict, TorchTuple { Items: [List<object?> pairs] }) => Filled(pairs),
        (TorchFunction.RebuildTensor,
            TorchTuple { Items: [TorchStorage storage, long offset, TorchTuple size, TorchTuple stride, bool, null or TorchDict { Count: 0 }, .. ([] or [_])] }) =>
            View(storage, offset, Lengths(size), Lengths(stride)),
        (TorchFunction.RebuildParameter, TorchTuple { Items: [SafeTensor tensor, bool, null or TorchDict { Count: 0 }] }) => tensor,
        (TorchFunction, _) => throw Fault($"its pickle gives {function} other arguments than torch.save does"),
        _ => throw Fault("its pickle calls what is no function (REDUCE), which is refused"),
    };

    TorchDict Filled(List<object?> pairs)
    {
        var dict = new TorchDict();
        foreach (object? pair in pairs)
        {
            switch (pair)
            {
                case TorchTuple { Items: [var key, var value] }:
                    dict.Set(key, value);
                    break;
                case List<object?> and [var key, var value]:
                    dict.Set(key, value);
                    break;
                default:
                    throw Fault("its pickle makes a dict of what are no pairs");
            }
        }

        return dict;
    }

    long[] Lengths(TorchTuple tuple) => tuple.Items.Length <= MostAxes && Array.TrueForAll(tuple.Items, item => item is >= 0L and <= (long)int.MaxValue)
        ? Array.ConvertAll(tuple.Items, item => (long)item!)
        : throw Fault(Invariant($"a tensor's shape or strides are not at most {MostAxes} numbers from 0 to {int.MaxValue}"));

    SafeTensor View(TorchStorage storage, long offset, long[] size, long[] stride)
    {
        UInt128 elements = 1, last = (UInt128)Math.Max(0, offset), step = 1;
        bool plain = true, empty = size.Contains(0);
        if (size.Length != stride.Length)
        {
            throw Fault($"a tensor of shape {Shown(size)} has strides {Shown(stride)}");
        }

        for (int axis = size.Length - 1; axis >= 0; axis--)
        {
            // Each factor is below 2^31; what passes every file stops growing there.
            elements = UInt128.Min(elements * (UInt128)size[axis], ulong.MaxValue);
            last += (UInt128)Math.Max(0, size[axis] - 1) * (UInt128)stride[axis];
            plain &= size[axis] == 1 || (UInt128)stride[axis] == step;
            step = UInt128.Min(step * (UInt128)Math.Max(1, size[axis]), ulong.MaxValue);
        }

        if (offset < 0 || (!empty && (last >= (UInt128)storage.Elements || elements > (UInt128)storage.Elements)))
        {
            throw Fault(Invariant(
                $"a tensor of shape {Shown(size)}, strides {Shown(stride)} and offset {offset} does not fit its storage of {storage.Elements} elements"));
        }

        int width = SafeTensor.Sizes[storage.Type];
        var shape = Array.ConvertAll(size, length => (int)length);
        if (empty)
        {
            return new(storage.Type, shape, ReadOnlyMemory<byte>.Empty);
        }

        return new(storage.Type, shape, plain
            ? storage.Bytes.Slice((int)(offset * width), (int)elements * width)
            : Gathered(storage, (int)offset, size, stride, (int)elements));
    }

    // In row-major order, whatever the strides: the last axis runs fastest.
    byte[] Gathered(TorchStorage storage, int offset, long[] size, long[] stride, int elements)
    {
        int width = SafeTensor.Sizes[storage.Type];
        _mayGather -= (long)elements * width;
        if (_mayGather < 0)
        {
            throw Fault("its tensors repeat their storages many times over");
        }

        var bytes = new byte[elements * width];
        var index = new long[size.Length];
        long from = offset;
        for (int element = 0; element < elements; element++)
        {
            storage.Bytes.Span.Slice((int)from * width, width).CopyTo(bytes.AsSpan(element * width));
            for (int axis = size.Length - 1; axis >= 0; axis--)
            {
                from += stride[axis];
                if (++index[axis] < size[axis])
                {
                    break;
                }

                from -= stride[axis] * size[axis];
                index[axis] = 0;
            }
        }

        return bytes;
    }

    void SetItems(object?[] items)
    {
        var dict = Top<TorchDict>("a dict");
        if (items.Length % 2 != 0)
        {
            throw Fault("its pickle gives a dict a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            dict.Set(items[i], items[i + 1]);
        }
    }

    long Integer(PickleOpcode opcode)
    {
        if (opcode != PickleOpcode.Long1)
        {
            return opcode switch
            {
                PickleOpcode.BinInt => BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span),
                PickleOpcode.BinInt2 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span),
                _ => Byte(),
            };
        }

        int length = Byte();
        if (length > 8)
        {
            throw Fault(Invariant($"its pickle has a whole number of {length} bytes, and 8 are the most that are read"));
        }

        long value = 0;
        var bytes = Take(length).Span;
        for (int i = length - 1; i >= 0; i--)
        {
            value = value << 8 | (i == length - 1 ? (sbyte)bytes[i] : bytes[i]);
        }

        return value;
    }

    void Recall(uint place) => _stack.Add(
        _memo.TryGetValue(place, out object? value) ? value : throw Fault(Invariant($"its pickle recalls object {place}, which it has not kept")));

    object? Pop() => Pop(1)[0];

    object?[] Pop(int count)
    {
        var items = count <= _stack.Count ? Cut(_stack.Count - count) : [MarkOnStack];
        return !items.Contains(MarkOnStack) ? items : throw Fault("its pickle takes more from its stack than is there");
    }

    object?[] PopToMark()
    {
        int mark = _stack.FindLastIndex(item => ReferenceEquals(item, MarkOnStack));
        if (mark < 0)
        {
            throw Fault("its pickle looks for a mark that is not on its stack");
        }

        var items = Cut(mark + 1);
        _stack.RemoveAt(mark);
        return items;
    }

    object?[] Cut(int start)
    {
        var items = new object?[_stack.Count - start];
        _stack.CopyTo(start, items, 0, items.Length);
        _stack.RemoveRange(start, items.Length);
        return items;
    }

    T Top<T>(string what)
        where T : class =>
        _stack.Count > 0 && _stack[^1] is T top && !ReferenceEquals(top, MarkOnStack) ? top : throw Fault($"its pickle expects {what} on its stack and finds none");

    int Byte() => Take(1).Span[0];

    ReadOnlyMemory<byte> Take(int count)
    {
        if (count > _pickle.Length - _at)
        {
            throw Fault("its pickle ends in the middle of an instruction");
        }

        _at += count;
        return _pickle.Slice(_at - count, count);
    }

    int Count(ulong declared) => declared <= (ulong)(_pickle.Length - _at) ? (int)declared
        : throw Fault(Invariant($"its pickle declares {declared} bytes where {_pickle.Length - _at} are left"));

    string Text(int length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length).Span);
        }
        catch (DecoderFallbackException)
        {
            throw Fault("its pickle has a text that is not UTF-8");
        }
    }

    string Line()
    {
        int length = _pickle.Span[_at..].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Fault("its pickle ends in the middle of an instruction");
        }

        string line = Text(length);
        _at++;
        return line;
    }

    static string Shown(long[] numbers) => $"[{string.Join(", ", numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))}]";

    // A name from a file that is not trusted must not reach a terminal as it is.
    static string Shown(string name) => string.Concat(name.Take(80).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '?'));

    static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    InputException Fault(string what) => TorchFile.Fault(_path, what);
}
