using System.Globalization;
using System.Net;
using System.Text;
using OxyPlot;
using OxyPlot.Axes;

namespace CausalMixFT.Engine.Reporting;

/// <summary>Several plots beside and below each other as one SVG picture, in the colours and letters of the reports.</summary>
sealed class PlotSheet
{
    /// <summary>The colour of real rows.</summary>
    public static readonly OxyColor Real = OxyColor.Parse("#1d5fa8");

    /// <summary>The colour of synthetic rows; told apart from the other by readers who do not see red and green.</summary>
    public static readonly OxyColor Synthetic = OxyColor.Parse("#d9730d");

    /// <summary>The colour of letters.</summary>
    public static readonly OxyColor Ink = OxyColor.Parse("#3d4852");

    /// <summary>The colour of lines behind the data.</summary>
    public static readonly OxyColor Grid = OxyColor.Parse("#e3e7eb");

    const string Letters = "Helvetica, Arial, 'DejaVu Sans', sans-serif";

    // The plots' own name for it, replaced by the list above: the writer would put quotes around a list.
    const string PlotFont = "Helvetica";

    readonly StringBuilder _body = new();
    readonly string _name, _title;
    double _width, _height;
    int _plots;

    /// <summary>An empty sheet.</summary>
    /// <param name="name">Tells its identifiers from those of other sheets on the same page.</param>
    /// <param name="title">What screen readers say.</param>
    public PlotSheet(string name, string title) => (_name, _title) = (name, title);

    /// <summary>A plot without anything in it.</summary>
    public static PlotModel Empty(string title) => new()
    {
        Title = title,
        TitleFontSize = 12,
        TitleFontWeight = FontWeights.Bold,
        TitleColor = Ink,
        TitlePadding = 4,
        DefaultFont = PlotFont,
        DefaultFontSize = 10.5,
        TextColor = Ink,
        Background = OxyColors.Transparent,
        PlotAreaBorderColor = Grid,
        PlotAreaBorderThickness = new OxyThickness(0, 0, 0, 1),
        Padding = new OxyThickness(4, 2, 8, 4),
        Culture = CultureInfo.InvariantCulture,
    };

    /// <summary>An axis as all plots have it.</summary>
    public static T Axis<T>(T axis)
        where T : Axis
    {
        axis.TicklineColor = Grid;
        axis.AxislineColor = Grid;
        axis.TextColor = Ink;
        axis.TickStyle = TickStyle.None;
        axis.AxisTickToLabelDistance = 3;
        axis.IsZoomEnabled = axis.IsPanEnabled = false;
        return axis;
    }

    /// <summary>A name of at most so many letters, its end cut off.</summary>
    public static string Short(string name, int letters)
    {
        string line = string.Concat(name.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length <= letters ? line : $"{line[..(letters - 1)].TrimEnd()}…";
    }

    /// <summary>Room for names of so many letters, by the widest of the usual fonts; the plots themselves measure with a narrow one.</summary>
    public static double RoomFor(IEnumerable<string> names, double size) =>
        6 + 0.62 * size * names.Select(name => name.Length).DefaultIfEmpty(0).Max();

    /// <summary>Puts a plot with its upper left corner at a place.</summary>
    public void Add(PlotModel plot, double left, double top, double width, double height)
    {
        var exporter = new SvgExporter { Width = width, Height = height, IsDocument = false, UseVerticalTextAlignmentWorkaround = true };
        string svg = exporter.ExportToString(plot);

        // A picture inside a picture would be scaled by the page's style, so only what is in it is taken. Identifiers are the
        // page's: those of two plots must differ.
        int from = svg.IndexOf('>', svg.IndexOf("<svg", StringComparison.Ordinal)) + 1;
        svg = svg[from..svg.LastIndexOf("</svg>", StringComparison.Ordinal)]
            .Replace("id=\"clipPath", $"id=\"{_name}{_plots}-", StringComparison.Ordinal)
            .Replace("url(#clipPath", $"url(#{_name}{_plots}-", StringComparison.Ordinal)
            .Replace($"font-family=\"{PlotFont}\"", $"font-family=\"{Letters}\"", StringComparison.Ordinal);
        _body.Append(CultureInfo.InvariantCulture, $"""<g transform="translate({left:0.##} {top:0.##})">""").Append('\n')
            .Append(svg.Trim()).Append("\n</g>\n");
        _plots++;
        Reach(left + width, top + height);
    }

    /// <summary>Writes a line of text; its middle is at the height.</summary>
    public void Text(string text, double left, double middle, double size = 12)
    {
        _body.Append(CultureInfo.InvariantCulture, $"""<text x="{left:0.##}" y="{middle + size / 3:0.##}" font-size="{size:0.#}">""")
            .Append(WebUtility.HtmlEncode(text)).Append("</text>\n");
        Reach(0, middle + size);
    }

    /// <summary>Draws a filled rectangle.</summary>
    public void Box(double left, double top, double width, double height, OxyColor colour, double opacity = 1)
    {
        _body.Append(CultureInfo.InvariantCulture, $"""<rect x="{left:0.##}" y="{top:0.##}" width="{width:0.##}" height="{height:0.##}" """)
            .Append(CultureInfo.InvariantCulture, $"""fill="{Hex(colour)}" fill-opacity="{opacity:0.##}"/>""").Append('\n');
        Reach(left + width, top + height);
    }

    /// <summary>The picture as the text of an SVG document.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_width:0} {_height:0}" width="{_width:0}" height="{_height:0}" font-family="{Letters}" font-size="12" fill="#3d4852" role="img">
        <title>{WebUtility.HtmlEncode(_title)}</title>
        <rect width="{_width:0}" height="{_height:0}" fill="#fff"/>
        {_body}</svg>

        """);

    static string Hex(OxyColor colour) => $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}";

    void Reach(double right, double bottom) => (_width, _height) = (Math.Max(_width, right), Math.Max(_height, bottom));
}
