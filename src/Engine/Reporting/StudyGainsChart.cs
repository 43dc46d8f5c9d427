using System.Globalization;
using CausalMixFT.Engine.Studies;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The mean gain of each arm over the baseline with its interval, a panel a measure, as an SVG picture.</summary>
static class StudyGainsChart
{
    const double Panel = 330, Line = 22, Margins = 84, Letters = 11;
    const int MostLetters = 44;

    /// <summary>The picture; arms by falling gain in the first measure, from above.</summary>
    public static string Draw(IReadOnlyList<ArmComparison> comparisons, string baseline)
    {
        var sheet = new PlotSheet("gains", $"Mean gain of each arm over {baseline}");
        double left = 0;
        string[] order = [.. comparisons.GroupBy(one => one.Arm).OrderByDescending(arm => arm.First().Mean.Estimate).Select(arm => arm.Key)];
        foreach (var measure in comparisons.GroupBy(one => one.Measure))
        {
            ArmComparison[] arms = [.. measure.OrderBy(one => Array.IndexOf(order, one.Arm))];
            string[] names = [.. arms.Select(one => left == 0 ? PlotSheet.Short(one.Arm, MostLetters) : "")];
            double room = PlotSheet.RoomFor(names, Letters), width = Panel + room;
            sheet.Add(Plot(measure.Key, arms, names, room), left, 0, width, Margins + Line * arms.Length);
            left += width + 8;
        }

        return sheet.ToString();
    }

    /// <summary>A vertical line at no gain.</summary>
    internal static LineAnnotation Zero(LineAnnotationType type = LineAnnotationType.Vertical) =>
        new() { Type = type, X = 0, Y = 0, Color = PlotSheet.Ink, LineStyle = LineStyle.Dash, StrokeThickness = 1, Layer = AnnotationLayer.BelowSeries };

    /// <summary>"+0.02".</summary>
    internal static string Label(double gain) => gain.ToString("+0.####;−0.####;0", CultureInfo.InvariantCulture);

    /// <summary>An axis of names, the first on top.</summary>
    internal static CategoryAxis Names(IReadOnlyList<string> names)
    {
        var axis = PlotSheet.Axis(new CategoryAxis
        {
            Position = AxisPosition.Left,
            FontSize = Letters,
            GapWidth = 0,
            StartPosition = 1,
            EndPosition = 0,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = PlotSheet.Grid,
            IsTickCentered = true,
        });
        axis.Labels.AddRange(names);
        return axis;
    }

    static PlotModel Plot(StudyMeasure measure, ArmComparison[] arms, string[] names, double room)
    {
        var plot = PlotSheet.Empty($"Gain in {measure.Name}");
        plot.PlotMargins = new OxyThickness(room, double.NaN, double.NaN, 40);
        plot.Axes.Add(Names(names));
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            LabelFormatter = Label,
            IntervalLength = 70,
            MinimumPadding = 0.06,
            MaximumPadding = 0.06,
            Title = "worse ← no gain → better",
            TitleFontSize = 10.5,
            AxisTitleDistance = 10,
        }));
        plot.Annotations.Add(Zero());
        for (int i = 0; i < arms.Length; i++)
        {
            var colour = arms[i].Verdict switch
            {
                StudyVerdict.Better => StudyPage.Better,
                StudyVerdict.Worse => StudyPage.Worse,
                _ => StudyPage.Neutral,
            };
            if (arms[i].Gains.Count == 0)
            {
                continue;
            }

            if (!double.IsNaN(arms[i].Mean.Low))
            {
                var line = new LineSeries { Color = colour, StrokeThickness = 2.4 };
                line.Points.Add(new(arms[i].Mean.Low, i));
                line.Points.Add(new(arms[i].Mean.High, i));
                plot.Series.Add(line);
            }

            var point = new ScatterSeries { MarkerType = MarkerType.Circle, MarkerSize = 4.2, MarkerFill = colour, MarkerStrokeThickness = 0 };
            point.Points.Add(new(arms[i].Mean.Estimate, i));
            plot.Series.Add(point);
        }

        return plot;
    }
}
