using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.Tables;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CausalMixFT.Engine.Reporting;

/// <summary>Each column's distribution among real rows beside that among synthetic ones, as an SVG picture.</summary>
/// <remarks>
/// Numbers: shares in bins between the real column's 0.5 and 99.5 % quantiles, the outermost bins holding all beyond. Names, and
/// whole numbers of few values: a bar for each, the rarest together.
/// </remarks>
static class MarginalsChart
{
    /// <summary>More columns than this are not looked at; those farthest apart are shown.</summary>
    public const int MostColumns = 24;

    const int PerRow = 4, MostBars = 7, FewestBars = 4, MostBins = 30, FewestForQuantiles = 200;
    const double Width = 270, Height = 175, Head = 34;
    const double Tail = 0.005;

    /// <summary>The picture; columns farthest apart first where not all are shown.</summary>
    public static string Draw(Table real, Table synthetic, IReadOnlyList<ColumnFidelity> shapes)
    {
        var shown = shapes.Count <= MostColumns ? shapes : [.. shapes.OrderByDescending(shape => shape.Distance).Take(MostColumns)];
        var sheet = new PlotSheet("marginals", "Distribution of each column among real and synthetic rows");
        sheet.Box(8, 9, 14, 12, PlotSheet.Real, 0.35);
        sheet.Text("real", 28, 15);
        sheet.Box(76, 13.5, 14, 3, PlotSheet.Synthetic);
        sheet.Text("synthetic", 96, 15);
        for (int i = 0; i < shown.Count; i++)
        {
            var (a, b) = (real[shown[i].Name], synthetic[shown[i].Name]);
            var plot = PlotSheet.Empty(string.Create(CultureInfo.InvariantCulture, $"{PlotSheet.Short(a.Name, 26)}  ({shown[i].Distance:0.00})"));
            if (a.IsDiscrete || HasFewValues(a))
            {
                Bars(plot, a, b);
            }
            else
            {
                Bins(plot, a, b);
            }

            sheet.Add(plot, i % PerRow * Width, Head + i / PerRow * Height, Width - 10, Height - 6);
        }

        return sheet.ToString();
    }

    static bool HasFewValues(Column column) => column.Kind == ColumnKind.Integer &&
        column.Values.ToArray().Where(value => !double.IsNaN(value)).Distinct().Take(MostBars + 1).Count() <= MostBars;

