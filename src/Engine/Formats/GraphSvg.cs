using System.Globalization;
using System.Net;
using System.Text;
using CausalMixFT.Engine.Graphs;
using GraphShape;
using GraphShape.Algorithms.Layout;
using QuikGraph;

namespace CausalMixFT.Engine.Formats;

/// <summary>A causal graph as a picture: layers from causes down to effects, arrowheads where a direction is known.</summary>
/// <remarks>
/// Laid out by GraphShape's Sugiyama algorithm. A directed edge is drawn dark with an arrowhead; an undirected edge is
/// plain and blue. Variables without edges stand in rows of their own below. The same graph gives the same bytes.
/// </remarks>
public static class GraphSvg
{
    const double FontSize = 13, BoxHeight = 30, Padding = 14, Margin = 24;
    const double LayerGap = 64, SliceGap = 26, LooseGap = 16;

    // What stands in one layer keeps this distance; an edge that passes takes this width.
    const double SmallestGap = 12, BendWidth = 4;

    // Edges meet a box side by side, at most this far apart and within this share of its width.
    const double PortGap = 12, PortShare = 0.7;

    /// <summary>Writes the picture of <paramref name="graph"/> to <paramref name="path"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="target">A variable to highlight, or null.</param>
    public static void Write(CausalGraph graph, string path, string? target = null) =>
        AtomicFile.WriteText(path, Draw(graph, target));

    /// <summary>The picture as the text of an SVG document.</summary>
    public static string Draw(CausalGraph graph, string? target = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var boxes = new Box[graph.Count];
        foreach (var variable in graph.Variables)
        {
            boxes[variable.Index] = new(0, 0, Math.Max(56, TextWidth(variable.Name) + 2 * Padding));
        }

        var bends = LayOut(graph, boxes);
        PlaceLoose(graph, boxes);
        return Render(graph, boxes, bends, target);
    }

    /// <summary>A node's centre and width.</summary>
    readonly record struct Box(double X, double Y, double Width);

    /// <summary>A node for GraphShape, which wants objects; equal by value, so that hash tables run in one order.</summary>
    sealed record Vertex(int Index);

    /// <summary>Places the variables that have edges; returns the points that long edges pass through.</summary>
    static Dictionary<(int From, int To), Point[]> LayOut(CausalGraph graph, Box[] boxes)
    {
        var bends = new Dictionary<(int From, int To), Point[]>();
        double left = Margin;
        foreach (var component in Components(graph))
        {
            var vertices = component.ToDictionary(node => node, node => new Vertex(node));
            var layout = new BidirectionalGraph<Vertex, Edge<Vertex>>();
            layout.AddVertexRange(vertices.Values);
            layout.AddEdgeRange(
                graph.Edges.Where(edge => component.Contains(edge.From))
                    .Select(edge => new Edge<Vertex>(vertices[edge.From], vertices[edge.To])));
            var algorithm = new SugiyamaLayoutAlgorithm<Vertex, Edge<Vertex>, BidirectionalGraph<Vertex, Edge<Vertex>>>(
                layout,
                layout.Vertices.ToDictionary(vertex => vertex, vertex => new Size(boxes[vertex.Index].Width, BoxHeight)),
                new SugiyamaLayoutParameters
                {
                    Direction = LayoutDirection.TopToBottom,
                    LayerGap = LayerGap,
                    SliceGap = SliceGap,
                    EdgeRouting = SugiyamaEdgeRouting.Traditional,
                    OptimizeWidth = false,
                    MinimizeEdgeLength = true,
                })
            {
                // Ties between orders of a layer are broken at random: the seed makes it the same every time.
                Rand = new Random(0),
            };
            algorithm.Compute();

            var nodes = component.ToDictionary(
                node => node,
                node => new Slot(algorithm.VerticesPositions[vertices[node]], boxes[node].Width / 2));
            var routes = layout.Edges.ToDictionary(
                edge => (edge.Source.Index, edge.Target.Index),
                edge => algorithm.EdgeRoutes.TryGetValue(edge, out var route) && route is not null
                    ? route.Select(point => new Slot(point, BendWidth / 2)).ToArray() : []);
            Slot[] slots = [.. nodes.Values, .. routes.Values.SelectMany(route => route)];
            Spread(slots);

            double shiftX = left - slots.Min(slot => slot.X - slot.Half), shiftY = Margin + BoxHeight / 2 - slots.Min(slot => slot.Y);
            double right = slots.Max(slot => slot.X + slot.Half) + shiftX;
            foreach (var (node, slot) in nodes)
            {
                boxes[node] = boxes[node] with { X = slot.X + shiftX, Y = slot.Y + shiftY };
            }

            foreach (var (pair, route) in routes)
            {
                bends[pair] = [.. route.Select(slot => new Point(slot.X + shiftX, slot.Y + shiftY))];
            }

            left = right + 2 * SliceGap;
        }

        return bends;
    }

