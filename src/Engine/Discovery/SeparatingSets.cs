using System.Collections;

namespace CausalMixFT.Engine.Discovery;

/// <summary>Variables that make a pair independent: x ⟂ y | given.</summary>
/// <param name="X">The smaller index of the pair.</param>
/// <param name="Y">The larger index of the pair.</param>
/// <param name="Given">The separating variables, ascending.</param>
/// <param name="PValue">The p-value of the (first) test that separated them.</param>
public sealed record SeparatingSet(int X, int Y, IReadOnlyList<int> Given, double PValue);

/// <summary>The separating set of each pair that a search found independent.</summary>
/// <remarks>
/// A graph of 1,000 variables has half a million pairs, nearly all of them separated: they lie in flat arrays, and a
/// <see cref="SeparatingSet"/> or its p-value is made when asked for.
/// </remarks>
public sealed class SeparatingSets
{
    // p of a test statistic and a number of given variables; for pairs whose p-value is not kept as a number.
    readonly Func<double, int, double>? _pValueOf;
    int _variables;

    // By pair, row by row above the diagonal: one more than the set's place in _given, or 0; and p, or minus the statistic.
    int[] _places = [];
    double[] _values = [];

    // Each set as its size and its variables. The first is the empty one, which most pairs share.
    int[] _given = new int[64];
    int _used = 1;

    /// <summary>Makes the collection of <paramref name="sets"/>.</summary>
    public SeparatingSets(params IEnumerable<SeparatingSet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        foreach (var set in sets)
        {
            Add(set);
        }
    }

    internal SeparatingSets(int variables, Func<double, int, double> pValueOf)
    {
        _pValueOf = pValueOf;
        _variables = variables;
        _places = new int[Pairs(variables)];
        _values = new double[_places.Length];
    }

    /// <summary>How many pairs have a set.</summary>
    public int Count { get; private set; }

    /// <summary>All sets, by pair.</summary>
    public IReadOnlyCollection<SeparatingSet> All => new View(this);

    /// <summary>The set that separates the pair, in either order, or null when none was found.</summary>
    public SeparatingSet? Of(int x, int y)
    {
        if (x > y)
        {
            (x, y) = (y, x);
        }

        int pair = Find(x, y);
        return pair < 0 ? null : new(x, y, GivenAt(pair).ToArray(), PValueAt(pair));
    }

    /// <summary>Whether a set is known for the pair, in either order.</summary>
    public bool Separates(int x, int y) => Find(x, y) >= 0;

    /// <summary>Whether <paramref name="node"/> is in the set that separates x and y; false where none is known.</summary>
    public bool Holds(int x, int y, int node)
    {
        int pair = Find(x, y);
        return pair >= 0 && GivenAt(pair).Contains(node);
    }

    /// <summary>The variables that separate the pair, ascending; empty also where no set is known.</summary>
    public ReadOnlySpan<int> GivenOf(int x, int y)
    {
        int pair = Find(x, y);
        return pair < 0 ? [] : GivenAt(pair);
    }

    /// <summary>The p-value of the test that separated the pair, or NaN where no set is known.</summary>
    public double PValueOf(int x, int y)
    {
        int pair = Find(x, y);
        return pair < 0 ? double.NaN : PValueAt(pair);
    }

    internal void Add(SeparatingSet set)
    {
        int pair = Place(Math.Min(set.X, set.Y), Math.Max(set.X, set.Y));
        int size = set.Given.Count;
        Span<int> given = size <= 64 ? stackalloc int[size] : new int[size];
        for (int i = 0; i < size; i++)
        {
            given[i] = set.Given[i];
        }

        Add(pair, given);
        _values[pair] = set.PValue;
    }

    /// <summary>Adds a set whose p-value follows from a test statistic, when it is asked for.</summary>
    internal void AddStatistic(int x, int y, ReadOnlySpan<int> given, double statistic)
    {
        int pair = Place(x, y);
        Add(pair, given);
        _values[pair] = -Math.Abs(statistic);
    }

    void Add(int pair, ReadOnlySpan<int> given)
    {
        Count += _places[pair] == 0 ? 1 : 0;
        if (given.IsEmpty)
        {
            _places[pair] = 1;
            return;
        }

        if (_used + given.Length + 1 > _given.Length)
        {
            Array.Resize(ref _given, 2 * (_used + given.Length + 1));
        }

        _places[pair] = _used + 1;
        _given[_used++] = given.Length;
        given.CopyTo(_given.AsSpan(_used));
        _used += given.Length;
    }

    /// <summary>The pair's place, with room made for a variable not seen before.</summary>
    int Place(int x, int y)
    {
        if (y >= _variables)
        {
            int variables = Math.Max(y + 1, 2 * _variables);
            var (places, values) = (new int[Pairs(variables)], new double[Pairs(variables)]);
            for (int row = 0; row < _variables - 1; row++)
            {
                int from = At(row, row + 1, _variables), to = At(row, row + 1, variables), length = _variables - row - 1;
                _places.AsSpan(from, length).CopyTo(places.AsSpan(to));
                _values.AsSpan(from, length).CopyTo(values.AsSpan(to));
            }

            (_places, _values, _variables) = (places, values, variables);
        }

        return At(x, y, _variables);
    }

    /// <summary>The place of a pair that has a set, else −1.</summary>
    int Find(int x, int y)
    {
        if (x > y)
        {
            (x, y) = (y, x);
        }

        if (y >= _variables || x == y)
        {
            return -1;
        }

        int pair = At(x, y, _variables);
        return _places[pair] == 0 ? -1 : pair;
    }

    ReadOnlySpan<int> GivenAt(int pair)
    {
        int place = _places[pair] - 1;
        return _given.AsSpan(place + 1, _given[place]);
    }

    double PValueAt(int pair) =>
        double.IsNegative(_values[pair]) ? _pValueOf!(-_values[pair], _given[_places[pair] - 1]) : _values[pair];

    static int Pairs(int variables) => checked((int)((long)variables * (variables - 1) / 2));

    static int At(int x, int y, int variables) => (int)((long)x * (2 * variables - x - 1) / 2) + y - x - 1;

    sealed class View(SeparatingSets sets) : IReadOnlyCollection<SeparatingSet>
    {
        public int Count => sets.Count;

        public IEnumerator<SeparatingSet> GetEnumerator()
        {
            for (int x = 0; x < sets._variables; x++)
            {
                for (int y = x + 1; y < sets._variables; y++)
                {
                    if (sets.Of(x, y) is { } set)
                    {
                        yield return set;
                    }
                }
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
