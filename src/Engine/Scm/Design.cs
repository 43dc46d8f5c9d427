using System.Numerics.Tensors;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>The bases that a mechanism may choose from; each contains the one before.</summary>
enum BasisSet
{
    Linear,
    Hinges,
    Interactions,
}

/// <summary>
/// The design matrix of one node: basis functions of its parents on the rows of the fit, ordered by fold.
/// </summary>
/// <remarks>
/// Columns: the intercept, then numeric columns, then the one-hot blocks of lookups, which are stored as codes. Rare
/// levels beyond the first <see cref="MostLevels"/> share a column, and the ridge shrinks those that few rows speak
/// for.
/// </remarks>
sealed class Design
{
    const int MostLevels = 64;

    // Products of more parents than these are too many columns for what they add.
    const int MostParentsForProducts = 6, MostSlopes = 24;

    static readonly double[] HingeQuantiles = [0.1, 0.3, 0.5, 0.7, 0.9];

    readonly List<(Basis Basis, int Parent, int Second, double Knot, BasisSet Since, bool IsRaw)> _numericTerms = [];
    readonly List<(int Parent, int[] ColumnOf, BasisSet Since)> _lookupTerms = [];
    readonly Dictionary<int, int> _slopeLevels = [];

    /// <param name="parents">The parents' profiles.</param>
    /// <param name="codes">For each parent, each fitted row's code.</param>
    /// <param name="foldStarts">Where each fold's rows start, and the number of rows.</param>
    public Design(IReadOnlyList<ColumnProfile> parents, int[][] codes, int[] foldStarts)
    {
        FoldStarts = foldStarts;
        Rows = foldStarts[^1];
        for (int j = 0; j < parents.Count; j++)
        {
            if (parents[j].Values.Length > 1)
            {
                PlanParent(parents[j], j);
            }
        }

        var numbers = Enumerable.Range(0, parents.Count)
            .Where(j => parents[j].Values.Length > 1 && !parents[j].Column.IsDiscrete).ToArray();
        if (numbers.Length is > 1 and <= MostParentsForProducts)
        {
            foreach (int a in numbers)
            {
                foreach (int b in numbers.Where(b => b > a))
                {
                    _numericTerms.Add((Basis.Product, a, b, 0, BasisSet.Interactions, false));
                }
            }
        }

        PlanSlopes(parents, numbers);
        Numeric = [.. _numericTerms.Select(term => term.Basis == Basis.Slope
            ? Slope(Feature(term.Parent, term.IsRaw), codes[term.Second], (int)term.Knot)
            : Evaluate(term.Basis, term.Knot, Feature(term.Parent, term.IsRaw), Feature(term.Second, term.IsRaw)))];
        Lookups = [.. _lookupTerms.Select(term => codes[term.Parent].Select(code => term.ColumnOf[code]).ToArray())];
        LookupStarts = new int[_lookupTerms.Count + 1];
        LookupStarts[0] = 1 + Numeric.Length;
        for (int i = 0; i < _lookupTerms.Count; i++)
        {
            LookupStarts[i + 1] = LookupStarts[i] + _lookupTerms[i].ColumnOf.Max() + 1;
        }

        double[] Feature(int parent, bool isRaw)
        {
            double[] values = isRaw ? parents[parent].Standardised : parents[parent].Features;
            return [.. codes[parent].Select(code => values.Length > 0 ? values[code] : 0)];
        }
    }

    public int Rows { get; }

    public int[] FoldStarts { get; }

    public int Folds => FoldStarts.Length - 1;

    /// <summary>Numeric columns, each over all rows.</summary>
    public double[][] Numeric { get; }

    /// <summary>The place within its block, for each lookup and row.</summary>
    public int[][] Lookups { get; }

    /// <summary>Where each lookup's block of columns starts, and the number of columns.</summary>
    public int[] LookupStarts { get; }

    public int Width => LookupStarts[^1];

    /// <summary>The basis sets that differ from the one before.</summary>
    public IEnumerable<BasisSet> Candidates() =>
        Enum.GetValues<BasisSet>().Where(set => set == BasisSet.Linear
            || _numericTerms.Any(t => t.Since == set) || _lookupTerms.Any(t => t.Since == set));

    public int[] NumericOf(BasisSet set) =>
        [.. Enumerable.Range(0, Numeric.Length).Where(i => _numericTerms[i].Since <= set)];

    public int[] LookupsOf(BasisSet set) =>
        [.. Enumerable.Range(0, Lookups.Length).Where(i => _lookupTerms[i].Since <= set)];

    /// <summary>The columns of a basis set, the intercept first.</summary>
    public int[] ColumnsOf(BasisSet set) =>
    [
        0,
        .. NumericOf(set).Select(i => i + 1),
        .. LookupsOf(set).SelectMany(i => Enumerable.Range(LookupStarts[i], LookupStarts[i + 1] - LookupStarts[i])),
    ];

