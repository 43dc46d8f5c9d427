using System.Collections.Concurrent;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>Runs row-wise operations block by block of rows, so that what lies between them never exists for a whole table.</summary>
/// <remarks>
/// On a CPU a block is small enough that its tensors stay in a core's own cache, and blocks run beside each other; on a GPU it is as
/// many rows as keep the GPU busy. Blocks are cut by their number of tokens alone, and no operation looks across rows: neither the
/// size of a block nor the number of threads changes a bit.
/// </remarks>
abstract class RowBlocks : IDisposable
{
    // What a thread's blocks take lies in few pages, most of it in blocks of its own.
    const int SharedBlock = 1 << 14;

    readonly ConcurrentBag<Workspace> _idle = [];
    readonly ComputeDevice _device;
    readonly Workspace _chunk;

    RowBlocks(ComputeDevice device) => (_device, _chunk) = (device, new(device, SharedBlock));

    internal static RowBlocks On(ComputeDevice device) => device.Choose<RowBlocks>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>The device that the operations of a block are of.</summary>
    internal abstract ComputeDevice Inner { get; }

    // Tokens of a chunk whose operations use the whole device.
    private protected abstract int ChunkTokens { get; }

    /// <summary>Runs <paramref name="body"/> for all blocks of the rows from <paramref name="first"/> on, in any order.</summary>
    internal abstract void Run(int first, int rows, int tokensPerRow, Action<RowBlock> body);

    /// <summary>
    /// Runs <paramref name="body"/> for one chunk of the rows after the other: larger than a block, and its operations are those of the
    /// device itself, which share out its work among threads. For sums over rows, as a weight's gradient is.
    /// </summary>
    internal void Chunks(int first, int rows, int tokensPerRow, Action<RowBlock> body)
    {
        int each = Math.Max(1, ChunkTokens / tokensPerRow);
        for (int start = 0; start < rows; start += each)
        {
            _chunk.Reset();
            body(new(first + start, Math.Min(each, rows - start), _chunk));
        }
    }

    /// <summary>No fewer than the tokens of a chunk and of a block on each thread together.</summary>
    internal static long MostTokens(ComputeDevice device, int tokensPerRow) =>
        device is CpuDevice cpu ? Cpu.MostTokens(cpu, tokensPerRow) : Math.Max(Gpu.Tokens, tokensPerRow);

    /// <summary>Elements of the blocks that small tensors of all of them share.</summary>
    internal static int MostShared(ComputeDevice device) => 2 * SharedBlock * (1 + (device is CpuDevice cpu ? cpu.Threads : 0));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var workspace in _idle)
        {
            workspace.Dispose();
        }

        _idle.Clear();
        _chunk.Dispose();
    }

    void WithScratch(int first, int count, Action<RowBlock> body)
    {
        if (!_idle.TryTake(out var scratch))
        {
            scratch = new Workspace(_device, SharedBlock);
        }

        scratch.Reset();
        body(new(first, count, scratch));
        _idle.Add(scratch);
    }

    sealed class Gpu(GpuDevice device) : RowBlocks(device)
    {
        internal override ComputeDevice Inner => device;

        internal const int Tokens = 1 << 16;

        private protected override int ChunkTokens => Tokens;

        internal override void Run(int first, int rows, int tokensPerRow, Action<RowBlock> body) =>
            Chunks(first, rows, tokensPerRow, body);
    }

    sealed class Cpu(CpuDevice device) : RowBlocks(device)
    {
        // 96 tokens of 192 floats are 72 KiB, and TabPFN v2's block has nine such tensors at most: in a cache of 1 MiB beside a weight.
        const int BlockTokens = 96;

        // A product takes six rows at a time, and those that are left over singly.
        const int TileRows = 6;

        internal override ComputeDevice Inner { get; } = device.OfOneThread;

        const int Tokens = 4096;

        private protected override int ChunkTokens => Tokens;

        internal static long MostTokens(CpuDevice device, int tokensPerRow) =>
            Math.Max(Tokens, tokensPerRow) + (long)device.Threads * RowsOfBlock(tokensPerRow) * tokensPerRow;

        internal override void Run(int first, int rows, int tokensPerRow, Action<RowBlock> body)
        {
            int each = RowsOfBlock(tokensPerRow);
            device.For((rows + each - 1) / each, block =>
                WithScratch(first + block * each, Math.Min(each, rows - block * each), body));
        }

        // As near to a block's tokens as whole tiles come, but for rows so long that the rest of one does not count.
        static int RowsOfBlock(int tokensPerRow)
        {
            int step = TileRows;
            for (int rows = 1; rows < TileRows; rows++)
            {
                if (rows * tokensPerRow % TileRows == 0 || rows * tokensPerRow >= BlockTokens)
                {
                    step = rows;
                    break;
                }
            }

            return Math.Max(1, (BlockTokens + step * tokensPerRow / 2) / (step * tokensPerRow)) * step;
        }
    }
}

/// <summary>Some rows of a table, and the place for what is computed of them alone.</summary>
/// <param name="First">The first row.</param>
/// <param name="Count">Rows.</param>
/// <param name="Scratch">Gives tensors that are valid within the block.</param>
readonly record struct RowBlock(int First, int Count, Workspace Scratch)
{
    /// <summary>The block's part of a tensor that has some tokens in each row.</summary>
    internal Tensor Of(Tensor whole, int tokensPerRow) => whole.Slice(First * tokensPerRow, Count * tokensPerRow);

    /// <summary>A tensor of the block alone.</summary>
    internal Tensor Take(int tokensPerRow, int width) => Scratch.Take(Count * tokensPerRow, width);

    /// <summary>The block's part of what is kept, or a tensor of the block alone where nothing is.</summary>
    internal Tensor OfOrTake(Tensor? kept, int tokensPerRow, int width) =>
        kept is { } whole ? Of(whole, tokensPerRow) : Take(tokensPerRow, width);

    /// <summary>The same rows, counted from another one.</summary>
    internal RowBlock From(int row) => this with { First = First - row };
}
