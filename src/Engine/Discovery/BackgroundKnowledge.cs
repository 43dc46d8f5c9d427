using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What is known of the graph before any data are seen, by the names of columns.</summary>
/// <remarks>
/// A * in a name stands for any letters, unless a column has that very name: <c>lab_*</c> is every column that begins so.
/// An edge here is a direct cause; hidden common causes of two columns are not spoken of.
/// </remarks>
public sealed record BackgroundKnowledge
{
    /// <summary>Groups in time: nothing in a later tier causes anything in an earlier one. Unnamed columns are in none.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Tiers { get; init; } = [];

    /// <summary>Places in <see cref="Tiers"/>, from 0, of those whose columns do not cause each other (Tetrad's *).</summary>
    public IReadOnlyList<int> ClosedTiers { get; init; } = [];

    /// <summary>Places in <see cref="Tiers"/>, from 0, of those whose columns cause none beyond the next tier (Tetrad's -).</summary>
    public IReadOnlyList<int> NextOnlyTiers { get; init; } = [];

    /// <summary>Edges that cannot be.</summary>
    public IReadOnlyList<(string From, string To)> Forbid { get; init; } = [];

    /// <summary>Edges that must be.</summary>
    public IReadOnlyList<(string From, string To)> Require { get; init; } = [];

    /// <summary>Columns that cause no other, as a target often is.</summary>
    public IReadOnlyList<string> Sinks { get; init; } = [];

    /// <summary>Columns that no other causes, such as age.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    /// <summary>Columns that the table has and the graph leaves out, as constant ones: what is said of them is void.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Whether nothing is known.</summary>
    public bool IsEmpty => Tiers.Count + Forbid.Count + Require.Count + Sinks.Count + Roots.Count == 0;

    /// <summary>Where each statement stands, for messages; empty for what was not read from a file.</summary>
    internal KnowledgeSource Source { get; init; } = KnowledgeSource.None;

    /// <summary>The same knowledge for a graph without <paramref name="columns"/>: those that it speaks of become <see cref="LeftOut"/>.</summary>
    public BackgroundKnowledge LeavingOut(IEnumerable<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        var named = Tiers.SelectMany(tier => tier).Concat(Forbid.Concat(Require).SelectMany(edge => (string[])[edge.From, edge.To]))
            .Concat(Sinks).Concat(Roots).ToHashSet(StringComparer.Ordinal);
        return this with { LeftOut = [.. columns.Where(named.Contains).Distinct()] };
    }

    /// <summary>The same knowledge with more sinks and roots.</summary>
    public BackgroundKnowledge With(IEnumerable<string> sinks, IEnumerable<string> roots) =>
        this with { Sinks = [.. Sinks, .. sinks], Roots = [.. Roots, .. roots] };

    /// <summary>Makes sure that every name is one of <paramref name="columns"/> and that no two statements contradict each other.</summary>
    /// <exception cref="InputException">A name is unknown, or two statements contradict each other; names file and line.</exception>
    public void Check(IReadOnlyList<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Resolve([.. columns.Select((column, i) => new Variable(i, column.Name, column.Kind))]);
    }

    /// <summary>The same for indices into <paramref name="variables"/>.</summary>
    /// <exception cref="InputException">A name is unknown, or two statements contradict each other.</exception>
    internal EdgeKnowledge Resolve(IReadOnlyList<Variable> variables) => new KnowledgeResolution(this, variables).Edges;
}

/// <summary>Where statements stand: the file, and the line of each statement as <see cref="KnowledgeStatement"/> spells it.</summary>
sealed record KnowledgeSource(string? Path, IReadOnlyDictionary<string, int> Lines)
{
    public static KnowledgeSource None { get; } = new(null, new Dictionary<string, int>());

    /// <summary>What a message about the statement begins with: "FILE, line 3: ", or nothing.</summary>
    public string Before(string statement) =>
        Path is null ? "" : Lines.TryGetValue(statement, out int line) ? $"{Path}, line {line}: " : $"{Path}: ";

    /// <summary>The statement, and its line where that is known.</summary>
    public string Quote(string statement) =>
        Lines.TryGetValue(statement, out int line) ? $"'{statement}' on line {line}" : $"'{statement}'";
}

/// <summary>How one statement about one name or pair is spelled in messages.</summary>
static class KnowledgeStatement
{
    public static string Tier(int tier, string name) => $"tier {tier + 1}: {name}";

    public static string Closed(int tier) => $"tier {tier + 1} closed";

    public static string NextOnly(int tier) => $"tier {tier + 1} next";

    public static string Forbid(string from, string to) => $"forbid {from} --> {to}";

    public static string Require(string from, string to) => $"require {from} --> {to}";

    public static string Sink(string name) => $"sink {name}";

    public static string Root(string name) => $"root {name}";
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
