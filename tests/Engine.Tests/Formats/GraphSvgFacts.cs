using System.Globalization;
using System.Xml.Linq;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public class GraphSvgFacts
{
    static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Every_variable_is_a_box_and_every_edge_a_path()
    {
        var graph = new GraphBuilder(Dag.Parse("A, B, <C & \"D\">, E").Variables).Direct(0, 2).Undirect(1, 2).ToCpdag();

        var picture = XElement.Parse(GraphSvg.Draw(graph, "B"));

        Assert.Equal(["A", "B", "<C & \"D\">", "E"], Group(picture, "variables").Elements(Svg + "text").Select(text => text.Value));
        var paths = Group(picture, "edges").Elements(Svg + "path").ToArray();
        Assert.Equal(2, paths.Length);
        Assert.Single(paths, path => path.Attribute("marker-end") is not null);
        Assert.Single(picture.Descendants(Svg + "text"), text => text.Attribute("font-weight") is not null);
    }

    [Fact]
    public void No_two_boxes_overlap_and_nothing_lies_outside()
    {
        var random = new Random(91);
        for (int round = 0; round < 4; round++)
        {
            var picture = XElement.Parse(GraphSvg.Draw(Tangle(random, 30)));

            var boxes = Group(picture, "variables").Elements(Svg + "rect").Select(Box).ToArray();
            Assert.Equal(30, boxes.Length);
            double[] view = [.. picture.Attribute("viewBox")!.Value.Split(' ').Select(Number)];
            for (int i = 0; i < boxes.Length; i++)
            {
                var (x, y, width, height) = boxes[i];
                Assert.True(x >= view[0] && y >= view[1] && x + width <= view[0] + view[2] && y + height <= view[1] + view[3]);
                for (int j = 0; j < i; j++)
                {
                    var other = boxes[j];
                    Assert.False(x < other.X + other.Width && other.X < x + width && y < other.Y + other.Height && other.Y < y + height);
                }
            }
        }
    }

    [Fact]
    public void No_edge_runs_through_the_box_of_a_third_variable()
    {
        var random = new Random(93);
        for (int round = 0; round < 2; round++)
        {
            var graph = Tangle(random, 40);
            var layout = GraphLayout.Of(graph, [.. graph.Variables.Select(_ => 70.0)]);
            foreach (var (edge, points) in layout.Edges)
            {
                // At a layer that it passes an edge is vertical, from the top of its boxes to their bottom.
                foreach (var (top, bottom) in points.Zip(points.Skip(1)).Where(step => step.First.X == step.Second.X))
                {
                    Assert.DoesNotContain(graph.Variables.Where(v => v.Index != edge.From && v.Index != edge.To), v =>
                    {
                        var box = layout.Boxes[v.Index];
                        return Math.Abs(top.X - box.X) < box.Width / 2 && Math.Abs((top.Y + bottom.Y) / 2 - box.Y) < GraphLayout.BoxHeight / 2;
                    });
                }
            }
        }
    }

    [Fact]
    public void Marks_of_a_pag_are_drawn_and_explained()
    {
        var graph = new GraphBuilder(Dag.Parse("A, B, C").Variables)
            .Connect(0, 1, Endpoint.Circle, Endpoint.Arrow).Connect(1, 2, Endpoint.Arrow, Endpoint.Arrow).ToPag();

        var picture = XElement.Parse(GraphSvg.Draw(graph));

        var paths = Group(picture, "edges").Elements(Svg + "path").ToArray();
        Assert.Equal("url(#circle-dark)", paths[0].Attribute("marker-start")!.Value);
        Assert.Equal("url(#arrow-dark)", paths[0].Attribute("marker-end")!.Value);
        Assert.Equal("url(#arrow-hidden)", paths[1].Attribute("marker-start")!.Value);
        Assert.NotNull(paths[1].Attribute("stroke-dasharray"));
        Assert.Equal(2, Group(picture, "legend").Elements(Svg + "text").Count());
    }

    [Fact]
    public void Shares_of_resamples_stand_beside_edges()
    {
        var confidence = EdgeConfidence.Of([Dag.Parse("A --> B --> C"), Dag.Parse("A, B --> C, B --> A"), Dag.Parse("A, B, C"), Dag.Parse("A --> B, C")]);

        var picture = XElement.Parse(GraphSvg.Draw(Dag.Parse("A --> B --> C"), confidence: confidence));

        Assert.Equal(["75/67", "50/100"], Group(picture, "shares").Elements(Svg + "text").Select(text => text.Value));
        Assert.Equal(["0.82", "0.65"], Group(picture, "edges").Elements(Svg + "path").Select(path => path.Attribute("opacity")!.Value));
        Assert.Contains("4 graphs", Group(picture, "legend").Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_graph_gives_the_same_bytes() =>
        Assert.Equal(GraphSvg.Draw(Tangle(new Random(92), 25)), GraphSvg.Draw(Tangle(new Random(92), 25)));

    [Fact]
    public void Graphs_without_edges_or_variables_are_pictures_too()
    {
        Assert.Contains("</svg>", GraphSvg.Draw(Dag.Parse("A, B")), StringComparison.Ordinal);
        Assert.Contains("</svg>", GraphSvg.Draw(Dag.Parse("")), StringComparison.Ordinal);
    }

    // Names of very different lengths, some variables without edges, a cycle here and there.
    static Cpdag Tangle(Random random, int count)
    {
        var variables = Enumerable.Range(0, count)
            .Select(i => new Variable(i, "Variable"[..(1 + i % 8)] + new string('w', i % 5 * 4) + i, ColumnKind.Numeric)).ToArray();
        var builder = new GraphBuilder(variables);
        for (int edge = 0; edge < count * 3 / 2; edge++)
        {
            int a = random.Next(count - 3), b = random.Next(count - 3);
            if (a != b && !builder.AreAdjacent(a, b))
            {
                _ = random.Next(4) == 0 ? builder.Undirect(a, b) : random.Next(8) == 0 ? builder.Direct(b, a) : builder.Direct(Math.Min(a, b), Math.Max(a, b));
            }
        }

        return builder.ToCpdag();
    }

    static XElement Group(XElement picture, string name) => picture.Elements(Svg + "g").Single(group => group.Attribute("class")?.Value == name);

    static (double X, double Y, double Width, double Height) Box(XElement rectangle) =>
        (Number(rectangle.Attribute("x")!.Value), Number(rectangle.Attribute("y")!.Value),
            Number(rectangle.Attribute("width")!.Value), Number(rectangle.Attribute("height")!.Value));

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
