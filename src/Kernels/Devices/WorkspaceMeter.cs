namespace CausalMixFT.Kernels.Devices;

/// <summary>What a <see cref="Workspace"/> would hold after some steps: the same rules, and no memory.</summary>
sealed class WorkspaceMeter
{
    readonly List<long> _own = [];
    int _sharedBlocks, _sharedBlock, _used, _ownBlock;

    /// <summary>Bytes of all blocks.</summary>
    internal long Bytes => sizeof(float) * (_own.Sum() + (long)_sharedBlocks * Workspace.SharedBlock);

    /// <summary>Takes a (rows, width) tensor.</summary>
    internal void Take(long rows, int width)
    {
        long length = rows * width;
        if (length > Workspace.SharedBlock / 4)
        {
            if (_ownBlock == _own.Count)
            {
                _own.Add(0);
            }

            _own[_ownBlock] = Math.Max(_own[_ownBlock], length);
            _ownBlock++;
            return;
        }

        if (_sharedBlock < _sharedBlocks && Workspace.SharedBlock - _used < length)
        {
            _sharedBlock++;
            _used = 0;
        }

        _sharedBlocks = Math.Max(_sharedBlocks, _sharedBlock + 1);
        _used += ((int)length + 15) & ~15;
    }

    /// <summary>Begins another step; the blocks stay.</summary>
    internal void Reset() => _sharedBlock = _used = _ownBlock = 0;
}
