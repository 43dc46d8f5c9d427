using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Discovery;

/// <summary>RFCI's way to do without possible-d-sep: an edge is tested again before it is used to orient others.</summary>
/// <remarks>
/// Colombo et al. (2012), algorithms 4.4 and 4.5. A collider x *-> y &lt;-* z is right when x and y, and y and z, stay
/// dependent given what separates x and z. An edge that does not is taken away, by the smallest set that does, and the
/// triples that this uncovers are looked at in turn. Triples are judged in order, their questions are asked in batches.
/// </remarks>
sealed class DependentTriples(GraphBuilder graph, SeparatingSets separatingSets, SubsetSearch search, EdgeKnowledge knowledge)
{
    /// <summary>Takes away the edges of unshielded triples that the test does not stand by.</summary>
    public void CheckAll() =>
        Check(UnshieldedTriple.In(graph, [.. Enumerable.Range(0, graph.Count).Select(node => graph.Adjacent(node).ToArray())]));

    /// <summary>Takes away the edges of <paramref name="triples"/>, and of those that appear, that the test does not stand by.</summary>
    void Check(IEnumerable<UnshieldedTriple> triples)
    {
        var round = triples.ToList();
        while (round.Count > 0)
        {
            var uncovered = new List<UnshieldedTriple>();
            foreach (var (triple, edges) in round.Zip(Ask(round)))
            {
                // An edge taken away by a triple before leaves nothing to judge.
                if (graph.AreAdjacent(triple.X, triple.Y) && graph.AreAdjacent(triple.Y, triple.Z))
                {
                    foreach (var separating in edges)
                    {
                        uncovered.AddRange(Remove(separating));
                    }
                }
            }

            round = uncovered;
        }
    }

    /// <summary>Whether an edge of the path is taken away, being independent given a part of what separates the path's ends.</summary>
    public bool RemovesEdgeOf(IReadOnlyList<int> path)
    {
        if (separatingSets.Of(path[0], path[^1]) is not { } ends)
        {
            return false;
        }

        var questions = path.Zip(path.Skip(1), (x, y) => Question(x, y, ends.Given)).ToList();
        AskUpwards(questions);
        if (questions.Find(question => question.Separating is not null) is not { } question)
        {
            return false;
        }

        var uncovered = Remove(question.Separating!);
        Check(uncovered);
        foreach (var (x, y, z) in uncovered)
        {
            bool collides = graph.AreAdjacent(x, y) && graph.AreAdjacent(y, z) && !graph.AreAdjacent(x, z)
                && !separatingSets.Of(x, z)!.Given.Contains(y);
            if (collides && !knowledge.IsRequired(y, x) && !knowledge.IsRequired(y, z))
            {
                graph.Connect(x, y, graph.Mark(y, x)!.Value, Endpoint.Arrow);
                graph.Connect(z, y, graph.Mark(y, z)!.Value, Endpoint.Arrow);
            }
        }

        return true;
    }

    /// <summary>For each triple the sets that separate its edges' ends, if there are any.</summary>
    List<SeparatingSet[]> Ask(List<UnshieldedTriple> triples)
    {
        var questions = triples.Select(triple =>
        {
            int[] given = [.. separatingSets.Of(triple.X, triple.Z)!.Given.Where(node => node != triple.Y)];
            return (SubsetQuestion[])[Question(triple.X, triple.Y, given), Question(triple.Z, triple.Y, given)];
        }).ToList();

        // The whole set first: only an edge that it separates is worth the search for the smallest.
        var whole = questions.Select(pair => pair.Select(question => question with { }).ToArray()).ToList();
        foreach (var size in whole.SelectMany(pair => pair).Where(question => question.Candidates.Length > 0).GroupBy(question => question.Candidates.Length))
        {
            search.Ask(size, size.Key);
        }

        AskUpwards([.. questions.Zip(whole).SelectMany(pair => pair.First.Where((_, i) => pair.Second[i].Separating is not null))]);
        return [.. questions.Select(pair => pair.Select(question => question.Separating).OfType<SeparatingSet>().ToArray())];
    }

    void AskUpwards(List<SubsetQuestion> questions)
    {
        for (int depth = 1; depth <= questions.Select(question => question.Candidates.Length).DefaultIfEmpty().Max(); depth++)
        {
            search.Ask(questions, depth);
        }
    }

    SubsetQuestion Question(int x, int y, IEnumerable<int> given) => new(
        x, y, knowledge.MustJoin(x, y) ? [] : [.. given.Where(node => node != x && node != y)], []);

    // Returns the triples that are unshielded now.
    UnshieldedTriple[] Remove(SeparatingSet separating)
    {
        graph.Disconnect(separating.X, separating.Y);
        separatingSets.Add(separating);
        return graph.Adjacent(separating.X).Where(node => graph.AreAdjacent(node, separating.Y))
            .Select(node => new UnshieldedTriple(separating.X, node, separating.Y)).ToArray();
    }
}
