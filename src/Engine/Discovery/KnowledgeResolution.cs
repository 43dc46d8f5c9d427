using System.IO.Enumeration;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Names of columns turned into indices; what contradicts is told with both statements.</summary>
sealed class KnowledgeResolution
{
    readonly BackgroundKnowledge _knowledge;
    readonly IReadOnlyList<Variable> _variables;
    readonly Dictionary<string, int> _index;

    // The first statement that forbids each edge.
    readonly Dictionary<(int From, int To), string> _reasons = [];

    public KnowledgeResolution(BackgroundKnowledge knowledge, IReadOnlyList<Variable> variables)
    {
        (_knowledge, _variables) = (knowledge, variables);
        _index = variables.ToDictionary(variable => variable.Name, variable => variable.Index, StringComparer.Ordinal);
        Edges = new(variables.Count);
        ForbidByTiers();
        ForbidByName();
        ForbidByPlace();
        Require();
    }

    public EdgeKnowledge Edges { get; }

    void ForbidByTiers()
    {
        // The tier of each column, and the statement that put it there.
        var tierOf = new Dictionary<int, (int Tier, string Statement)>();
        for (int tier = 0; tier < _knowledge.Tiers.Count; tier++)
        {
            foreach (string name in _knowledge.Tiers[tier])
            {
                string statement = KnowledgeStatement.Tier(tier, name);
                foreach (int node in Indices(name, statement))
                {
                    if (tierOf.TryGetValue(node, out var earlier) && earlier.Tier != tier)
                    {
                        throw Fault(statement,
                            $"Column '{Name(node)}' stands in two tiers, by {Quote(earlier.Statement)} and by {Quote(statement)}: name it in one.");
                    }

                    tierOf[node] = (tier, statement);
                }
            }
        }

        foreach (var (from, own) in tierOf)
        {
            foreach (var (to, other) in tierOf.Where(pair => pair.Key != from))
            {
                if (own.Tier > other.Tier)
                {
                    Forbid(from, to, own.Statement);
                }
                else if (own.Tier == other.Tier && _knowledge.ClosedTiers.Contains(own.Tier))
                {
                    Forbid(from, to, KnowledgeStatement.Closed(own.Tier));
                }
                else if (other.Tier > own.Tier + 1 && _knowledge.NextOnlyTiers.Contains(own.Tier))
                {
                    Forbid(from, to, KnowledgeStatement.NextOnly(own.Tier));
                }
            }
        }
    }

    void ForbidByName()
    {
        foreach (var (from, to) in _knowledge.Forbid)
        {
            string statement = KnowledgeStatement.Forbid(from, to);
            foreach (var (cause, effect) in Pairs(from, to, statement))
            {
                Forbid(cause, effect, statement);
            }
        }
    }

    void ForbidByPlace()
    {
        var sinks = _knowledge.Sinks.SelectMany(name => Named(name, KnowledgeStatement.Sink(name))).ToArray();
        var roots = _knowledge.Roots.SelectMany(name => Named(name, KnowledgeStatement.Root(name))).ToArray();
        foreach (var (sink, statement) in sinks)
        {
            if (Array.Find(roots, root => root.Node == sink) is { Statement: { } other })
            {
                throw Fault(statement,
                    $"Column '{Name(sink)}' is both a sink and a root, by {Quote(statement)} and {Quote(other)}, which would cut it off: drop one of the two.");
            }

            foreach (var variable in _variables.Where(variable => variable.Index != sink))
            {
                Forbid(sink, variable.Index, statement);
            }
        }

        foreach (var (root, statement) in roots)
        {
            foreach (var variable in _variables.Where(variable => variable.Index != root))
            {
                Forbid(variable.Index, root, statement);
            }
        }

        IEnumerable<(int Node, string Statement)> Named(string name, string statement) =>
            Indices(name, statement).Select(node => (node, statement));
    }

    void Require()
    {
        var required = new GraphBuilder(_variables);
        foreach (var (from, to) in _knowledge.Require)
        {
            string statement = KnowledgeStatement.Require(from, to);
            foreach (var (cause, effect) in Pairs(from, to, statement))
            {
                if (_reasons.TryGetValue((cause, effect), out string? reason))
                {
                    throw Fault(statement,
                        $"The edge {Name(cause)} --> {Name(effect)} is both required and forbidden, by {Quote(statement)} and {Quote(reason)}: drop one of the two.");
                }

                if (required.IsDirected(effect, cause) || required.HasDirectedPath(effect, cause))
                {
                    throw Fault(statement,
                        $"The required edge {Name(cause)} --> {Name(effect)} closes a cycle with other required edges: drop one of the cycle's edges.");
                }

                required.Direct(cause, effect);
                Edges.Require(cause, effect);
            }
        }
    }

    void Forbid(int from, int to, string statement)
    {
        Edges.Forbid(from, to);
        _reasons.TryAdd((from, to), statement);
    }

    IEnumerable<(int From, int To)> Pairs(string from, string to, string statement)
    {
        int[] effects = Indices(to, statement), causes = Indices(from, statement);
        if (from == to && causes.Length == 1)
        {
            throw Fault(statement, $"{Quote(statement)} joins the column to itself: name two columns.");
        }

        return causes.SelectMany(cause => effects.Where(effect => effect != cause).Select(effect => (cause, effect)));
    }

    // The columns of that name; none where the graph leaves it out.
    int[] Indices(string name, string statement)
    {
        if (_index.TryGetValue(name, out int at))
        {
            return [at];
        }

        if (_knowledge.LeftOut.Contains(name))
        {
            return [];
        }

        if (!name.Contains('*', StringComparison.Ordinal))
        {
            throw Fault(statement, ColumnNames.Unknown(name, _variables.Select(variable => variable.Name), "the table"));
        }

        // '?' and '\' are letters here, as every other.
        string pattern = name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("?", "\\?", StringComparison.Ordinal);
        int[] matching = [.. _variables.Where(variable => FileSystemName.MatchesSimpleExpression(pattern, variable.Name, ignoreCase: false))
            .Select(variable => variable.Index)];
        return matching.Length > 0 ? matching : throw Fault(statement,
            $"No column is named like '{name}'; the table has {ColumnNames.List(_variables.Select(variable => variable.Name))}.");
    }

    string Name(int node) => _variables[node].Name;

    string Quote(string statement) => _knowledge.Source.Quote(statement);

    InputException Fault(string statement, string message) => new(_knowledge.Source.Before(statement) + message);
}
