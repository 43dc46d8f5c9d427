using System.Globalization;
using CausalMixFT.Engine.Studies;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CausalMixFT.Engine.Reporting;

/// <summary>A measure against the share of the rarest class, with intervals over tables, as SVG pictures.</summary>
static class SkewChart
{
    const double Width = 330, Height = 260, Legend = 24;
    const int PerRow = 3, MostLetters = 42;

    /// <summary>The measure itself: a panel for each number of training rows, a line for each of some arms.</summary>
    public static string DrawValues(StudyMeasure measure, IReadOnlyList<SkewPoint> points, IReadOnlyList<string> arms)
    {
        var sheet = new PlotSheet($"skew-{measure.Key}-", $"{measure.Name} against the share of the rarest class");
        double head = Keys(sheet, [.. arms.Select(arm => PlotSheet.Short(arm, MostLetters))], points.Select(point => point.Rows).Distinct().Count());
        SkewPoint[] shown = [.. points.Where(point => arms.Contains(point.Arm))];
        double low = shown.Min(point => Low(point.Value)), high = shown.Max(point => High(point.Value));
        foreach (var (i, rows) in shown.GroupBy(point => point.Rows).OrderBy(rows => rows.Key).Index())
        {
            var plot = Panel(StudyText.Of($"{rows.Key:N0} training rows, {TaskSummary.Count(rows.Max(point => point.Tables), "table")}"), low, high, StudyText.Score);
            foreach (var line in rows.GroupBy(point => point.Arm).OrderBy(line => Index(arms, line.Key)))
            {
                Add(plot, [.. line], point => point.Value, StudyPage.Colours[Index(arms, line.Key) % StudyPage.Colours.Count]);
            }

            sheet.Add(plot, i % PerRow * Width, head + i / PerRow * Height, Width - 12, Height - 8);
        }

        return sheet.ToString();
    }

    /// <summary>The gain over un-tuned: a panel for every arm, a line for each number of training rows.</summary>
    public static string DrawGains(StudyMeasure measure, IReadOnlyList<SkewPoint> points, IReadOnlyList<string> arms)
    {
        var sheet = new PlotSheet($"skewgain-{measure.Key}-", $"Gain in {measure.Name} against the share of the rarest class");
        int[] rows = [.. points.Select(point => point.Rows).Distinct().Order()];
        double head = Keys(sheet, [.. rows.Select(count => StudyText.Of($"{count:N0} training rows"))], arms.Count, first: 1);
        double low = Math.Min(0, points.Min(point => Low(point.Gain))), high = Math.Max(0, points.Max(point => High(point.Gain)));
        foreach (var (i, arm) in arms.Index())
        {
            var plot = Panel(PlotSheet.Short(arm, MostLetters), low, high, StudyGainsChart.Label);
            plot.Annotations.Add(StudyGainsChart.Zero(OxyPlot.Annotations.LineAnnotationType.Horizontal));
            foreach (var line in points.Where(point => point.Arm == arm).GroupBy(point => point.Rows))
            {
                Add(plot, [.. line], point => point.Gain, StudyPage.Colours[(1 + Array.IndexOf(rows, line.Key)) % StudyPage.Colours.Count]);
            }

            sheet.Add(plot, i % PerRow * Width, head + i / PerRow * Height, Width - 12, Height - 8);
        }

        return sheet.ToString();
    }

    // Names of the lines, in as many lines as they need.
    static double Keys(PlotSheet sheet, IReadOnlyList<string> names, int panels, int first = 0)
    {
        double room = Width * Math.Clamp(panels, 2, PerRow);
        sheet.Box(0, 0, room, 1, OxyColors.White, opacity: 0);
        double left = 8, top = 6;
        foreach (var (i, name) in names.Index())
        {
            double width = 34 + PlotSheet.RoomFor([name], 12);
            if (left + width > room && left > 8)
            {
                (left, top) = (8, top + Legend);
            }

            sheet.Box(left, top + 7, 20, 3, StudyPage.Colours[(first + i) % StudyPage.Colours.Count]);
            sheet.Text(name, left + 26, top + 8.5);
            left += width;
        }

        return top + Legend + 4;
    }

    // The rarer the class, the further right.
    static PlotModel Panel(string title, double low, double high, Func<double, string> label)
    {
        var plot = PlotSheet.Empty(title);
        plot.PlotMargins = new OxyThickness(50, double.NaN, double.NaN, 40);
        double room = Math.Max(1e-6, 0.05 * (high - low));
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Title = "share of the rarest class",
            TitleFontSize = 10.5,
            AxisTitleDistance = 10,
            MajorStep = 1,
            MinimumPadding = 0.06,
            MaximumPadding = 0.06,
            LabelFormatter = halvings => (100 * Math.Pow(2, -halvings)).ToString("0.#", CultureInfo.InvariantCulture) + " %",
        }));
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Left,
            Minimum = low - room,
            Maximum = high + room,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = PlotSheet.Grid,
            LabelFormatter = label,
            IntervalLength = 36,
        }));
        return plot;
    }

    static void Add(PlotModel plot, SkewPoint[] points, Func<SkewPoint, BootstrapInterval> of, OxyColor colour)
    {
        var band = new AreaSeries { Color = OxyColors.Transparent, StrokeThickness = 0, Fill = OxyColor.FromAColor(28, colour) };
        var line = new LineSeries { Color = colour, StrokeThickness = 2, MarkerType = MarkerType.Circle, MarkerSize = 2.8, MarkerFill = colour };
        foreach (var point in points.OrderByDescending(point => point.Share))
        {
            double x = -Math.Log2(point.Share);
            band.Points.Add(new(x, Low(of(point))));
            band.Points2.Add(new(x, High(of(point))));
            line.Points.Add(new(x, of(point).Estimate));
        }

        plot.Series.Add(band);
        plot.Series.Add(line);
    }

    static int Index(IReadOnlyList<string> arms, string arm) => arms.Index().First(pair => pair.Item == arm).Index;

    static double Low(BootstrapInterval interval) => double.IsNaN(interval.Low) ? interval.Estimate : interval.Low;

    static double High(BootstrapInterval interval) => double.IsNaN(interval.High) ? interval.Estimate : interval.High;
}
