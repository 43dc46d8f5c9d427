using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Graphs;

public class EdgeConfidenceFacts
{
    static readonly Variable[] Variables = [.. "ABC".Select((name, i) => new Variable(i, $"{name}", ColumnKind.Numeric))];

    [Fact]
    public void Shares_count_each_pair_by_its_marks_from_either_side()
    {
        var confidence = EdgeConfidence.Of(
        [
            new GraphBuilder(Variables).Direct(0, 1).Undirect(1, 2).ToPag(),
            new GraphBuilder(Variables).Direct(0, 1).ToPag(),
            new GraphBuilder(Variables).Direct(1, 0).Connect(1, 2, Endpoint.Circle, Endpoint.Arrow).ToPag(),
            new GraphBuilder(Variables).Connect(0, 1, Endpoint.Arrow, Endpoint.Arrow).ToPag(),
        ]);

        Assert.Equal(4, confidence.Graphs);
        Assert.Equal((1, 0.5, 0), (confidence.Joined(0, 1), confidence.Joined(2, 1), confidence.Joined(0, 2)));
        Assert.Equal(0.5, confidence.Share(0, 1, Endpoint.Tail, Endpoint.Arrow));
        Assert.Equal(0.5, confidence.Share(1, 0, Endpoint.Arrow, Endpoint.Tail));
        Assert.Equal(0.25, confidence.Share(2, 1, Endpoint.Arrow, Endpoint.Circle));

        // A --> B twice, back once, and one <-> that counts half each way.
        Assert.Equal((0.625, 0.375), (confidence.Direction(0, 1), confidence.Direction(1, 0)));

        // Of the two graphs that join B and C, one leaves the direction open.
        Assert.Equal((0.75, 0.25), (confidence.Direction(1, 2), confidence.Direction(2, 1)));
        Assert.Equal(0.5, confidence.Direction(0, 2));
    }

    [Fact]
    public void Graphs_of_other_variables_are_refused()
    {
        Variable[] others = [.. Variables.Select(variable => variable with { Name = $"{variable.Name}2" })];

        Assert.Throws<ArgumentException>(() => EdgeConfidence.Of([]));
        Assert.Throws<ArgumentException>(
            () => EdgeConfidence.Of([new GraphBuilder(Variables).ToPag(), new GraphBuilder(others).ToPag()]));
    }
}
