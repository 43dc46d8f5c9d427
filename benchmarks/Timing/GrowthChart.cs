using System.Globalization;
using System.Net;
using System.Text;

namespace CausalMixFT.Benchmarks.Timing;

/// <summary>Seconds over columns and over rows, both axes logarithmic, a line per program, as an SVG picture.</summary>
static class GrowthChart
{
    const double Width = 850, Height = 340, Top = 34, Bottom = 50, PanelWidth = 290;

    // Left edges of the two panels.
    const double First = 70, Second = 470;

    // Room behind a line's end for its name.
    const double NameWidth = 88;

    // Told apart by readers who do not see red and green; lightness differs too.
    static readonly string[] Colours = ["#1d5fa8", "#d9730d", "#6b7280", "#9b3d8f", "#2a8f7b"];

    public static string Draw(IReadOnlyList<GrowthPoint> points)
    {
        var svg = new StringBuilder();
        string[] programs = [.. points.Select(point => point.Program).Distinct()];
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="12" fill="#3d4852" role="img">""");
        svg.Append("\n<title>PC by Fisher's z: seconds over columns and over rows</title>\n");
        Line($"""<rect width="{Width}" height="{Height}" fill="#fff"/>""");

        var (low, high) = (Math.Log10(points.Min(point => point.Seconds)), Math.Log10(points.Max(point => point.Seconds)));
        (low, high) = (Math.Floor(low), Math.Ceiling(high));
        Panel(First, "seconds by columns, 1,000 rows", "columns", point => point.Rows == 1000, point => point.Columns);
        Panel(Second, "seconds by rows, 50 columns", "rows", point => point.Columns == 50, point => point.Rows);
        return svg.Append("</svg>\n").ToString();

        void Panel(double left, string title, string axis, Func<GrowthPoint, bool> isShown, Func<GrowthPoint, int> size)
        {
            var shown = points.Where(isShown).ToArray();
            double right = left + PanelWidth - NameWidth + 60;
            double from = Math.Log10(shown.Min(size)), to = Math.Log10(shown.Max(size));
            Line($"""<text x="{left}" y="18" font-weight="bold">{title}</text>""");
            for (double power = low; power <= high; power++)
            {
                Line($"""<line x1="{left}" x2="{right}" y1="{Y(power):0.#}" y2="{Y(power):0.#}" stroke="#e3e7eb"/>""");
                Line($"""<text x="{left - 8}" y="{Y(power) + 4:0.#}" text-anchor="end">{Math.Pow(10, power)} s</text>""");
            }

            foreach (int tick in shown.Select(size).Distinct().Order())
            {
                Line($"""<line x1="{X(tick):0.#}" x2="{X(tick):0.#}" y1="{Y(low):0.#}" y2="{Y(low) + 5:0.#}" stroke="#8795a1"/>""");
                Line($"""<text x="{X(tick):0.#}" y="{Y(low) + 18:0.#}" text-anchor="middle">{Short(tick)}</text>""");
            }

            Line($"""<text x="{(left + right) / 2}" y="{Height - 10}" text-anchor="middle">{axis}</text>""");
            var names = new List<FormattableString>();
            for (int i = 0; i < programs.Length; i++)
            {
                var own = shown.Where(point => point.Program == programs[i]).OrderBy(size).ToArray();
                if (own.Length == 0)
                {
                    continue;
                }

                string colour = Colours[i % Colours.Length];
                var corners = own.Select(point => string.Create(
                    CultureInfo.InvariantCulture, $"{X(size(point)):0.#},{Y(Math.Log10(point.Seconds)):0.#}"));
                Line($"""<polyline points="{string.Join(' ', corners)}" fill="none" stroke="{colour}" stroke-width="2"/>""");
                foreach (var point in own)
                {
                    Line($"""<circle cx="{X(size(point)):0.#}" cy="{Y(Math.Log10(point.Seconds)):0.#}" r="3" fill="{colour}"/>""");
                }

                var last = own[^1];
                string name = $"""fill="{colour}" stroke="#fff" stroke-width="4" paint-order="stroke">{WebUtility.HtmlEncode(programs[i])}""";
                names.Add($"""<text x="{X(size(last)) + 8:0.#}" y="{Y(Math.Log10(last.Seconds)) + 4:0.#}" {name}</text>""");
            }

            // Names lie above every line, in a white rim where they cross one.
            names.ForEach(Line);

            double X(double value) => left + (right - left) * (Math.Log10(value) - from) / (to - from);
        }

        double Y(double power) => Top + (Height - Top - Bottom) * (high - power) / (high - low);
        void Line(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    static string Short(int value) => value >= 1_000_000 ? $"{value / 1_000_000}M" : value >= 1000 ? $"{value / 1000}k" : $"{value}";
}
