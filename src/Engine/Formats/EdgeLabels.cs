using CausalMixFT.Engine.Graphs;
using GraphShape;

namespace CausalMixFT.Engine.Formats;

/// <summary>Where the figures beside edges stand: on their edge, clear of boxes and of each other.</summary>
static class EdgeLabels
{
    // Tried from the middle of an edge outwards.
    static readonly double[] Along = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82];

    // Points that stand for an edge where figures must keep clear of it.
    const int Drawn = 40;

    /// <summary>Each text and its centre; where nowhere is clear, the place that collides least.</summary>
    public static IEnumerable<(string Text, Point At)> Place(
        GraphLayout layout, Func<Edge, string> text, Func<string, double> width, double height)
    {
        var taken = layout.Boxes.Select(box => new Area(box.X, box.Y, box.Width / 2, GraphLayout.BoxHeight / 2)).ToList();
        var ways = layout.Edges.Select(edge => Along.Select(share => At(edge.Points, share)).ToArray()).ToArray();
        var drawn = layout.Edges.Select(edge => Enumerable.Range(0, Drawn + 1).Select(i => At(edge.Points, (double)i / Drawn)).ToArray()).ToArray();
        for (int i = 0; i < ways.Length; i++)
        {
            string label = text(layout.Edges[i].Edge);
            double half = width(label) / 2 + 1;
            var best = ways[i].MinBy(at => Collisions(new(at.X, at.Y, half, height / 2 + 1), i));
            taken.Add(new(best.X, best.Y, half, height / 2 + 1));
            yield return (label, best);
        }

        // Lying on another edge is worse than off the middle, lying on a box or a figure worse still.
        double Collisions(Area area, int own)
        {
            double cost = 10 * taken.Count(area.Overlaps);
            for (int other = 0; other < ways.Length; other++)
            {
                cost += other != own && drawn[other].Any(area.Holds) ? 1 : 0;
            }

            return cost;
        }
    }

    // The point at a share of the curve that GraphSvg draws: between two points an S whose control points lie half-way down.
    static Point At(Point[] points, double share)
    {
        double[] lengths = [.. points.Zip(points.Skip(1), (a, b) => Math.Abs(a.X - b.X) + Math.Abs(a.Y - b.Y))];
        double left = share * lengths.Sum();
        int piece = 0;
        while (piece < lengths.Length - 1 && left > lengths[piece])
        {
            left -= lengths[piece++];
        }

        double t = lengths[piece] == 0 ? 0 : left / lengths[piece], s = 1 - t;
        var (from, to) = (points[piece], points[piece + 1]);
        double middle = (from.Y + to.Y) / 2;
        return new(
            from.X * (s * s * s + 3 * s * s * t) + to.X * (3 * s * t * t + t * t * t),
            from.Y * s * s * s + middle * (3 * s * s * t + 3 * s * t * t) + to.Y * t * t * t);
    }

    readonly record struct Area(double X, double Y, double HalfWidth, double HalfHeight)
    {
        public bool Overlaps(Area other) =>
            Math.Abs(X - other.X) < HalfWidth + other.HalfWidth && Math.Abs(Y - other.Y) < HalfHeight + other.HalfHeight;

        public bool Holds(Point point) => Math.Abs(X - point.X) < HalfWidth && Math.Abs(Y - point.Y) < HalfHeight;
    }
}
