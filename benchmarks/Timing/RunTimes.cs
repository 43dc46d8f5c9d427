using System.Diagnostics;

namespace CausalMixFT.Benchmarks.Timing;

/// <summary>How long one piece of work takes, run again and again in one process.</summary>
/// <param name="First">Seconds of the very first run, in which the code is still being compiled.</param>
/// <param name="Median">Seconds of the middle run after warm-up.</param>
/// <param name="Best">Seconds of the quickest: what a busy machine disturbs least.</param>
/// <param name="Cpu">Processor seconds of one run, all threads together.</param>
/// <param name="Runs">How many runs were timed.</param>
sealed record RunTimes(double First, double Median, double Best, double Cpu, int Runs)
{
    const int FewestRuns = 5, MostRuns = 2000;

    // The compiler optimises a method after 30 calls, and needs a moment beside them.
    const int WarmUpRuns = 40, CompilerMilliseconds = 250;

    /// <summary>Times <paramref name="work"/> for about <paramref name="seconds"/>, after a warm-up of at most as long.</summary>
    public static RunTimes Of(Action work, double seconds)
    {
        double first = Time(work), warm = first;
        for (int run = 1; run < WarmUpRuns && warm < seconds; run++)
        {
            warm += Time(work);
        }

        Thread.Sleep(CompilerMilliseconds);
        Time(work);

        var times = new List<double>();
        double spent = 0;
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        while (times.Count < FewestRuns || (spent < seconds && times.Count < MostRuns))
        {
            times.Add(Time(work));
            spent += times[^1];
        }

        process.Refresh();
        double cpu = (process.TotalProcessorTime - before).TotalSeconds / times.Count;
        times.Sort();
        return new(first, times[times.Count / 2], times[0], cpu, times.Count);
    }

    static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
