using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What is known of the graph before any data are seen, by the names of columns.</summary>
public sealed record BackgroundKnowledge
{
    /// <summary>Groups in time: nothing in a later tier causes anything in an earlier one. Unnamed columns are in none.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Tiers { get; init; } = [];

    /// <summary>Edges that cannot be.</summary>
    public IReadOnlyList<(string From, string To)> Forbid { get; init; } = [];

    /// <summary>Edges that must be.</summary>
    public IReadOnlyList<(string From, string To)> Require { get; init; } = [];

    /// <summary>Columns that cause no other, as a target often is.</summary>
    public IReadOnlyList<string> Sinks { get; init; } = [];

    /// <summary>Columns that no other causes, such as age.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    /// <summary>The same for indices into <paramref name="variables"/>.</summary>
    /// <exception cref="InputException">A name is unknown, or two statements contradict each other.</exception>
    internal EdgeKnowledge Resolve(IReadOnlyList<Variable> variables)
    {
        var index = variables.ToDictionary(v => v.Name, v => v.Index, StringComparer.Ordinal);
        var knowledge = new EdgeKnowledge(variables.Count);
        int[][] tiers = [.. Tiers.Select(tier => tier.Select(Index).ToArray())];
        for (int later = 1; later < tiers.Length; later++)
        {
            foreach (int from in tiers[later])
            {
                foreach (int to in tiers[..later].SelectMany(tier => tier))
                {
                    if (from == to)
                    {
                        throw new InputException($"Column '{variables[to].Name}' stands in two tiers: name it in one.");
                    }

                    knowledge.Forbid(from, to);
                }
            }
        }

        foreach (var (from, to) in Forbid)
        {
            knowledge.Forbid(Index(from), Index(to));
        }

        foreach (var other in variables)
        {
            foreach (int sink in Sinks.Select(Index).Where(sink => sink != other.Index))
            {
                knowledge.Forbid(sink, other.Index);
            }

            foreach (int root in Roots.Select(Index).Where(root => root != other.Index))
            {
                knowledge.Forbid(other.Index, root);
            }
        }

        foreach (var (from, to) in Require)
        {
            if (knowledge.IsForbidden(Index(from), Index(to)))
            {
                throw new InputException(
                    $"The edge {from} --> {to} is both required and forbidden (by name, tier, sink or root): drop one of the two.");
            }

            knowledge.Require(Index(from), Index(to));
        }

        try
        {
            _ = Dag.FromEdges(variables, Require.Select(edge => (Index(edge.From), Index(edge.To))));
        }
        catch (InputException fault)
        {
            throw new InputException($"The required edges contradict each other. {fault.Message}");
        }

        return knowledge;

        int Index(string name) => index.TryGetValue(name, out int at) ? at : throw new InputException(
            $"Background knowledge names the column '{name}', which is not in the graph: " +
            $"it has {string.Join(", ", variables.Select(v => $"'{v.Name}'"))}.");
    }
}

/// <summary>Forbidden and required edges between indices.</summary>
sealed class EdgeKnowledge(int variables)
{
    readonly bool[,] _forbidden = new bool[variables, variables], _required = new bool[variables, variables];

    /// <summary>Whether anything is known at all.</summary>
    public bool IsEmpty { get; private set; } = true;

    public bool IsForbidden(int from, int to) => _forbidden[from, to];

    public bool IsRequired(int from, int to) => _required[from, to];

    /// <summary>Whether the pair must be joined.</summary>
    public bool MustJoin(int a, int b) => _required[a, b] || _required[b, a];

    /// <summary>Whether the mark at <paramref name="to"/> of an edge between the two is known.</summary>
    public bool Fixes(int from, int to) => _forbidden[to, from] || _required[to, from];

    /// <summary>Which pairs must be joined, and nothing else: what a search for hidden causes may use before it orients.</summary>
    /// <remarks>
    /// Two variables of which neither causes the other may still share a hidden cause, and what separates a pair then need
    /// not be a parent of either.
    /// </remarks>
    public EdgeKnowledge JoinsOnly()
    {
        var joins = new EdgeKnowledge(variables);
        Array.Copy(_required, joins._required, _required.Length);
        joins.IsEmpty = IsEmpty;
        return joins;
    }

    /// <summary>Whether the pair cannot be joined.</summary>
    public bool CannotJoin(int a, int b) => _forbidden[a, b] && _forbidden[b, a];

    public void Forbid(int from, int to)
    {
        _forbidden[from, to] = true;
        IsEmpty = false;
    }

    public void Require(int from, int to)
    {
        _required[from, to] = true;
        _forbidden[to, from] = true;
        IsEmpty = false;
    }
}
