using System.Globalization;
using System.Net;
using System.Text;
using CausalMixFT.Engine.Graphs;
using GraphShape;

namespace CausalMixFT.Engine.Formats;

/// <summary>A causal graph as a picture: layers from causes down to effects, marks as they are.</summary>
/// <remarks>
/// Dark edges tell a direction, blue ones do not, a dashed red one with two arrowheads stands for a hidden common cause.
/// Where the confidence of edges is known, rarer edges are paler, and each carries its shares in percent. A legend below
/// explains what occurs beyond plain arrows. The same graph gives the same bytes.
/// </remarks>
public static class GraphSvg
{
    const double FontSize = 13, Padding = 14, LabelSize = 10;
    const string Dark = "#3d4852", Open = "#2b7bba", Hidden = "#b3261e";

    /// <summary>Writes the picture of <paramref name="graph"/> to <paramref name="path"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="target">A variable to highlight, or null.</param>
    /// <param name="confidence">How sure each edge is, or null.</param>
    public static void Write(CausalGraph graph, string path, string? target = null, EdgeConfidence? confidence = null) =>
        AtomicFile.WriteText(path, Draw(graph, target, confidence));

    /// <summary>The picture as the text of an SVG document.</summary>
    /// <inheritdoc cref="Write"/>
    public static string Draw(CausalGraph graph, string? target = null, EdgeConfidence? confidence = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var layout = GraphLayout.Of(graph, [.. graph.Variables.Select(variable => Math.Max(56, TextWidth(variable.Name, FontSize) + 2 * Padding))]);
        var legend = Legend(graph, target, confidence);
        double half = GraphLayout.BoxHeight / 2;
        var corners = layout.Boxes.SelectMany(box => new Point[] { new(box.X - box.Width / 2, box.Y - half), new(box.X + box.Width / 2, box.Y + half) })
            .Concat(layout.Edges.SelectMany(edge => edge.Points)).DefaultIfEmpty(new(0, 0)).ToArray();
        double minX = corners.Min(p => p.X) - GraphLayout.Margin, minY = corners.Min(p => p.Y) - GraphLayout.Margin;
        double bottom = corners.Max(p => p.Y) + GraphLayout.Margin;
        double width = Math.Max(corners.Max(p => p.X), minX + GraphLayout.Margin + legend.Select(entry => 56 + TextWidth(entry.Text, 12)).DefaultIfEmpty(0).Max())
            + GraphLayout.Margin - minX;
        double height = bottom - minY + (legend.Count > 0 ? 20 * legend.Count + 12 : 0);

        var svg = new StringBuilder();
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{N(minX)} {N(minY)} {N(width)} {N(height)}" width="{N(width)}" height="{N(height)}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="{N(FontSize)}" role="img">""");
        Line("<title>Causal graph</title>");
        Line($"<defs>{Markers("dark", Dark)}{Markers("open", Open)}{Markers("hidden", Hidden)}</defs>");
        Line($"""<rect x="{N(minX)}" y="{N(minY)}" width="{N(width)}" height="{N(height)}" fill="#fff"/>""");
        Line("""<g class="edges" fill="none">""");
        foreach (var (edge, points) in layout.Edges)
        {
            Line($"""<path d="{Curve(points)}"{Stroke(edge, confidence)}/>""");
        }

        Line("</g>");
        Line("""<g class="variables" text-anchor="middle" stroke-width="1.2">""");
        foreach (var variable in graph.Variables)
        {
            var box = layout.Boxes[variable.Index];
            bool highlighted = variable.Name == target;
            string fill = highlighted ? "#fde8c8" : "#f1f5f8", stroke = highlighted ? "#c05d00" : "#8795a1";
            Line($"""<rect x="{N(box.X - box.Width / 2)}" y="{N(box.Y - half)}" width="{N(box.Width)}" height="{N(GraphLayout.BoxHeight)}" rx="8" fill="{fill}" stroke="{stroke}"/>""");
            Line($"""<text x="{N(box.X)}" y="{N(box.Y + FontSize * 0.35)}" fill="#22292f"{(highlighted ? " font-weight=\"bold\"" : "")}>{WebUtility.HtmlEncode(variable.Name)}</text>""");
        }

        Line("</g>");
        if (confidence is not null)
        {
            // A white rim keeps figures legible where they lie on edges.
            Line($"""<g class="shares" text-anchor="middle" font-size="{N(LabelSize)}" fill="#22292f" stroke="#fff" stroke-width="3" paint-order="stroke" stroke-linejoin="round">""");
            foreach (var (text, at) in EdgeLabels.Place(layout, edge => Shares(edge, confidence), text => TextWidth(text, LabelSize), LabelSize))
            {
                Line($"""<text x="{N(at.X)}" y="{N(at.Y + LabelSize * 0.35)}">{text}</text>""");
            }

            Line("</g>");
        }

        if (legend.Count > 0)
        {
            Line("""<g class="legend" font-size="12" fill="#4a5661">""");
            double y = bottom + 2, x = minX + GraphLayout.Margin;
            foreach (var (sample, text) in legend)
            {
                if (sample is { } edge)
                {
                    Line($"""<path d="M{N(x)} {N(y)} H{N(x + 44)}" fill="none"{Stroke(edge, null)}/>""");
                }

                Line($"""<text x="{N(x + 56)}" y="{N(y + 4)}">{WebUtility.HtmlEncode(text)}</text>""");
                y += 20;
            }

            Line("</g>");
        }

        Line("</svg>");
        return svg.ToString();

        void Line(string text) => svg.Append(text).Append('\n');
    }

    // Only what occurs and is not plain: an arrow alone explains itself.
    static List<(Edge? Sample, string Text)> Legend(CausalGraph graph, string? target, EdgeConfidence? confidence)
    {
        var kinds = graph.Edges.Select(edge => edge with { From = 0, To = 0 }).Distinct().ToArray();
        var entries = new List<(Edge?, string)>();
        if (confidence is not null || kinds.Any(edge => !edge.IsDirected))
        {
            bool mayHide = graph is Pag;
            Add(Endpoint.Tail, Endpoint.Arrow, "cause and effect");
            Add(Endpoint.Tail, Endpoint.Tail, mayHide ? "both cause what rows were selected by" : "cause and effect, which is which is open");
            Add(Endpoint.Arrow, Endpoint.Arrow, mayHide ? "neither causes the other: a hidden common cause" : "rules spoke for both directions");
            Add(Endpoint.Circle, Endpoint.Arrow, "the arrow's end does not cause the other; the circle's may, or a hidden cause joins them");
            Add(Endpoint.Circle, Endpoint.Circle, "joined, nothing is known of the direction");
            Add(Endpoint.Circle, Endpoint.Tail, "the plain end is a cause, of the other or of what rows were selected by");
        }

        if (confidence is not null)
        {
            entries.Add((null, string.Create(CultureInfo.InvariantCulture,
                $"97/81: joined in 97 % of {confidence.Graphs} graphs of resampled rows; if so, the arrow's direction has 81 %. Paler: rarer.")));
        }

        return entries;

        void Add(Endpoint atFrom, Endpoint atTo, string text)
        {
            var edge = new Edge(0, 0, atFrom, atTo);
            if (kinds.Contains(edge) || kinds.Contains(new(0, 0, atTo, atFrom)))
            {
                entries.Add((edge, text));
            }
        }
    }

    static string Shares(Edge edge, EdgeConfidence confidence)
    {
        string joined = Percent(confidence.Joined(edge.From, edge.To));
        bool points = edge.AtTo == Endpoint.Arrow && edge.AtFrom != Endpoint.Arrow;
        return points ? $"{joined}/{Percent(confidence.Direction(edge.From, edge.To))}" : joined;

        static string Percent(double share) => Math.Round(100 * share).ToString(CultureInfo.InvariantCulture);
    }

    static string Stroke(Edge edge, EdgeConfidence? confidence)
    {
        bool isHidden = (edge.AtFrom, edge.AtTo) == (Endpoint.Arrow, Endpoint.Arrow);
        bool isOpen = edge.AtFrom != Endpoint.Arrow && edge.AtTo != Endpoint.Arrow;
        (string name, string colour) = isHidden ? ("hidden", Hidden) : isOpen ? ("open", Open) : ("dark", Dark);
        double joined = confidence?.Joined(edge.From, edge.To) ?? 1;
        return $" stroke=\"{colour}\" stroke-width=\"{N(confidence is null ? 1.4 : 0.8 + 1.2 * joined)}\"" +
            (isHidden ? " stroke-dasharray=\"6 3\"" : "") + (joined < 1 ? $" opacity=\"{N(0.3 + 0.7 * joined)}\"" : "") +
            Marker("start", edge.AtFrom) + Marker("end", edge.AtTo);

        string Marker(string place, Endpoint mark) => mark switch
        {
            Endpoint.Arrow => $" marker-{place}=\"url(#arrow-{name})\"",
            Endpoint.Circle => $" marker-{place}=\"url(#circle-{name})\"",
            _ => "",
        };
    }

    // Of fixed size, whatever the width of the line.
    static string Markers(string name, string colour) =>
        $"""<marker id="arrow-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 1 L10 5 L0 9 Z" fill="{colour}"/></marker>""" +
        $"""<marker id="circle-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><circle cx="5" cy="5" r="3.9" fill="#fff" stroke="{colour}" stroke-width="1.5"/></marker>""";

    static string Curve(Point[] points)
    {
        var path = new StringBuilder($"M{N(points[0].X)} {N(points[0].Y)}");
        foreach (var (from, to) in points.Zip(points.Skip(1)))
        {
            double middle = (from.Y + to.Y) / 2;
            path.Append(CultureInfo.InvariantCulture, $" C{N(from.X)} {N(middle)} {N(to.X)} {N(middle)} {N(to.X)} {N(to.Y)}");
        }

        return path.ToString();
    }

    // Helvetica's letters are 0.56 of the font size on average, capitals 0.7; no font is at hand to measure with.
    static double TextWidth(string text, double size) =>
        text.Sum(letter => char.IsUpper(letter) || letter > 0x2000 ? 0.74 : "iljtf.,' |/".Contains(letter, StringComparison.Ordinal) ? 0.38 : 0.61)
        * size;

    static string N(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);
}
