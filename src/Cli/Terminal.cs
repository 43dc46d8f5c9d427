using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Engine;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CausalMixFT.Cli;

/// <summary>Where a command talks: bars where a person watches, plain lines where a file or another program listens.</summary>
sealed class Terminal
{
    // A file has no width; tables of scores need about this much.
    const int WidthOfFiles = 140;

    readonly IAnsiConsole _console;
    readonly TextWriter _out;
    readonly Lock _lock = new();
    string? _openStage;

    /// <summary>A terminal on two writers.</summary>
    public Terminal(TextWriter output, TextWriter error, bool interactive = false, CancellationToken cancellation = default)
    {
        (_out, Error, Cancellation) = (output, error, cancellation);
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        IsInteractive = interactive && _console.Profile.Capabilities.Ansi;
        if (!IsInteractive)
        {
            _console.Profile.Width = WidthOfFiles;
        }
    }

    /// <summary>Where faults are told.</summary>
    public TextWriter Error { get; }

    /// <summary>Cancelled when the user presses Ctrl-C.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Whether bars can be drawn.</summary>
    public bool IsInteractive { get; }

    /// <summary>The terminal that this process was started from.</summary>
    public static Terminal OfThisProcess(CancellationToken cancellation) =>
        new(Console.Out, Console.Error, interactive: !Console.IsOutputRedirected, cancellation);

    /// <summary>Writes a line.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            EndStage(null);
            _out.WriteLine(line);
        }
    }

    /// <summary>Writes one line for each note.</summary>
    public void Note(IEnumerable<string> notes)
    {
        foreach (string note in notes)
        {
            Say($"Note: {note}");
        }
    }

    /// <summary>Writes a table.</summary>
    public void Show(Table table) => _console.Write(table);

    /// <summary>Runs one stage.</summary>
    public T Stage<T>(string name, Func<IProgress<double>, T> work) =>
        Stages(told => work(new Shares(told, name)));

    /// <summary>Runs work that tells its stages, and shows where it stands; Ctrl-C ends it at its next word.</summary>
    public T Stages<T>(Func<IProgress<StageProgress>, T> work)
    {
        var result = IsInteractive ? WithBars(work) : WithLines(work);
        Cancellation.ThrowIfCancellationRequested();
        return result;
    }

    /// <summary>Shows how far work is until it ends, however it does.</summary>
    /// <param name="draw">The view for a person.</param>
    /// <param name="line">The view in a line, told at most every ten seconds where nobody watches.</param>
    /// <param name="work">The work.</param>
    public void Watch(Func<IRenderable> draw, Func<string> line, Task work)
    {
        if (IsInteractive)
        {
            _console.Live(draw()).Start(context =>
            {
                while (!Ended(work, TimeSpan.FromSeconds(0.5)))
                {
                    context.UpdateTarget(draw());
                }

                context.UpdateTarget(draw());
            });
            return;
        }

        while (!Ended(work, TimeSpan.FromSeconds(10)))
        {
            Say(line());
        }
    }

    // Waits without a word about how the work ended: that is for whoever began it.
    static bool Ended(Task work, TimeSpan longest) => ((IAsyncResult)work).AsyncWaitHandle.WaitOne(longest);

    T WithBars<T>(Func<IProgress<StageProgress>, T> work) => _console.Progress()
        .Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(),
            new ElapsedTimeColumn())
        .Start(context =>
        {
            ProgressTask? task = null;
            return work(new Listener(this, told =>
            {
                if (task?.Description != Markup.Escape(told.Stage))
                {
                    task = context.AddTask(Markup.Escape(told.Stage), maxValue: 1);
                }

                task.Value = told.Share;
            }));
        });

    T WithLines<T>(Func<IProgress<StageProgress>, T> work)
    {
        string? stage = null;
        var clock = Stopwatch.StartNew();
        try
        {
            var result = work(new Listener(this, told =>
            {
                if (told.Stage == stage)
                {
                    return;
                }

                EndStage(stage is null ? null : clock);
                clock.Restart();
                stage = _openStage = told.Stage;
                _out.Write($"{told.Stage} ...");
                _out.Flush();
            }));
            if (stage is not null && _openStage is null)
            {
                _out.Write($"{stage} ...");
                _openStage = stage;
            }

            EndStage(clock);
            return result;
        }
        finally
        {
            EndStage(null);
        }
    }

    // Ends the line of a stage, with the time it took if it is done.
    void EndStage(Stopwatch? clock)
    {
        if (_openStage is not null)
        {
            _out.WriteLine(clock is null ? "" : string.Create(CultureInfo.InvariantCulture, $" {clock.Elapsed.TotalSeconds:0.0} s"));
            _openStage = null;
        }
    }

    // Threads may report at once, and after Ctrl-C the next report ends the work.
    sealed class Listener(Terminal terminal, Action<StageProgress> listen) : IProgress<StageProgress>
    {
        public void Report(StageProgress value)
        {
            terminal.Cancellation.ThrowIfCancellationRequested();
            lock (terminal._lock)
            {
                listen(value);
            }
        }
    }

    sealed class Shares : IProgress<double>
    {
        readonly IProgress<StageProgress> _told;
        readonly string _stage;

        public Shares(IProgress<StageProgress> told, string stage)
        {
            (_told, _stage) = (told, stage);
            Report(0);
        }

        public void Report(double value) => _told.Report(new(_stage, value));
    }
}
