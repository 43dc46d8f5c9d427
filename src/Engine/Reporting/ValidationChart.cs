using System.Globalization;
using System.Net;
using System.Text;
using CausalMixFT.Engine.FineTuning;

namespace CausalMixFT.Engine.Reporting;

/// <summary>How far each tuned arm's validation loss moved from that of step 0, as an SVG picture; a ring marks the step that was kept.</summary>
static class ValidationChart
{
    const double Width = 640, Height = 260, Left = 64, Right = 150, Top = 16, Bottom = 44;
    const int FewestTicks = 4;

    // Distances of ticks, as parts of a power of ten.
    static readonly double[] Parts = [0.2, 0.1, 0.05, 0.02, 0.01];

    // Told apart by readers who do not see red and green; lightness differs too.
    static readonly string[] Colours = ["#1d5fa8", "#d9730d"];

    /// <summary>The picture as the text of an SVG document.</summary>
    public static string Draw(IReadOnlyList<ArmResult> arms)
    {
        var tuned = arms.Where(arm => arm.Tuning is not null).ToArray();
        var losses = tuned.SelectMany(arm => arm.Tuning!.History.Select(check => Change(arm, check))).ToArray();
        double low = losses.Min(), high = losses.Max(), margin = Math.Max(0.08 * (high - low), 1e-4);
        (low, high) = (low - margin, high + margin);
        int steps = Math.Max(1, tuned.Max(arm => arm.Tuning!.History[^1].Step));

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="12" fill="#3d4852" role="img">""");
        svg.Append("\n<title>Change of the validation loss by step</title>\n");
        Line($"""<rect width="{Width}" height="{Height}" fill="#fff"/>""");
        Line($"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(0):0.#}" y2="{Y(0):0.#}" stroke="#8795a1" stroke-dasharray="4 3"/>""");
        foreach (double loss in Ticks(low, high))
        {
            Line($"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(loss):0.#}" y2="{Y(loss):0.#}" stroke="#e3e7eb"/>""");
            Line($"""<text x="{Left - 8}" y="{Y(loss) + 4:0.#}" text-anchor="end">{loss:+0.#####;−0.#####;0}</text>""");
        }

        foreach (double step in Ticks(0, steps).Where(step => step == Math.Round(step)))
        {
            Line($"""<text x="{X(step):0.#}" y="{Height - Bottom + 18}" text-anchor="middle">{step}</text>""");
        }

        Line($"""<text x="{(Left + Width - Right) / 2}" y="{Height - 8}" text-anchor="middle">optimiser steps</text>""");
        for (int i = 0; i < tuned.Length; i++)
        {
            var history = tuned[i].Tuning!.History;
            string colour = Colours[i % Colours.Length];
            var points = history.Select(check => string.Create(CultureInfo.InvariantCulture, $"{X(check.Step):0.#},{Y(Change(tuned[i], check)):0.#}"));
            Line($"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="{colour}" stroke-width="2"/>""");
            foreach (var check in history)
            {
                bool kept = check.Step == tuned[i].Tuning!.BestStep;
                Line($"""<circle cx="{X(check.Step):0.#}" cy="{Y(Change(tuned[i], check)):0.#}" r="{(kept ? 6 : 2.5)}" fill="{(kept ? "#fff" : colour)}" stroke="{colour}" stroke-width="2"/>""");
            }

            double legend = Top + 12 + 22 * i;
            Line($"""<line x1="{Width - Right + 16}" x2="{Width - Right + 40}" y1="{legend}" y2="{legend}" stroke="{colour}" stroke-width="2"/>""");
            Line($"""<text x="{Width - Right + 46}" y="{legend + 4}">{WebUtility.HtmlEncode(tuned[i].Name)}</text>""");
        }

        return svg.Append("</svg>\n").ToString();

        static double Change(ArmResult arm, FineTuneCheck check) => check.ValidationLoss - arm.Tuning!.History[0].ValidationLoss;
        double X(double step) => Left + (Width - Left - Right) * step / steps;
        double Y(double loss) => Top + (Height - Top - Bottom) * (high - loss) / (high - low);
        void Line(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    // Multiples of 1, 2 or 5 times a power of ten: the widest that leave enough of them.
    static IEnumerable<double> Ticks(double low, double high)
    {
        double power = Math.Pow(10, Math.Ceiling(Math.Log10(high - low)));
        double step = Parts.Select(part => part * power)
            .First(step => Math.Floor(high / step) - Math.Ceiling(low / step) + 1 >= FewestTicks);
        for (double i = Math.Ceiling(low / step); i * step <= high; i++)
        {
            yield return i * step;
        }
    }
}
