using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Graphs;

public class GraphComparisonFacts
{
    // Counted by hand, and by causal-learn 0.1.4.7's SHD, AdjacencyConfusion and ArrowConfusion on the same graphs.
    [Fact]
    public void Directed_and_undirected_edges_are_counted_as_causal_learn_does()
    {
        var comparison = GraphComparison.Of(Drawn("A --- B, B --> C, C --> D, A --> D"), Drawn("A --> B, B --> C, D --> C"));

        Assert.Equal(3, comparison.StructuralHammingDistance);
        Assert.Equal((0, 1, 2), (comparison.MissingEdges, comparison.ExtraEdges, comparison.DifferentMarks));
        Assert.Equal((1, 4, 3), (comparison.SkeletonDistance, comparison.FoundEdges, comparison.TrueEdges));
        Assert.Equal(new(Both: 3, Found: 4, True: 3), comparison.Adjacencies);
        Assert.Equal(new(Both: 1, Found: 3, True: 3), comparison.Arrowheads);
        Assert.Equal(new(Both: 1, Found: 2, True: 3), comparison.CommonArrowheads);
        Assert.Equal(new(Both: 2, Found: 5, True: 3), comparison.Tails);
        Assert.Equal(new(Both: 2, Found: 4, True: 3), comparison.CommonTails);
        Assert.Equal((0.75, 1, 6 / 7.0), (comparison.Adjacencies.Precision, comparison.Adjacencies.Recall, comparison.Adjacencies.F1));
        Assert.True(double.IsNaN(comparison.Circles.Precision));
    }

    [Fact]
    public void Circles_and_two_arrowheads_are_counted_as_causal_learn_does()
    {
        var comparison = GraphComparison.Of(
            Drawn("A o-> B, B <-> C, B o-> D, A --> E, D <-> E"), Drawn("A o-> B, C o-> B, B --> D, D <-> E"));

        Assert.Equal(3, comparison.StructuralHammingDistance);
        Assert.Equal(new(Both: 4, Found: 5, True: 4), comparison.Adjacencies);
        Assert.Equal(new(Both: 5, Found: 7, True: 5), comparison.Arrowheads);
        Assert.Equal(new(Both: 5, Found: 6, True: 5), comparison.CommonArrowheads);
        Assert.Equal(new(Both: 1, Found: 2, True: 2), comparison.Circles);
        Assert.Equal(new(Both: 0, Found: 1, True: 1), comparison.Tails);
        Assert.Equal(new(Both: 0, Found: 0, True: 1), comparison.CommonTails);
    }

    [Fact]
    public void Variables_are_matched_by_name()
    {
        Assert.Equal(0, GraphComparison.Of(Dag.Parse("C, B --> C, A --> B"), Dag.Parse("A --> B --> C")).StructuralHammingDistance);
        string message = Assert.Throws<InputException>(() => GraphComparison.Of(Dag.Parse("A --> X"), Dag.Parse("A --> B"))).Message;
        Assert.Contains("only the true graph has 'B' and only the found graph has 'X'", message, StringComparison.Ordinal);
    }

    static Pag Drawn(string text)
    {
        var builder = new GraphBuilder(Dag.Parse("A, B, C, D, E").Variables);
        foreach (string[] words in text.Split(", ").Select(edge => edge.Split(' ')))
        {
            var (atFrom, atTo) = Edge.MarksOf(words[1])!.Value;
            builder.Connect(words[0][0] - 'A', words[2][0] - 'A', atFrom, atTo);
        }

        return builder.ToPag();
    }
}