    /// <summary>The predictor with weights (width, outputs).</summary>
    public Predictor ToPredictor(BasisSet set, double[] weights, int outputs)
    {
        var terms = new List<PredictorTerm>();
        foreach (int i in NumericOf(set))
        {
            var term = _numericTerms[i];
            double[] own = weights[((i + 1) * outputs)..((i + 2) * outputs)];
            if (term.Basis == Basis.Slope)
            {
                AddSlope(terms, term.Parent, term.Second, (int)term.Knot, term.IsRaw, own);
                continue;
            }

            terms.Add(new(term.Basis, term.Parent, term.Second, term.Knot, own, term.IsRaw));
        }

        foreach (int i in LookupsOf(set))
        {
            var (parent, columnOf, _) = _lookupTerms[i];
            var table = new double[outputs * columnOf.Length];
            for (int k = 0; k < outputs; k++)
            {
                for (int code = 0; code < columnOf.Length; code++)
                {
                    table[k * columnOf.Length + code] = weights[(LookupStarts[i] + columnOf[code]) * outputs + k];
                }
            }

            terms.Add(new(Basis.Lookup, parent, parent, 0, table));
        }

        return new(weights[..outputs], terms);
    }

    // A number's slope in each of a few levels, as columns x · [level]; the level stands in the knot's place.
    void PlanSlopes(IReadOnlyList<ColumnProfile> parents, int[] numbers)
    {
        int[] names = [.. Enumerable.Range(0, parents.Count)
            .Where(j => parents[j].Values.Length > 1 && parents[j].Column.IsDiscrete)];
        if (numbers.Length > MostParentsForProducts
            || numbers.Length * names.Sum(j => parents[j].Values.Length) > MostSlopes)
        {
            return;
        }

        foreach (int number in numbers)
        {
            foreach (int name in names)
            {
                for (int level = 0; level < parents[name].Values.Length; level++)
                {
                    _slopeLevels[name] = parents[name].Values.Length;
                    _numericTerms.Add((Basis.Slope, number, name, level, BasisSet.Interactions, !parents[number].IsTame));
                }
            }
        }
    }

    static double[] Slope(double[] x, int[] codes, int level)
    {
        for (int row = 0; row < x.Length; row++)
        {
            x[row] = codes[row] == level ? x[row] : 0;
        }

        return x;
    }

    // Levels of one pair of parents share a term.
    void AddSlope(List<PredictorTerm> terms, int parent, int second, int level, bool isRaw, double[] weights)
    {
        int levels = _slopeLevels[second];
        var term = terms.Find(other => other.Basis == Basis.Slope && other.Parent == parent && other.Second == second);
        if (term is null)
        {
            term = new(Basis.Slope, parent, second, 0, new double[weights.Length * levels], isRaw);
            terms.Add(term);
        }

        for (int k = 0; k < weights.Length; k++)
        {
            term.Weights[k * levels + level] = weights[k];
        }
    }

    void PlanParent(ColumnProfile profile, int parent)
    {
        if (!profile.Column.IsDiscrete)
        {
            _numericTerms.Add((Basis.Identity, parent, parent, 0, BasisSet.Linear, false));
            if (!profile.IsTame)
            {
                // Ranks bend what is a line in the number itself.
                _numericTerms.Add((Basis.Identity, parent, parent, 0, BasisSet.Linear, true));
            }

            if (!profile.IsCoded)
            {
                foreach (double knot in HingeQuantiles.Select(p => FeatureQuantile(profile, p)).Distinct())
                {
                    // A hinge at the smallest value is the identity again.
                    if (knot > profile.Features[0])
                    {
                        _numericTerms.Add((Basis.Hinge, parent, parent, knot, BasisSet.Hinges, false));
                    }
                }

                return;
            }
        }

        int[] columnOf = new int[profile.Values.Length];
        int[] byCount = [.. Enumerable.Range(0, columnOf.Length)
            .OrderByDescending(code => profile.Counts[code]).ThenBy(code => code)];
        for (int place = 0; place < byCount.Length; place++)
        {
            columnOf[byCount[place]] = Math.Min(place, MostLevels - 1);
        }

        _lookupTerms.Add((parent, columnOf, profile.Column.IsDiscrete ? BasisSet.Linear : BasisSet.Hinges));
    }

    static double FeatureQuantile(ColumnProfile profile, double p)
    {
        double target = p * profile.Present;
        long below = 0;
        for (int i = 0; i < profile.Values.Length; i++)
        {
            below += profile.Counts[i];
            if (below >= target)
            {
                return profile.Features[i];
            }
        }

        return profile.Features[^1];
    }

    static double[] Evaluate(Basis basis, double knot, double[] x, double[] second)
    {
        switch (basis)
        {
            case Basis.Hinge:
                TensorPrimitives.Subtract(x, knot, x);
                TensorPrimitives.Max(x, 0, x);
                return x;
            case Basis.Product:
                TensorPrimitives.Multiply(x, second, x);
                return x;
            default:
                return x;
        }
    }
}
