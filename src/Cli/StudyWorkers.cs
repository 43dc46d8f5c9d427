using System.Diagnostics;
using System.Globalization;

namespace CausalMixFT.Cli;

/// <summary>Processes of this program that work on one store side by side; they end when this one does.</summary>
sealed class StudyWorkers : IDisposable
{
    readonly List<Process> _processes = [];
    readonly List<string> _faults = [];
    readonly Lock _lock = new();

    /// <summary>Starts processes.</summary>
    /// <param name="arguments">The command line of each.</param>
    /// <param name="count">How many.</param>
    public StudyWorkers(IReadOnlyList<string> arguments, int count)
    {
        try
        {
            Ended = Task.WhenAll(Enumerable.Range(1, count).Select(number => Started(arguments, number)).ToArray());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Ends when the last process does.</summary>
    public Task Ended { get; }

    /// <summary>What processes said that ended early.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_lock)
            {
                return [.. _faults];
            }
        }
    }

    /// <summary>Asks every process to end: they read until their input ends.</summary>
    public void Stop()
    {
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var process in _processes)
        {
            process.Dispose();
        }
    }

    async Task Started(IReadOnlyList<string> arguments, int number)
    {
        // A published program starts itself; a built one is a library that dotnet runs.
        string library = typeof(StudyWorkers).Assembly.Location;
        string self = Environment.ProcessPath ?? "dotnet";
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        var start = library.Length == 0
            ? new ProcessStartInfo(self, arguments)
            : new ProcessStartInfo(isHost ? self : "dotnet", [library, .. arguments]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var process = Process.Start(start)!;
        _processes.Add(process);
        var output = process.StandardOutput.ReadToEndAsync();
        string said = await process.StandardError.ReadToEndAsync().ConfigureAwait(false);
        await output.ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        if (process.ExitCode != Outcome.Done)
        {
            lock (_lock)
            {
                _faults.Add(string.Create(
                    CultureInfo.InvariantCulture, $"Process {number} ended with {process.ExitCode}: {said.Trim().Split('\n')[^1]}"));
            }
        }
    }
}
