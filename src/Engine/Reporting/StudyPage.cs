using OxyPlot;

namespace CausalMixFT.Engine.Reporting;

/// <summary>A page of a study's report: as every report, but with colours that follow the reader's light or dark setting.</summary>
static class StudyPage
{
    /// <summary>The colours of arms and lines: told apart by readers who do not see red and green, and seen on white and on near-black.</summary>
    public static readonly IReadOnlyList<OxyColor> Colours =
        [.. new[] { "#7b8794", "#3987d6", "#d9730d", "#1f9e78", "#a05bc4", "#c9a227", "#d1495b" }.Select(OxyColor.Parse)];

    /// <summary>The colour of what is better.</summary>
    public static readonly OxyColor Better = OxyColor.Parse("#1f9e78");

    /// <summary>The colour of what is worse.</summary>
    public static readonly OxyColor Worse = OxyColor.Parse("#d1495b");

    /// <summary>The colour of what is not established.</summary>
    public static readonly OxyColor Neutral = OxyColor.Parse("#7b8794");

    const string Style = """
        :root { color-scheme: light dark; --paper: #fff; --text: #22292f; --muted: #4a5561; --ink: #3d4852; --grid: #e3e7eb; --box: #f5f6f8; --link: #1d5fa8; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14181d; --text: #e4e8ec; --muted: #aab4bf; --ink: #c2ccd6; --grid: #323a44; --box: #1e242b; --link: #7db4ee; }
        }
        body { color: var(--text); background: var(--paper); }
        a { color: var(--link); }
        h2 { border-top-color: var(--grid); }
        th { color: var(--muted); border-bottom-color: var(--grid); }
        td { border-bottom-color: var(--grid); }
        td:first-child { min-width: 10rem; }
        pre { background: var(--box); border-color: var(--grid); }
        blockquote { margin: 1rem 0; padding: .2rem 1.2rem; background: var(--box); border-left: 4px solid var(--link); border-radius: 4px; max-width: 46rem; }
        """;

    // Colours that a picture has in common with its page, with what they are where there is no page around it.
    static readonly (OxyColor Colour, string Name)[] Shared =
        [(PlotSheet.Ink, "ink"), (PlotSheet.Grid, "grid"), (OxyColors.White, "paper")];

    /// <summary>The page.</summary>
    public static string Render(string title, string markdown, IReadOnlyDictionary<string, string> pictures) => ReportPage.Render(
        title, markdown, pictures.ToDictionary(picture => picture.Key, picture => Themed(picture.Value)), Style);

    /// <summary>A picture whose letters, lines and ground follow the page.</summary>
    internal static string Themed(string svg)
    {
        foreach (var (colour, name) in Shared)
        {
            string hex = $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}", variable = $"var(--{name}, {hex})";
            svg = svg.Replace($"rgb({colour.R},{colour.G},{colour.B})", variable, StringComparison.Ordinal)
                .Replace($"\"{hex}\"", $"\"{variable}\"", StringComparison.OrdinalIgnoreCase);
        }

        return svg.Replace("\"#fff\"", "\"var(--paper, #ffffff)\"", StringComparison.OrdinalIgnoreCase);
    }
}