    /// <summary>A place in a layer, of a box or of an edge that passes.</summary>
    sealed class Slot(Point at, double half)
    {
        public double X { get; set; } = at.X;

        public double Y { get; } = at.Y;

        public double Half { get; } = half;
    }

    /// <summary>Moves what would touch in a layer to the right: GraphShape keeps the order, not always the distance.</summary>
    static void Spread(Slot[] slots)
    {
        foreach (var layer in slots.GroupBy(slot => Math.Round(slot.Y)))
        {
            double free = double.NegativeInfinity;
            foreach (var slot in layer.OrderBy(slot => slot.X))
            {
                slot.X = Math.Max(slot.X, free + slot.Half);
                free = slot.X + slot.Half + SmallestGap;
            }
        }
    }

    /// <summary>The connected parts with more than one variable, by their first variable.</summary>
    static List<HashSet<int>> Components(CausalGraph graph)
    {
        var parts = new List<HashSet<int>>();
        for (int start = 0; start < graph.Count; start++)
        {
            if (graph.Adjacent(start).Count == 0 || parts.Any(part => part.Contains(start)))
            {
                continue;
            }

            var part = new HashSet<int>();
            var open = new Queue<int>([start]);
            while (open.TryDequeue(out int node))
            {
                if (part.Add(node))
                {
                    foreach (int other in graph.Adjacent(node))
                    {
                        open.Enqueue(other);
                    }
                }
            }

            parts.Add(part);
        }

        return parts;
    }

    /// <summary>Places the variables without edges in rows below, as wide as the picture.</summary>
    static void PlaceLoose(CausalGraph graph, Box[] boxes)
    {
        var placed = graph.Variables.Where(v => graph.Adjacent(v.Index).Count > 0).Select(v => boxes[v.Index]).ToArray();
        double width = placed.Select(box => box.X + box.Width / 2).Append(640).Max();
        double x = Margin, y = placed.Select(box => box.Y + BoxHeight / 2 + LayerGap).Append(Margin).Max() + BoxHeight / 2;
        foreach (var variable in graph.Variables.Where(v => graph.Adjacent(v.Index).Count == 0))
        {
            double own = boxes[variable.Index].Width;
            if (x > Margin && x + own > width)
            {
                x = Margin;
                y += BoxHeight + LooseGap;
            }

            boxes[variable.Index] = new(x + own / 2, y, own);
            x += own + LooseGap;
        }
    }

