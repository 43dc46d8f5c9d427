using CausalMixFT.Engine.Studies;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CausalMixFT.Engine.Reporting;

/// <summary>Every split's gain on one table, a dot each, and the mean of each arm, a panel a measure, as an SVG picture.</summary>
static class TableGainsChart
{
    const double Panel = 330, Line = 24, Margins = 80, Letters = 11;
    const int MostLetters = 44;

    /// <summary>The picture.</summary>
    public static string Draw(StudyGains gains, string table, IReadOnlyList<StudyMeasure> measures)
    {
        var sheet = new PlotSheet("table", $"Gain of each arm over the un-tuned model on {table}");
        StudyCell[] cells = [.. gains.Cells.Where(cell => cell.Table == table)];
        double left = 0;
        foreach (var measure in measures)
        {
            string[] names = [.. gains.Arms.Select(arm => left == 0 ? PlotSheet.Short(arm, MostLetters) : "")];
            double room = PlotSheet.RoomFor(names, Letters), width = Panel + room;
            sheet.Add(Plot(gains, cells, measure, names, room), left, 0, width, Margins + Line * names.Length);
            left += width + 8;
        }

        return sheet.ToString();
    }

    static PlotModel Plot(StudyGains gains, StudyCell[] cells, StudyMeasure measure, string[] names, double room)
    {
        var plot = PlotSheet.Empty($"Gain in {measure.Name}");
        plot.PlotMargins = new OxyThickness(room, double.NaN, double.NaN, 40);
        plot.Axes.Add(StudyGainsChart.Names(names));
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            LabelFormatter = StudyGainsChart.Label,
            IntervalLength = 70,
            MinimumPadding = 0.06,
            MaximumPadding = 0.06,
            Title = "worse ← no gain → better",
            TitleFontSize = 10.5,
            AxisTitleDistance = 10,
        }));
        plot.Annotations.Add(StudyGainsChart.Zero());
        var dots = Dots(OxyColor.FromAColor(110, StudyPage.Neutral), 2.2);
        var better = Dots(StudyPage.Better, 4.4);
        var worse = Dots(StudyPage.Worse, 4.4);
        var same = Dots(StudyPage.Neutral, 4.4);
        for (int i = 0; i < gains.Arms.Count; i++)
        {
            foreach (var (_, baseline, value) in cells.SelectMany(cell => gains.SplitPairs(measure, cell, gains.Arms[i])))
            {
                dots.Points.Add(new(measure.HigherIsBetter ? value - baseline : baseline - value, i));
            }

            if (gains.OnTables(measure, gains.Arms[i]).FirstOrDefault(gain => gain.Table == cells[0].Table) is { } mean)
            {
                (mean.Gain < 0 ? worse : mean.Gain > 0 ? better : same).Points.Add(new(mean.Gain, i));
            }
        }

        plot.Series.Add(dots);
        plot.Series.Add(better);
        plot.Series.Add(worse);
        plot.Series.Add(same);
        return plot;

        static ScatterSeries Dots(OxyColor colour, double size) =>
            new() { MarkerType = MarkerType.Circle, MarkerSize = size, MarkerFill = colour, MarkerStrokeThickness = 0 };
    }
}
