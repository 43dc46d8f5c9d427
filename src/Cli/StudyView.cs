using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Studies;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CausalMixFT.Cli;

/// <summary>How far a study is, what is being worked at, and how long the rest will take.</summary>
/// <param name="plan">The plan, or the shard of it that is worked at.</param>
/// <param name="store">A connection of the view's own.</param>
/// <param name="processes">Processes at work.</param>
sealed class StudyView(StudyPlan plan, StudyStore store, int processes)
{
    const int BarWidth = 40;

    readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>What is done.</summary>
    public StudyProgress Progress { get; } = new(plan);

    /// <summary>Looks again.</summary>
    public void Refresh() => Progress.Refresh(store);

    /// <summary>The view where a person watches.</summary>
    public IRenderable Draw()
    {
        Refresh();
        double share = plan.Count == 0 ? 1 : (double)Progress.Done / plan.Count;
        int full = (int)(share * BarWidth);
        var grid = new Grid().AddColumn().AddColumn();
        grid.AddRow(new Markup($"[green]{new string('━', full)}[/][grey]{new string('━', BarWidth - full)}[/]"), new Text(Line()));
        foreach (var (draw, doing) in StudyClaims.Working(store))
        {
            grid.AddRow(new Text(draw.ToString()), new Text(doing));
        }

        return grid;
    }

    /// <summary>The view in one line.</summary>
    public string Line()
    {
        Refresh();
        string faulty = Progress.Faulty > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({Progress.Faulty} without scores)") : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Progress.Done} of {plan.Count} units{faulty}, {Time(_clock.Elapsed)} so far, {Left()}");
    }

    string Left() => Progress.IsComplete ? "done"
        : Progress.SecondsLeft(processes) is double seconds ? $"about {Time(TimeSpan.FromSeconds(seconds))} left" : "time left not known yet";

    static string Time(TimeSpan time) => time.TotalDays >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d {time:hh\\:mm} h")
        : time.ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture);
}
