using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Discovery;

public class TrueGraphFacts
{
    static readonly Dag Truth = Dag.Parse("A --> B --> C, D --> C");

    [Fact]
    public void What_no_data_can_tell_is_no_fault()
    {
        var found = Truth.ToCpdag();

        Assert.Equal(0, TrueGraph.Compare(found, Truth, ComparedAs.Auto, out string? note).StructuralHammingDistance);
        Assert.Equal("The true DAG was turned into its CPDAG: no data can tell more.", note);
        Assert.Equal(1, TrueGraph.Compare(found, Truth, ComparedAs.Given, out note).StructuralHammingDistance);
        Assert.Null(note);
    }

    [Fact]
    public void Equivalent_dags_differ_only_as_dags()
    {
        var found = Dag.Parse("B --> A, B --> C, D --> C");

        Assert.Equal(1, TrueGraph.Compare(found, Truth, ComparedAs.Auto, out _).StructuralHammingDistance);
        Assert.Equal(0, TrueGraph.Compare(found, Truth, ComparedAs.Cpdag, out string? note).StructuralHammingDistance);
        Assert.Equal("Both DAGs were turned into their CPDAGs: no data can tell more.", note);
    }

    [Fact]
    public void Variables_that_a_pag_lacks_are_hidden()
    {
        // The textbook case of two instruments: A o-> X <-> Y <-o B.
        var truth = Dag.Parse("A --> X, B --> Y, L --> X, L --> Y");
        var found = new GraphBuilder(Dag.Parse("A, X, Y, B").Variables)
            .Connect(0, 1, Endpoint.Circle, Endpoint.Arrow).Connect(1, 2, Endpoint.Arrow, Endpoint.Arrow)
            .Connect(3, 2, Endpoint.Circle, Endpoint.Arrow).ToPag();

        Assert.Equal(0, TrueGraph.Compare(found, truth, ComparedAs.Auto, out string? note).StructuralHammingDistance);
        Assert.Equal("The true DAG was turned into its PAG, 'L' hidden.", note);
    }

    [Fact]
    public void A_class_of_graphs_is_not_turned_into_another()
    {
        var pag = new GraphBuilder(Truth.Variables).ToPag();
        Assert.Contains("given", Assert.Throws<InputException>(() => TrueGraph.Compare(pag, Truth, ComparedAs.Cpdag, out _)).Message, StringComparison.Ordinal);
        Assert.Contains("given", Assert.Throws<InputException>(() => TrueGraph.Compare(Truth.ToCpdag(), Truth, ComparedAs.Pag, out _)).Message, StringComparison.Ordinal);
    }
}
