namespace CausalMixFT.Kernels.Devices;

/// <summary>One arena for the tensors of one step: taken in order, all given back at once by <see cref="Reset"/>.</summary>
/// <remarks>
/// Blocks are kept over <see cref="Reset"/>, so the second step of the same shape allocates nothing. Contents are
/// whatever the last step left: an operation that reads before it writes must clear first.
/// </remarks>
public sealed class Workspace(ComputeDevice device) : IDisposable
{
    // 1 Mi floats: small models fit in one block, large activations get a block of their own.
    const int SmallestBlock = 1 << 20;

    readonly List<DeviceArray<float>> _blocks = [];
    int _block;
    int _used;

    /// <summary>Takes a (rows, width) tensor, valid until the next <see cref="Reset"/>.</summary>
    public Tensor Take(int rows, int width)
    {
        int length = checked(rows * width);
        while (_block < _blocks.Count && _blocks[_block].Length - _used < length)
        {
            _block++;
            _used = 0;
        }

        if (_block == _blocks.Count)
        {
            _blocks.Add(device.Allocate<float>(Math.Max(length, SmallestBlock)));
        }

        var tensor = new Tensor(_blocks[_block], _used, rows, width);
        _used += (length + 15) & ~15; // the next tensor starts on a cache line
        return tensor;
    }

    /// <summary>Gives every tensor back; their memory is used again.</summary>
    public void Reset() => _block = _used = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        _blocks.ForEach(block => block.Dispose());
        _blocks.Clear();
        Reset();
    }
}
