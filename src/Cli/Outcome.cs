using System.Globalization;
using CausalMixFT.Cli.Commands;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Cli;

/// <summary>How a command can end.</summary>
static class Outcome
{
    /// <summary>All went well.</summary>
    public const int Done = 0;

    /// <summary>The user's input is wrong: one sentence says how.</summary>
    public const int WrongInput = 1;

    /// <summary>The program is wrong: a log says where.</summary>
    public const int InternalFault = 2;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Stopped = 130;

    /// <summary>What every message to the error stream begins with.</summary>
    public const string Prefix = "causalmixft: ";

    /// <summary>Runs a command and turns how it ends into an exit code.</summary>
    public static int Of(Command command, string[] args, Terminal terminal)
    {
        try
        {
            command.Args = args;
            command.CheckRest();
            command.Run(terminal);
            return Done;
        }
        catch (Exception fault)
        {
            return Of(fault, command, args, terminal);
        }
    }

    /// <summary>Tells a fault and gives its exit code.</summary>
    public static int Of(Exception fault, Command command, string[] args, Terminal terminal)
    {
        switch (Cause(fault))
        {
            case InputException or DeviceUnavailableException:
                terminal.Error.WriteLine($"{Prefix}{Cause(fault).Message.ReplaceLineEndings(" ")}");
                return WrongInput;
            case OperationCanceledException:
                terminal.Error.WriteLine($"{Prefix}stopped; {command.AfterStop}");
                return Stopped;
            default:
                string? log = WriteLog(fault, command, args);
                terminal.Error.WriteLine(
                    $"{Prefix}an internal fault, not yours ({Cause(fault).GetType().Name}: {Cause(fault).Message.ReplaceLineEndings(" ")}); please report it " +
                    (log is null ? $"with this stack: {fault}" : $"with the log {log}."));
                return InternalFault;
        }
    }

    // Threads that work side by side each throw; what they mean is one of them.
    static Exception Cause(Exception fault) =>
        fault is AggregateException { InnerExceptions: [var first, ..] } ? Cause(first) : fault;

    // Beside the results if that is possible, else where temporary files go.
    static string? WriteLog(Exception fault, Command command, string[] args)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"""
            CausalMixFT {Provenance.Program}, {Provenance.Platform}, {Environment.ProcessorCount} processors
            {string.Join(Environment.NewLine, Provenance.Libraries.Select(library => $"{library.Key} {library.Value}"))}
            {TimeProvider.System.GetUtcNow():u}
            {Command.Line(args)}

            {fault}

            """);
        foreach (string? place in (string?[])[command.Results, Path.Combine(Path.GetTempPath(), "causalmixft")])
        {
            try
            {
                if (place is not null)
                {
                    string log = $"{Path.TrimEndingDirectorySeparator(place)}.error.log";
                    AtomicFile.WriteText(log, text);
                    return log;
                }
            }
            catch (InputException)
            {
                // The next place may do.
            }
        }

        return null;
    }
}
