using CausalMixFT.Engine.Graphs;
using GraphShape;
using GraphShape.Algorithms.Layout;
using QuikGraph;

namespace CausalMixFT.Engine.Formats;

/// <summary>Where the variables and edges of a picture lie: layers from causes down to effects.</summary>
/// <remarks>
/// Layers and the order in them are GraphShape's (Sugiyama). It breaks ties at random, so several seeds are tried, and the
/// layout with fewest crossings, then the shortest edges, is taken. Variables without edges stand in rows of their own below.
/// </remarks>
sealed class GraphLayout
{
    public const double BoxHeight = 30, Margin = 24;
    const double LayerGap = 64, SliceGap = 26, LooseGap = 16;

    // What stands in one layer keeps this distance; an edge that passes takes this width.
    const double SmallestGap = 12, BendWidth = 4;

    // Edges meet a box side by side, at most this far apart and within this share of its width.
    const double PortGap = 12, PortShare = 0.7;

    // Orders tried for a part of up to 60 variables; a larger one takes seconds each.
    const int Tries = 8, MostTriedVariables = 60;

    GraphLayout(Box[] boxes, IReadOnlyList<(Edge, Point[])> edges) => (Boxes, Edges) = (boxes, edges);

    /// <summary>The boxes of the variables.</summary>
    public IReadOnlyList<Box> Boxes { get; }

    /// <summary>Each edge and the points that it runs through, vertically at each.</summary>
    public IReadOnlyList<(Edge Edge, Point[] Points)> Edges { get; }

    /// <summary>Lays out a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="widths">How wide each variable's text needs its box.</param>
    public static GraphLayout Of(CausalGraph graph, IReadOnlyList<double> widths)
    {
        var boxes = new Box[graph.Count];
        foreach (var variable in graph.Variables)
        {
            // A side may be met by all causes, or left to all effects: they need room beside each other.
            int causes = graph.Adjacent(variable.Index).Count(other => graph.Mark(other, variable.Index) == Endpoint.Arrow);
            int side = Math.Max(causes, graph.Adjacent(variable.Index).Count - causes);
            boxes[variable.Index] = new(0, 0, Math.Max(widths[variable.Index], Math.Min(side * PortGap / PortShare, 3 * widths[variable.Index])));
        }

        var bends = Place(graph, boxes);
        PlaceLoose(graph, boxes);
        return new(boxes, Routes(graph, boxes, bends));
    }

    /// <summary>A node's centre and width.</summary>
    public readonly record struct Box(double X, double Y, double Width);

    /// <summary>A node for GraphShape, which wants objects; equal by value, so that hash tables run in one order.</summary>
    sealed record Vertex(int Index);

