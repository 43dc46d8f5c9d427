using System.Globalization;
using System.Net;
using System.Text;
using CausalMixFT.Engine.Studies;
using OxyPlot;

namespace CausalMixFT.Engine.Reporting;

/// <summary>Average ranks on a line, bars joining arms whose ranks do not differ (Demšar 2006), as an SVG picture.</summary>
static class CriticalDifferenceChart
{
    const double Width = 1020, Side = 310, Axis = 62, Row = 21, Bar = 8;
    const int MostLetters = 38;

    static readonly string Ink = Hex(PlotSheet.Ink), Strong = Hex(StudyPage.Colours[1]);

    /// <summary>The picture.</summary>
    public static string Draw(ArmRanking ranking)
    {
        var test = ranking.Test;
        int arms = ranking.Arms.Count;
        int[] order = [.. Enumerable.Range(0, arms).OrderBy(arm => test.AverageRanks[arm])];
        var groups = test.Groups();
        int onLeft = (arms + 1) / 2;

        // Leader lines begin below the bars that they would else cross.
        double labels = Axis + 18 + Bar * groups.Count, height = labels + Row * onLeft + 8;
        double margin = order.Length > 1 ? 0.06 * (arms - 1) : 0.5;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height:0}" width="{Width}" height="{height:0}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="12" fill="{Ink}" role="img">""");
        svg.Append(CultureInfo.InvariantCulture, $"\n<title>Average ranks by {WebUtility.HtmlEncode(ranking.Measure.Name)}</title>\n");
        Line($"""<rect width="{Width}" height="{height:0}" fill="#fff"/>""");
        Line($"""<line x1="{X(1):0.#}" x2="{X(arms):0.#}" y1="{Axis}" y2="{Axis}" stroke="{Ink}"/>""");
        for (int rank = 1; rank <= arms; rank++)
        {
            if (arms <= 16 || rank % 2 == 1)
            {
                Line($"""<line x1="{X(rank):0.#}" x2="{X(rank):0.#}" y1="{Axis - 5}" y2="{Axis}" stroke="{Ink}"/>""");
                Line($"""<text x="{X(rank):0.#}" y="{Axis - 10}" text-anchor="middle">{rank}</text>""");
            }
        }

        // The critical difference, cut where it is longer than the axis.
        double end = Math.Min(X(1) + X(1 + test.CriticalDifference) - X(1), X(arms));
        Line($"""<line x1="{X(1):0.#}" x2="{end:0.#}" y1="26" y2="26" stroke="{Strong}" stroke-width="3"/>""");
        Line($"""<text x="{X(1):0.#}" y="16">critical difference {test.CriticalDifference:0.00}{(1 + test.CriticalDifference > arms ? " (longer than the axis)" : "")}</text>""");
        for (int i = 0; i < arms; i++)
        {
            bool left = i < onLeft;
            double x = X(test.AverageRanks[order[i]]), y = labels + Row * (left ? i : arms - 1 - i) + 8;
            string name = WebUtility.HtmlEncode(PlotSheet.Short(ranking.Arms[order[i]], MostLetters));
            string weight = order[i] == 0 ? " font-weight=\"700\"" : "";
            Line($"""<polyline points="{x:0.#},{Axis} {x:0.#},{y:0.#} {(left ? Side - 20 : Width - Side + 20):0.#},{y:0.#}" fill="none" stroke="{Ink}" stroke-opacity="0.55"/>""");
            Line($"""<text x="{(left ? Side - 26 : Width - Side + 26):0.#}" y="{y + 4:0.#}" text-anchor="{(left ? "end" : "start")}"{weight}>{name}  {test.AverageRanks[order[i]]:0.00}</text>""");
        }

        for (int group = 0; group < groups.Count; group++)
        {
            double y = Axis + 9 + Bar * group;
            Line($"""<line x1="{X(test.AverageRanks[groups[group][0]]) - 4:0.#}" x2="{X(test.AverageRanks[groups[group][^1]]) + 4:0.#}" y1="{y:0.#}" y2="{y:0.#}" stroke="{Strong}" stroke-width="4" stroke-linecap="round"/>""");
        }

        return svg.Append("</svg>\n").ToString();

        double X(double rank) => Side + (Width - 2 * Side) * (rank - 1 + margin) / (arms - 1 + 2 * margin);
        void Line(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    static string Hex(OxyColor colour) => $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}";
}
