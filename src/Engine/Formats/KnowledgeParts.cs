using CausalMixFT.Engine.Discovery;

namespace CausalMixFT.Engine.Formats;

/// <summary>Knowledge while its file is read: statements with their lines.</summary>
sealed class KnowledgeParts(string path)
{
    readonly SortedDictionary<int, NumberedTier> _tiers = [];
    readonly List<(string From, string To)> _forbid = [], _require = [];
    readonly List<string> _sinks = [], _roots = [];
    readonly Dictionary<string, int> _lines = [];

    /// <summary>Opens the tier, or adds to what is known of it.</summary>
    public void Tier(int number, int line, bool isClosed, bool isNextOnly)
    {
        if (!_tiers.TryGetValue(number, out var tier))
        {
            _tiers.Add(number, tier = new());
        }

        if (isClosed)
        {
            tier.ClosedLine ??= line;
        }

        if (isNextOnly)
        {
            tier.NextOnlyLine ??= line;
        }
    }

    /// <summary>Puts a name into a tier that is open.</summary>
    public void Tier(int number, int line, string name) => _tiers[number].Names.Add((name, line));

    public void Forbid(string from, string to, int line)
    {
        _forbid.Add((from, to));
        _lines.TryAdd(KnowledgeStatement.Forbid(from, to), line);
    }

    public void Require(string from, string to, int line)
    {
        _require.Add((from, to));
        _lines.TryAdd(KnowledgeStatement.Require(from, to), line);
    }

    public void Sink(string name, int line)
    {
        _sinks.Add(name);
        _lines.TryAdd(KnowledgeStatement.Sink(name), line);
    }

    public void Root(string name, int line)
    {
        _roots.Add(name);
        _lines.TryAdd(KnowledgeStatement.Root(name), line);
    }

    public BackgroundKnowledge ToKnowledge()
    {
        // A tier without names says nothing: Tetrad writes them.
        NumberedTier[] tiers = [.. _tiers.Values.Where(tier => tier.Names.Count > 0)];
        for (int i = 0; i < tiers.Length; i++)
        {
            foreach (var (name, line) in tiers[i].Names)
            {
                _lines.TryAdd(KnowledgeStatement.Tier(i, name), line);
            }

            AddLine(KnowledgeStatement.Closed(i), tiers[i].ClosedLine);
            AddLine(KnowledgeStatement.NextOnly(i), tiers[i].NextOnlyLine);
        }

        int[] places = [.. Enumerable.Range(0, tiers.Length)];
        return new()
        {
            Tiers = [.. tiers.Select(tier => tier.Names.Select(name => name.Name).ToArray())],
            ClosedTiers = [.. places.Where(i => tiers[i].ClosedLine is not null)],
            NextOnlyTiers = [.. places.Where(i => tiers[i].NextOnlyLine is not null)],
            Forbid = _forbid,
            Require = _require,
            Sinks = _sinks,
            Roots = _roots,
            Source = new(path, _lines),
        };
    }

    void AddLine(string statement, int? line)
    {
        if (line is int number)
        {
            _lines.TryAdd(statement, number);
        }
    }

    sealed class NumberedTier
    {
        public List<(string Name, int Line)> Names { get; } = [];

        public int? ClosedLine { get; set; }

        public int? NextOnlyLine { get; set; }
    }
}