    /// <summary>Places the variables that have edges; returns the points that long edges pass through.</summary>
    static Dictionary<(int From, int To), Point[]> Place(CausalGraph graph, Box[] boxes)
    {
        var bends = new Dictionary<(int From, int To), Point[]>();
        double left = Margin;
        foreach (var component in Components(graph))
        {
            var (nodes, routes) = Enumerable.Range(0, component.Count > MostTriedVariables ? 1 : Tries)
                .Select(seed => LayOut(graph, component, boxes, seed)).MinBy(Cost);
            Slot[] slots = [.. nodes.Values, .. routes.Values.SelectMany(route => route)];
            Stretch(slots, Steps(nodes, routes));

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

    static (Dictionary<int, Slot> Nodes, Dictionary<(int From, int To), Slot[]> Routes) LayOut(
        CausalGraph graph, HashSet<int> component, Box[] boxes, int seed)
    {
        var vertices = component.ToDictionary(node => node, node => new Vertex(node));
        var layout = new BidirectionalGraph<Vertex, Edge<Vertex>>();
        layout.AddVertexRange(vertices.Values);
        layout.AddEdgeRange(
            graph.Edges.Where(edge => component.Contains(edge.From)).Select(edge => new Edge<Vertex>(vertices[edge.From], vertices[edge.To])));
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
            Rand = new Random(seed),
        };
        algorithm.Compute();

        var nodes = component.ToDictionary(
            node => node, node => new Slot(algorithm.VerticesPositions[vertices[node]], boxes[node].Width / 2));
        double[] layers = [.. nodes.Values.Select(slot => Math.Round(slot.Y)).Distinct().Order()];
        var routes = layout.Edges.ToDictionary(
            edge => (edge.Source.Index, edge.Target.Index),
            edge => Passing(
                nodes[edge.Source.Index], nodes[edge.Target.Index], algorithm.EdgeRoutes.TryGetValue(edge, out var route) && route is not null ? route : [], layers));
        Spread([.. nodes.Values, .. routes.Values.SelectMany(route => route)]);
        return (nodes, routes);
    }

    // A slot in each layer that the edge passes: GraphShape leaves out those on a straight line, where a box may come to stand.
    static Slot[] Passing(Slot from, Slot to, Point[] route, double[] layers)
    {
        Point[] through = [new(from.X, from.Y), .. route.OrderBy(point => Math.Abs(point.Y - from.Y)), new(to.X, to.Y)];
        double top = Math.Min(from.Y, to.Y) + 1, bottom = Math.Max(from.Y, to.Y) - 1;
        return [.. layers.Where(y => y > top && y < bottom).OrderBy(y => Math.Abs(y - from.Y)).Select(y => new Slot(new(At(y), y), BendWidth / 2))];

        double At(double y)
        {
            int next = Array.FindIndex(through, 1, point => Math.Abs(point.Y - from.Y) >= Math.Abs(y - from.Y) - 1);
            var (a, b) = (through[next - 1], through[next]);
            return Math.Abs(b.Y - a.Y) < 1 ? b.X : a.X + (b.X - a.X) * (y - a.Y) / (b.Y - a.Y);
        }
    }

    /// <summary>Makes room between two layers by how far the edges between them run sideways: flat bundles cannot be told apart.</summary>
    static void Stretch(Slot[] slots, (Slot Top, Slot Bottom)[] steps)
    {
        double shift = 0;
        foreach (var layer in slots.GroupBy(slot => Math.Round(slot.Y)).OrderBy(layer => layer.Key).Select(layer => layer.ToArray()).ToArray())
        {
            double sideways = steps.Where(step => Array.IndexOf(layer, step.Top) >= 0).Sum(step => Math.Abs(step.Bottom.X - step.Top.X));
            foreach (var slot in layer)
            {
                slot.Y += shift;
            }

            shift += Math.Min(sideways / 50, 2 * LayerGap);
        }
    }

    // The pieces of edges between one layer and the next.
    static (Slot Top, Slot Bottom)[] Steps(Dictionary<int, Slot> nodes, Dictionary<(int From, int To), Slot[]> routes) =>
        [.. routes.SelectMany(route =>
        {
            Slot[] way = [nodes[route.Key.From], .. route.Value, nodes[route.Key.To]];
            return way.Zip(way.Skip(1), (a, b) => a.Y <= b.Y ? (Top: a, Bottom: b) : (Top: b, Bottom: a));
        })];

    // Crossings weigh as much as a few hundred points of sideways way.
    static double Cost((Dictionary<int, Slot> Nodes, Dictionary<(int From, int To), Slot[]> Routes) layout)
    {
        var steps = Steps(layout.Nodes, layout.Routes);
        double cost = steps.Sum(step => Math.Abs(step.Top.X - step.Bottom.X));
        foreach (var layer in steps.GroupBy(step => Math.Round(step.Top.Y)).Select(layer => layer.ToArray()))
        {
            for (int i = 0; i < layer.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    cost += (layer[i].Top.X - layer[j].Top.X) * (layer[i].Bottom.X - layer[j].Bottom.X) < 0 ? 300 : 0;
                }
            }
        }

        return cost;
    }

    /// <summary>A place in a layer, of a box or of an edge that passes.</summary>
    sealed class Slot(Point at, double half)
    {
        public double X { get; set; } = at.X;

        public double Y { get; set; } = at.Y;

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

    /// <summary>Each edge as points, from the side of one box over its bends to the side of the other.</summary>
    static List<(Edge Edge, Point[] Points)> Routes(CausalGraph graph, Box[] boxes, Dictionary<(int From, int To), Point[]> bends)
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

        return [.. edges.Zip(points)];
    }
}