    static string Render(CausalGraph graph, Box[] boxes, Dictionary<(int From, int To), Point[]> bends, string? target)
    {
        var xs = boxes.SelectMany(b => new[] { b.X - b.Width / 2, b.X + b.Width / 2 }).Concat(bends.Values.SelectMany(b => b.Select(p => p.X)));
        var ys = boxes.SelectMany(b => new[] { b.Y - BoxHeight / 2, b.Y + BoxHeight / 2 }).Concat(bends.Values.SelectMany(b => b.Select(p => p.Y)));
        double minX = xs.DefaultIfEmpty(0).Min() - Margin, maxX = xs.DefaultIfEmpty(0).Max() + Margin;
        double minY = ys.DefaultIfEmpty(0).Min() - Margin, maxY = ys.DefaultIfEmpty(0).Max() + Margin;
        var svg = new StringBuilder();
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{N(minX)} {N(minY)} {N(maxX - minX)} {N(maxY - minY)}" width="{N(maxX - minX)}" height="{N(maxY - minY)}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="{N(FontSize)}" role="img">""");
        Line("<title>Causal graph</title>");
        Line("""<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 1 L10 5 L0 9 Z" fill="#3d4852"/></marker><marker id="circle" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><circle cx="5" cy="5" r="4" fill="#fff" stroke="#3d4852" stroke-width="1.5"/></marker></defs>""");
        Line($"""<rect x="{N(minX)}" y="{N(minY)}" width="{N(maxX - minX)}" height="{N(maxY - minY)}" fill="#fff"/>""");
        Line("""<g fill="none" stroke-width="1.4">""");
        foreach (var (edge, path) in Paths(graph, boxes, bends))
        {
            string colour = edge.IsUndirected ? "#2b7bba" : "#3d4852";
            Line($"""<path d="{path}" stroke="{colour}"{Marker("start", edge.AtFrom)}{Marker("end", edge.AtTo)}/>""");
        }

        Line("</g>");
        Line("""<g text-anchor="middle" stroke-width="1.2">""");
        foreach (var variable in graph.Variables)
        {
            var box = boxes[variable.Index];
            bool highlighted = variable.Name == target;
            string fill = highlighted ? "#fde8c8" : "#f1f5f8", stroke = highlighted ? "#c05d00" : "#8795a1";
            Line($"""<rect x="{N(box.X - box.Width / 2)}" y="{N(box.Y - BoxHeight / 2)}" width="{N(box.Width)}" height="{N(BoxHeight)}" rx="8" fill="{fill}" stroke="{stroke}"/>""");
            Line($"""<text x="{N(box.X)}" y="{N(box.Y + FontSize * 0.35)}" fill="#22292f"{(highlighted ? " font-weight=\"bold\"" : "")}>{WebUtility.HtmlEncode(variable.Name)}</text>""");
        }

        Line("</g>");
        Line("</svg>");
        return svg.ToString();

        void Line(string text) => svg.Append(text).Append('\n');

        static string Marker(string place, Endpoint mark) => mark switch
        {
            Endpoint.Arrow => $" marker-{place}=\"url(#arrow)\"",
            Endpoint.Circle => $" marker-{place}=\"url(#circle)\"",
            _ => "",
        };
    }

    /// <summary>Each edge as a curve that leaves and enters boxes, and passes its bends, vertically.</summary>
    static List<(Edge Edge, string Path)> Paths(CausalGraph graph, Box[] boxes, Dictionary<(int From, int To), Point[]> bends)
    {
        var edges = graph.Edges.ToArray();
        var points = edges.Select(edge =>
        {
            var (from, to) = (boxes[edge.From], boxes[edge.To]);
            var between = bends.GetValueOrDefault((edge.From, edge.To)) ?? [];
            if (between.Length > 1 && Math.Abs(between[0].Y - from.Y) > Math.Abs(between[^1].Y - from.Y))
            {
                Array.Reverse(between);
            }

            // A bend lies between the boxes of its layer: the edge passes them straight.
            double half = Math.Sign(to.Y - from.Y) * BoxHeight / 2;
            var straight = between.SelectMany(p => new[] { new Point(p.X, p.Y - half), new Point(p.X, p.Y + half) });
            return (Point[])[new(from.X, from.Y), .. straight, new(to.X, to.Y)];
        }).ToArray();

        // At each side of a box its edges are fanned out in the order of where they go, so that they do not cross there.
        var ends = edges.Select((_, i) => (Edge: i, Node: edges[i].From, At: 0, Next: points[i][1]))
            .Concat(edges.Select((_, i) => (Edge: i, Node: edges[i].To, At: points[i].Length - 1, Next: points[i][^2])));
        foreach (var side in ends.GroupBy(end => (end.Node, Below: end.Next.Y > boxes[end.Node].Y)).Select(group => group.ToArray()).ToArray())
        {
            var box = boxes[side[0].Node];
            double gap = Math.Min(PortGap, PortShare * box.Width / side.Length);
            double y = box.Y + (side[0].Next.Y > box.Y ? BoxHeight / 2 : -BoxHeight / 2);
            int place = 0;
            foreach (var end in side.OrderBy(end => end.Next.X).ThenBy(end => end.Edge))
            {
                points[end.Edge][end.At] = new(box.X + (place++ - (side.Length - 1) / 2.0) * gap, y);
            }
        }

        return [.. edges.Zip(points, (edge, through) => (edge, Curve(through)))];
    }

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
    static double TextWidth(string text) =>
        text.Sum(letter => char.IsUpper(letter) || letter > 0x2000 ? 0.74 : "iljtf.,' |".Contains(letter, StringComparison.Ordinal) ? 0.38 : 0.61)
        * FontSize;

    static string N(double value) => Math.Round(value, 1).ToString(CultureInfo.InvariantCulture);
}
