namespace CausalMixFT.Kernels.Devices;

/// <summary>One arena for the tensors of one step: taken in order, all given back at once by <see cref="Reset"/>.</summary>
/// <remarks>
/// Blocks are kept over <see cref="Reset"/>, so the second step of the same shape allocates nothing. Contents are
/// whatever the last step left: an operation that reads before it writes must clear first.
/// </remarks>
public sealed class Workspace(ComputeDevice device) : IDisposable
{
    // 1 Mi floats hold what is small; what is larger than a quarter of that has a block of its own, so that no small tensor
    // between two large ones leaves most of a block unused.
    const int SharedBlock = 1 << 20;

    readonly Chain _shared = new(device, SharedBlock), _own = new(device, 0);

    /// <summary>Takes a (rows, width) tensor, valid until the next <see cref="Reset"/>.</summary>
    public Tensor Take(int rows, int width)
    {
        int length = checked(rows * width);
        var (block, offset) = (length > SharedBlock / 4 ? _own : _shared).Take(length);
        return new Tensor(block, offset, rows, width);
    }

    /// <summary>Gives every tensor back; their memory is used again.</summary>
    public void Reset()
    {
        _shared.Reset();
        _own.Reset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shared.Dispose();
        _own.Dispose();
    }

    // Blocks that are filled one after the other.
    sealed class Chain(ComputeDevice device, int smallestBlock) : IDisposable
    {
        readonly List<DeviceArray<float>> _blocks = [];
        int _block;
        int _used;

        internal (DeviceArray<float> Block, int Offset) Take(int length)
        {
            while (_block < _blocks.Count && _blocks[_block].Length - _used < length)
            {
                _block++;
                _used = 0;
            }

            if (_block == _blocks.Count)
            {
                _blocks.Add(device.Allocate<float>(Math.Max(length, smallestBlock)));
            }

            int offset = _used;
            _used += (length + 15) & ~15; // the next tensor starts on a cache line
            return (_blocks[_block], offset);
        }

        internal void Reset() => _block = _used = 0;

        public void Dispose()
        {
            _blocks.ForEach(block => block.Dispose());
            _blocks.Clear();
            Reset();
        }
    }
}
