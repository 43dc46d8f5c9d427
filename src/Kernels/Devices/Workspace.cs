namespace CausalMixFT.Kernels.Devices;

/// <summary>One arena for the tensors of one step: taken in order, all given back at once by <see cref="Reset"/>.</summary>
/// <remarks>
/// Blocks are kept over <see cref="Reset"/>, so the second step of the same shape allocates nothing. Contents are
/// whatever the last step left: an operation that reads before it writes must clear first.
/// </remarks>
public sealed class Workspace : IDisposable
{
    // WorkspaceMeter counts by the same rules.
    internal const int SharedBlock = 1 << 20;

    readonly ComputeDevice _device;
    readonly int _sharedBlockLength;
    readonly List<DeviceArray<float>> _shared = [], _own = [];
    int _sharedBlock, _used, _ownBlock;

    /// <summary>An empty workspace.</summary>
    /// <param name="device">The device whose memory it takes.</param>
    /// <param name="sharedBlock">
    /// Elements of the blocks that hold what is small; what is larger than a quarter of that has a block of its own, so that no small
    /// tensor between two large ones leaves most of a block unused.
    /// </param>
    public Workspace(ComputeDevice device, int sharedBlock = SharedBlock) => (_device, _sharedBlockLength) = (device, sharedBlock);

    /// <summary>Bytes of all blocks.</summary>
    internal long Bytes => sizeof(float) * (_own.Sum(block => block.Length) + _shared.Count * (long)_sharedBlockLength);

    /// <summary>Takes a (rows, width) tensor, valid until the next <see cref="Reset"/>.</summary>
    public Tensor Take(int rows, int width)
    {
        int length = checked(rows * width);
        return length > _sharedBlockLength / 4 ? new Tensor(TakeOwn(length), 0, rows, width) : TakeShared(length, rows, width);
    }

    // The n-th large tensor of a step has the n-th block, which grows with the largest step.
    DeviceArray<float> TakeOwn(int length)
    {
        if (_ownBlock == _own.Count)
        {
            _own.Add(_device.Allocate<float>(length));
        }
        else if (_own[_ownBlock].Length < length)
        {
            _own[_ownBlock].Dispose();
            _own[_ownBlock] = _device.Allocate<float>(length);
        }

        return _own[_ownBlock++];
    }

    Tensor TakeShared(int length, int rows, int width)
    {
        if (_sharedBlock < _shared.Count && _sharedBlockLength - _used < length)
        {
            _sharedBlock++;
            _used = 0;
        }

        if (_sharedBlock == _shared.Count)
        {
            _shared.Add(_device.Allocate<float>(_sharedBlockLength));
        }

        var tensor = new Tensor(_shared[_sharedBlock], _used, rows, width);
        _used += (length + 15) & ~15; // the next tensor starts on a cache line
        return tensor;
    }

    /// <summary>Gives every tensor back; their memory is used again.</summary>
    public void Reset() => _sharedBlock = _used = _ownBlock = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var block in _shared.Concat(_own))
        {
            block.Dispose();
        }

        _shared.Clear();
        _own.Clear();
        Reset();
    }
}