    static void Bars(PlotModel plot, Column real, Column synthetic)
    {
        var (a, b) = (Shares(real), Shares(synthetic));
        string[] names = [.. a.Keys.Union(b.Keys)];
        names = real.IsDiscrete
            ? [.. names.OrderByDescending(name => a.GetValueOrDefault(name)).ThenBy(name => name, StringComparer.Ordinal)]
            : [.. names.OrderBy(name => name.Length == 0 ? double.PositiveInfinity : double.Parse(name, CultureInfo.InvariantCulture))];
        bool rest = names.Length > MostBars;
        string[] shown = rest ? names[..(MostBars - 1)] : names;

        // Category axes count from below.
        var labels = shown.Select(name => name.Length == 0 ? "(missing)" : PlotSheet.Short(name, 14)).ToList();
        List<double> first = [.. shown.Select(name => a.GetValueOrDefault(name))], second = [.. shown.Select(name => b.GetValueOrDefault(name))];
        if (rest)
        {
            labels.Add(string.Create(CultureInfo.InvariantCulture, $"({names.Length - shown.Length} more)"));
            first.Add(names[shown.Length..].Sum(name => a.GetValueOrDefault(name)));
            second.Add(names[shown.Length..].Sum(name => b.GetValueOrDefault(name)));
        }

        labels.Reverse();
        first.Reverse();
        second.Reverse();
        // Two bars are no taller than four would be.
        var axis = PlotSheet.Axis(new CategoryAxis
        {
            Position = AxisPosition.Left,
            GapWidth = 0.35,
            Minimum = labels.Count - 0.5 - Math.Max(labels.Count, FewestBars),
            Maximum = labels.Count - 0.5,
        });
        axis.Labels.AddRange(labels);
        plot.PlotMargins = new OxyThickness(PlotSheet.RoomFor(labels, plot.DefaultFontSize), double.NaN, double.NaN, double.NaN);
        plot.Axes.Add(axis);
        double most = Math.Max(first.Max(), second.Max());
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Minimum = 0,
            Maximum = 1.05 * most,
            LabelFormatter = value => value.ToString("0.## %", CultureInfo.InvariantCulture),
            IntervalLength = 90,
        }));
        plot.Series.Add(Series(second, OxyColor.FromAColor(190, PlotSheet.Synthetic)));
        plot.Series.Add(Series(first, OxyColor.FromAColor(90, PlotSheet.Real)));

        static BarSeries Series(List<double> shares, OxyColor colour)
        {
            var series = new BarSeries { FillColor = colour, StrokeThickness = 0 };
            series.Items.AddRange(shares.Select(share => new BarItem(share)));
            return series;
        }
    }

    static Dictionary<string, double> Shares(Column column)
    {
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (value, count) in column.Values.ToArray().CountBy(value => value))
        {
            string name = double.IsNaN(value) ? "" : column.IsDiscrete ? column.Levels[(int)value] : value.ToString("R", CultureInfo.InvariantCulture);
            shares[name] = (double)count / column.Rows;
        }

        return shares;
    }

    static void Bins(PlotModel plot, Column real, Column synthetic)
    {
        double[] a = Present(real), b = Present(synthetic);
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            LabelFormatter = Number,
            IntervalLength = 62,
            MinimumPadding = 0.02,
            MaximumPadding = 0.02,
        }));
        plot.Axes.Add(PlotSheet.Axis(new LinearAxis { Position = AxisPosition.Left, Minimum = 0, IsAxisVisible = false, MaximumPadding = 0.06 }));
        if (a.Length == 0)
        {
            return;
        }

        bool cut = a.Length >= FewestForQuantiles;
        double low = cut ? a[(int)(Tail * (a.Length - 1))] : a[0], high = cut ? a[(int)((1 - Tail) * (a.Length - 1))] : a[^1];
        (low, high) = low < high ? (low, high) : a[0] < a[^1] ? (a[0], a[^1]) : (low - 0.5, low + 0.5);
        int bins = Math.Clamp((int)Math.Sqrt(a.Length), 5, MostBins);
        double width = (high - low) / bins;
        if (real.Kind == ColumnKind.Integer && high - low >= 1)
        {
            // Whole numbers: as many in each bin, or bins would be empty by turns.
            width = Math.Ceiling((high - low + 1) / bins);
            bins = (int)Math.Ceiling((high - low + 1) / width);
            low -= 0.5;
        }

        var area = new AreaSeries { Color = OxyColors.Transparent, StrokeThickness = 0, Fill = OxyColor.FromAColor(90, PlotSheet.Real) };
        var line = new LineSeries { Color = PlotSheet.Synthetic, StrokeThickness = 1.6, LineJoin = LineJoin.Miter };
        foreach (var point in Stairs(a))
        {
            area.Points.Add(point);
            area.Points2.Add(new DataPoint(point.X, 0));
        }

        line.Points.AddRange(Stairs(b));
        plot.Series.Add(area);
        plot.Series.Add(line);

        IEnumerable<DataPoint> Stairs(double[] values)
        {
            var counts = new int[bins];
            foreach (double value in values)
            {
                counts[(int)Math.Clamp((value - low) / width, 0, bins - 1)]++;
            }

            yield return new(low, 0);
            for (int bin = 0; bin < bins; bin++)
            {
                double share = counts[bin] / (double)Math.Max(1, values.Length);
                yield return new(low + bin * width, share);
                yield return new(low + (bin + 1) * width, share);
            }

            yield return new(low + bins * width, 0);
        }
    }

    static double[] Present(Column column) => [.. column.Values.ToArray().Where(value => !double.IsNaN(value)).Order()];

    // 1,500 as 1.5k: long numbers run into each other.
    static string Number(double value) => Math.Abs(value) switch
    {
        < 1e-12 => "0",
        >= 1e15 or < 1e-3 => value.ToString("0.#e0", CultureInfo.InvariantCulture),
        >= 1e9 => (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "G",
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        >= 1e4 => (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k",
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };
}
