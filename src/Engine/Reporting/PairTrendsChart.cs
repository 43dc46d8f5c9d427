using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CausalMixFT.Engine.Reporting;

/// <summary>How strongly each pair of columns hangs together: real, synthetic, and the difference, as an SVG picture.</summary>
static class PairTrendsChart
{
    /// <summary>Of more columns than this no name could be read; those of the pairs farthest apart are shown.</summary>
    public const int MostColumns = 40;

    const double Head = 6, Scale = 64;
    const int MostLetters = 18;

    // From −1 over 0 to 1, lightness falling on both sides.
    static readonly OxyPalette Palette = OxyPalette.Interpolate(
        201, OxyColor.Parse("#b45309"), OxyColor.Parse("#f0a45c"), OxyColor.Parse("#f7f8fa"), OxyColor.Parse("#6aa0d8"), OxyColor.Parse("#134b8a"));

    /// <summary>The picture.</summary>
    public static string Draw(PairTrends trends)
    {
        string[] names = Shown(trends);
        var place = names.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        double cell = Math.Clamp(330.0 / Math.Max(1, names.Length), 9, 34), side = cell * names.Length;
        double letters = Math.Clamp(cell * 0.75, 7, 10.5);
        double margin = PlotSheet.RoomFor(names.Select(name => PlotSheet.Short(name, MostLetters)), letters);
        var sheet = new PlotSheet("trends", "How pairs of columns hang together among real and synthetic rows");
        (string Title, Func<PairTrend, double> Of)[] maps =
        [
            ("real", pair => pair.Real), ("synthetic", pair => pair.Synthetic), ("synthetic − real", pair => pair.Synthetic - pair.Real),
        ];
        for (int map = 0; map < maps.Length; map++)
        {
            var plot = PlotSheet.Empty(maps[map].Title);
            var values = new double[names.Length, names.Length];
            for (int i = 0; i < names.Length; i++)
            {
                for (int j = 0; j < names.Length; j++)
                {
                    values[i, j] = double.NaN;
                }
            }

            foreach (var pair in trends.Pairs)
            {
                // The lower triangle, the first column on top.
                if (place.TryGetValue(pair.First, out int first) && place.TryGetValue(pair.Second, out int second))
                {
                    values[first, names.Length - 1 - second] = maps[map].Of(pair);
                }
            }

            bool last = map == maps.Length - 1;
            plot.PlotAreaBorderThickness = new OxyThickness(0);
            plot.PlotMargins = new OxyThickness(margin, 0, last ? Scale : 4, margin);
            plot.Axes.Add(Names(AxisPosition.Left, [.. names.Reverse()], letters));
            plot.Axes.Add(Names(AxisPosition.Bottom, names, letters));
            var colours = PlotSheet.Axis(new LinearColorAxis
            {
                Position = last ? AxisPosition.Right : AxisPosition.None,
                Minimum = -1,
                Maximum = 1,
                Palette = Palette,
                InvalidNumberColor = OxyColors.Transparent,
                MajorStep = 0.5,
                AxisDistance = 14,
                LabelFormatter = value => value.ToString("+0.#;−0.#;0", CultureInfo.InvariantCulture),
            });
            colours.AxisTickToLabelDistance = 9;
            plot.Axes.Add(colours);
            plot.Series.Add(new HeatMapSeries
            {
                X0 = 0,
                X1 = names.Length - 1,
                Y0 = 0,
                Y1 = names.Length - 1,
                Data = values,
                Interpolate = false,
                RenderMethod = HeatMapRenderMethod.Rectangles,
            });
            sheet.Add(plot, map * (side + margin + 24), Head, side + margin + (last ? Scale : 4) + 16, side + margin + 36);
        }

        return sheet.ToString();
    }

    static CategoryAxis Names(AxisPosition position, string[] names, double letters)
    {
        var axis = PlotSheet.Axis(new CategoryAxis
        {
            Position = position,
            Angle = position == AxisPosition.Bottom ? -90 : 0,
            FontSize = letters,
            GapWidth = 0,
            Minimum = -0.5,
            Maximum = names.Length - 0.5,
            MajorStep = 1,
            IsTickCentered = true,
        });
        axis.Labels.AddRange(names.Select(name => PlotSheet.Short(name, MostLetters)));
        return axis;
    }

    static string[] Shown(PairTrends trends)
    {
        if (trends.Columns.Count <= MostColumns)
        {
            return [.. trends.Columns];
        }

        var farthest = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in trends.Pairs.Where(pair => !double.IsNaN(pair.Similarity)).OrderBy(pair => pair.Similarity))
        {
            if (farthest.Count < MostColumns)
            {
                farthest.Add(pair.First);
            }

            if (farthest.Count < MostColumns)
            {
                farthest.Add(pair.Second);
            }
        }

        return [.. trends.Columns.Where(farthest.Contains)];
    }
}
