using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>Rows in blocks on the threads that a device may use.</summary>
static class RowBlocks
{
    /// <summary>Runs the body for rows first … end − 1 of every block; results must not depend on the order of blocks.</summary>
    public static void For(
        ComputeDevice device, int rows, int rowsPerBlock, IProgress<double>? progress, Action<int, int> body, CancellationToken cancellation)
    {
        int blocks = (rows + rowsPerBlock - 1) / rowsPerBlock, done = 0;
        if (device is CpuDevice cpu)
        {
            cpu.For(blocks, Run);
        }
        else
        {
            Parallel.For(0, blocks, Run);
        }

        cancellation.ThrowIfCancellationRequested();

        void Run(int block)
        {
            if (!cancellation.IsCancellationRequested)
            {
                int first = block * rowsPerBlock;
                body(first, Math.Min(rows, first + rowsPerBlock));
                progress?.Report((double)Interlocked.Increment(ref done) / blocks);
            }
        }
    }
}
