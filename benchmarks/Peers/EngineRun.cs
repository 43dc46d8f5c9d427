using System.Diagnostics;
using System.Globalization;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>What a process that ran one engine on one case found.</summary>
/// <param name="Seconds">Wall time of each run.</param>
/// <param name="Idle">Resident bytes before anything ran: the program, its libraries, the weights.</param>
/// <param name="Peak">Most resident bytes of the process.</param>
sealed record EngineRun(IReadOnlyList<double> Seconds, long Idle, long Peak)
{
    // The compiler optimises a method after 30 calls, and needs a moment beside them.
    const int WarmUpRuns = 40, CompilerMilliseconds = 250;
    const double WarmUpSeconds = 0.6;

    // A first run that takes as long is timed, not repeated.
    const double Long = 2;

    public double Best => Seconds.Min();

    public double Median => Seconds.Order().ElementAt(Seconds.Count / 2);

    /// <summary>Bytes that the runs needed beyond the idle process.</summary>
    public long Needed => Peak - Idle;

    /// <summary>The same runs and more of them, from another process.</summary>
    public EngineRun With(EngineRun other) =>
        new([.. Seconds, .. other.Seconds], Math.Max(Idle, other.Idle), Math.Max(Peak, other.Peak));

    /// <summary>Runs <paramref name="small"/> until its code is compiled, then <paramref name="open"/>'s work for some seconds.</summary>
    public static EngineRun Of(Func<(Action Work, IDisposable Owner)> small, Func<(Action Work, IDisposable Owner)> open, double seconds)
    {
        var (warm, warmOwner) = small();
        long idle = PeakMemory.Resident;
        using (warmOwner)
        {
            double spent = 0;
            for (int run = 0; run < WarmUpRuns && spent < WarmUpSeconds; run++)
            {
                spent += Time(warm);
            }

            Thread.Sleep(CompilerMilliseconds);
        }

        var (work, owner) = open();
        using (owner)
        {
            var times = new List<double> { Time(work) };
            if (times[0] < Long)
            {
                times.Clear();
                double spent = 0;
                while (times.Count == 0 || spent < seconds)
                {
                    times.Add(Time(work));
                    spent += times[^1];
                }
            }

            return new(times, idle, PeakMemory.Peak);
        }
    }

    public static EngineRun Parse(string line)
    {
        string[] parts = line.Split(' ');
        long Bytes(int part) => long.Parse(parts[part], CultureInfo.InvariantCulture);
        return new([.. parts[2..].Select(part => double.Parse(part, CultureInfo.InvariantCulture))], Bytes(0), Bytes(1));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Idle} {Peak} {string.Join(' ', Seconds.Select(time => time.ToString("R", CultureInfo.InvariantCulture)))}");

    static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
