using System.Net;
using Markdig;

namespace CausalMixFT.Engine.Reporting;

/// <summary>A report as one HTML page that needs nothing else: style and pictures are inside it.</summary>
public static class ReportPage
{
    // Raw HTML is text here: a column may be called <script>.
    static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().Build();

    // A graph of many columns is wider than text should be: pictures may use all of the window.
    const string Style = """
        :root { color-scheme: light; }
        body { font: 16px/1.55 system-ui, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; color: #22292f; background: #fff; margin: 0; overflow-x: hidden; }
        main { max-width: 72rem; margin: 0 auto; padding: 2.5rem 3rem 4rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.2rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.3rem; margin: 2.8rem 0 .8rem; padding-top: 1.2rem; border-top: 1px solid #e3e7eb; }
        h3 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
        p, ul { max-width: 46rem; }
        li { margin: .35rem 0; }
        .wide { overflow-x: auto; margin: 1rem 0; }
        table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 600; color: #4a5561; border-bottom: 2px solid #cbd2d9; padding: .35rem 1.2rem .35rem 0; vertical-align: bottom; }
        td { border-bottom: 1px solid #e9ecef; padding: .35rem 1.2rem .35rem 0; vertical-align: top; overflow-wrap: break-word; max-width: 42rem; }
        td[style*=right] { white-space: nowrap; }
        pre { background: #f5f6f8; border: 1px solid #e3e7eb; border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; }
        code { font: .88em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        .picture { overflow: visible; margin: 1rem calc(50% - 50vw + 2rem); text-align: center; }
        svg { max-width: 100%; height: auto; }
        @media (max-width: 48rem) { main { padding: 1.5rem 1rem; } }
        @media print { .picture { margin: 1rem 0; } main { padding: 0; } }
        """;

    /// <summary>The page.</summary>
    /// <param name="title">What the browser's tab says.</param>
    /// <param name="markdown">The report.</param>
    /// <param name="pictures">SVG documents by the name under which the report shows them.</param>
    public static string Render(string title, string markdown, IReadOnlyDictionary<string, string> pictures) => Render(title, markdown, pictures, "");

    /// <summary>The page with rules of style that override those of all pages.</summary>
    internal static string Render(string title, string markdown, IReadOnlyDictionary<string, string> pictures, string style)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        string body = Markdown.ToHtml(markdown, Pipeline)
            .Replace("<table>", "<div class=\"wide\"><table>", StringComparison.Ordinal)
            .Replace("</table>", "</table></div>", StringComparison.Ordinal);
        foreach (var (name, svg) in pictures)
        {
            body = Embed(body, name, svg);
        }

        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <style>
            {Style}
            {style}
            </style>
            </head>
            <body>
            <main>
            {body}
            </main>
            </body>
            </html>

            """;
    }

    // <p><img src="name" alt="…" /></p> becomes the picture itself.
    static string Embed(string body, string name, string svg)
    {
        int image = body.IndexOf($"<p><img src=\"{name}\"", StringComparison.Ordinal);
        if (image < 0)
        {
            return body;
        }

        int end = body.IndexOf("</p>", image, StringComparison.Ordinal) + "</p>".Length;
        return $"{body[..image]}<div class=\"picture\">\n{svg[svg.IndexOf("<svg", StringComparison.Ordinal)..]}</div>{body[end..]}";
    }
}
