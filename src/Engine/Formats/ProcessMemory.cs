using System.Diagnostics;
using System.Globalization;

namespace CausalMixFT.Engine.Formats;

/// <summary>How much memory this process holds, as its system tells it.</summary>
/// <remarks>Linux forgets the peak when 5 is written to /proc/self/clear_refs; elsewhere the peak is that of the process's life.</remarks>
static class ProcessMemory
{
    const string Status = "/proc/self/status", Forget = "/proc/self/clear_refs", Peak = "VmHWM:";

    /// <summary>Begins a new measurement, where the system can.</summary>
    public static void ForgetPeak()
    {
        try
        {
            File.WriteAllText(Forget, "5");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The peak then is that of the process's life.
        }
    }

    /// <summary>Most bytes of memory that were held at once.</summary>
    public static long PeakBytes()
    {
        try
        {
            string line = File.ReadLines(Status).First(line => line.StartsWith(Peak, StringComparison.Ordinal));
            return 1024 * long.Parse(line[Peak.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }
}
