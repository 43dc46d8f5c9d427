using System.Globalization;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>The memory of this process as Linux counts it, in bytes.</summary>
static class PeakMemory
{
    /// <summary>What is resident now.</summary>
    public static long Resident => Read("VmRSS:");

    /// <summary>The most that was resident since the process started.</summary>
    public static long Peak => Read("VmHWM:");

    static long Read(string name) => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..]
            .Replace("kB", "", StringComparison.Ordinal),
        NumberStyles.Integer, CultureInfo.InvariantCulture);
}
