using CausalMixFT.Engine.Graphs;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The same search on many resamples of the rows: an edge that is found again and again does not hang on a few of them.</summary>
/// <remarks>
/// Friedman, Goldszmidt and Wyner (1999); by halves of the rows, Meinshausen and Bühlmann (2010). On a CPU the resamples
/// are searched side by side, each on one thread; on a GPU one after another. Which rows a resample has is a function of
/// the seed and its number alone, so neither the threads nor how many resamples follow change it.
/// </remarks>
static class BootstrapDiscovery
{
    // "boot" in ASCII.
    const uint Purpose = 0x626F6F74;

    /// <summary>Searches <see cref="DiscoveryOptions.Bootstraps"/> resamples.</summary>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="options">How many resamples, how they are drawn, and the seed.</param>
    /// <param name="device">Where to search; a CPU's threads share the resamples.</param>
    /// <param name="search">Finds the graph of some rows, ascending, on a device; called from several threads at once.</param>
    /// <param name="progress">Told the share of resamples that is done.</param>
    /// <param name="cancellation">Stops the searches.</param>
    /// <returns>The graphs, in the order of the resamples.</returns>
    public static IReadOnlyList<CausalGraph> Run(
        int rows, DiscoveryOptions options, ComputeDevice device, Func<int[], ComputeDevice, CausalGraph> search,
        IProgress<double>? progress, CancellationToken cancellation)
    {
        var graphs = new CausalGraph[options.Bootstraps];
        var gate = new Lock();
        int done = 0;
        if (device is CpuDevice cpu)
        {
            using var thread = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = cpu.Threads, CancellationToken = cancellation };
            Parallel.For(0, graphs.Length, parallel, number => Search(number, thread));
        }
        else
        {
            for (int number = 0; number < graphs.Length; number++)
            {
                Search(number, device);
            }
        }

        return graphs;

        void Search(int number, ComputeDevice on)
        {
            cancellation.ThrowIfCancellationRequested();
            graphs[number] = search(RowsOf(rows, number, options.Resampling, options.Seed), on);
            lock (gate)
            {
                progress?.Report((double)++done / graphs.Length);
            }
        }
    }

    /// <summary>The rows of a resample, ascending; with replacement a row may stand several times.</summary>
    internal static int[] RowsOf(int rows, int number, ResamplingRule rule, ulong seed)
    {
        var philox = new Philox(seed).Branch(Purpose);
        int[] drawn;
        if (rule == ResamplingRule.WithReplacement)
        {
            drawn = new int[rows];
            for (int draw = 0; draw < rows; draw++)
            {
                drawn[draw] = philox.Below(rows, (uint)draw, (uint)number);
            }
        }
        else
        {
            // Each row draws a word, and the smaller half is taken; of equal words, the earlier row.
            var words = new ulong[rows];
            for (int row = 0; row < rows; row++)
            {
                words[row] = ((ulong)philox.Word((uint)row, (uint)number) << 32) | (uint)row;
            }

            Array.Sort(words);
            drawn = new int[(rows + 1) / 2];
            for (int i = 0; i < drawn.Length; i++)
            {
                drawn[i] = (int)(uint)words[i];
            }
        }

        // In order, so that columns are read from front to back.
        Array.Sort(drawn);
        return drawn;
    }
}
