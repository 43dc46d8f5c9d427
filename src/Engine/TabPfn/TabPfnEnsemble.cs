using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>
/// What TabPFN's Python package does around its network: several views of a table are shown to it, and their answers averaged.
/// </summary>
/// <remarks>
/// The behaviour is that of TabPFN 8.4.0 for weights of version 2, its preprocessing on the CPU and its defaults; what
/// earlier releases did otherwise is left out. Hollmann et al. (2025), "Accurate predictions on small data with a tabular
/// foundation model". Fingerprints of rows hash numbers rounded to 12 decimals, projections on singular vectors among them,
/// so that a few differ from the package's, as they do there from one BLAS to another (docs/decisions/tabpfn-ensemble.md).
/// </remarks>
public sealed class TabPfnEnsemble
{
    /// <summary>Most classes.</summary>
    public const int MostClasses = 10;

    /// <summary>Most training rows unless limits are ignored.</summary>
    public const int MostRows = 10_000;

    /// <summary>Most columns unless limits are ignored.</summary>
    public const int MostColumns = 500;

    readonly TabPfnOptions _options;
    readonly FeatureCleaner _cleaner;
    readonly MemberPlan[] _plans;
    readonly Lazy<MemberPipeline>[] _pipelines;
    readonly float[] _dense;
    readonly int[] _present, _counts;
    readonly int _classes, _rows, _columns;

    /// <summary>Learns from training rows.</summary>
    /// <param name="train">The columns of the training rows.</param>
    /// <param name="labels">The class of each row, from 0, numbered in the order of the classes' values.</param>
    /// <param name="classes">Number of classes; those that no row has get probability 0.</param>
    /// <param name="options">How to predict.</param>
    /// <exception cref="InputException">The table is beyond the limits, or no column varies.</exception>
    public TabPfnEnsemble(RawFeatures train, IReadOnlyList<int> labels, int classes, TabPfnOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count != train.Rows || labels.Any(label => label < 0 || label >= classes))
        {
            throw new ArgumentException(
                $"{train.Rows} rows do not have {labels.Count} labels from 0 to {classes - 1}.", nameof(labels));
        }

        _options = options ?? new();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Members, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.Temperature, nameof(options));
        (_classes, _rows, _columns) = (classes, train.Rows, train.Columns.Count);
        _present = [.. labels.Distinct().Order()];
        _counts = Array.ConvertAll(_present, label => labels.Count(other => other == label));
        CheckLimits();
        _dense = [.. labels.Select(label => (float)Array.BinarySearch(_present, label))];
        _cleaner = new(train);
        var clean = _cleaner.Clean(train);
        TabPfnLimits.CheckVaries(clean);
        _plans = EnsemblePlan.Draw(_options.Members, _present.Length, _options.Seed);
        _pipelines = Array.ConvertAll(_plans, plan => new Lazy<MemberPipeline>(() => new(clean, plan)));
    }

    /// <summary>The tables that the network is to be shown.</summary>
    /// <param name="test">The rows to predict, in the columns of the training rows.</param>
    public IEnumerable<TabPfnMember> Members(RawFeatures test)
    {
        ArgumentNullException.ThrowIfNull(test);
        if (test.Columns.Count != _columns)
        {
            throw new ArgumentException($"{test.Columns.Count} columns were given, {_columns} expected.", nameof(test));
        }

        var clean = _cleaner.Clean(test);
        return Enumerable.Range(0, _plans.Length).Select(member => Shown(clean, member));
    }

    /// <summary>The classes that training rows have, ascending.</summary>
    internal int[] Present => _present;

    /// <summary>The table that one member is to be shown.</summary>
    internal TabPfnMember Member(RawFeatures test, int member) => Shown(_cleaner.Clean(test), member);

    TabPfnMember Shown(FeatureBlock test, int member)
    {
        var (plan, pipeline) = (_plans[member], _pipelines[member].Value);
        float[] labels = Array.ConvertAll(_dense, label => (float)plan.ClassPermutation[(int)label]);
        return new(MemberPipeline.Batch(pipeline.Train, pipeline.Apply(test), labels), plan.ClassPermutation);
    }

    /// <summary>Probabilities (rows, classes), row-major; each row sums to 1.</summary>
    /// <param name="test">The rows to predict, in the columns of the training rows.</param>
    /// <param name="network">A member's logits (rows, outputs), row-major, for at least as many outputs as classes.</param>
    public float[] Probabilities(RawFeatures test, Func<TabPfnMember, float[]> network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return Combine([.. Members(test).Select(network)], test.Rows);
    }

    /// <summary>Probabilities (rows, classes) from each member's logits (rows, outputs).</summary>
    public float[] Combine(IReadOnlyList<float[]> logits, int rows)
    {
        ArgumentNullException.ThrowIfNull(logits);
        int outputs = rows == 0 ? _classes : logits[0].Length / rows;
        if (logits.Count != _plans.Length || outputs < _present.Length
            || logits.Any(member => member.Length != rows * outputs))
        {
            throw new ArgumentException(
                $"{_plans.Length} members' logits of {rows} rows and {_present.Length} outputs or more are needed.", nameof(logits));
        }

        var probabilities = new float[rows * _classes];
        for (int row = 0; row < rows; row++)
        {
            var scaled = logits.Zip(_plans, (member, plan) => Scaled(member.AsSpan(row * outputs, outputs), plan));
            double[] combined = Combined([.. scaled]);
            for (int k = 0; k < _present.Length; k++)
            {
                probabilities[row * _classes + _present[k]] = (float)combined[k];
            }
        }

        return probabilities;
    }

    double[] Scaled(ReadOnlySpan<float> logits, MemberPlan plan)
    {
        var scaled = new double[plan.ClassPermutation.Length];
        for (int k = 0; k < scaled.Length; k++)
        {
            scaled[k] = logits[plan.ClassPermutation[k]] / _options.Temperature;
        }

        return scaled;
    }

    double[] Combined(double[][] members)
    {
        double[] mean = _options.AverageLogits
            ? Softmax(Mean(members))
            : Mean(Array.ConvertAll(members, Softmax));
        if (_options.BalanceProbabilities)
        {
            mean = [.. mean.Select((probability, k) => probability * _rows / _counts[k])];
        }

        double sum = mean.Sum();
        return Array.ConvertAll(mean, probability => probability / sum);
    }

    static double[] Mean(double[][] members) =>
        [.. Enumerable.Range(0, members[0].Length).Select(k => members.Average(member => member[k]))];

    static double[] Softmax(double[] logits)
    {
        double largest = logits.Max();
        double[] powers = Array.ConvertAll(logits, logit => Math.Exp(logit - largest));
        double sum = powers.Sum();
        return Array.ConvertAll(powers, power => power / sum);
    }

    void CheckLimits()
    {
        TabPfnLimits.Check(_rows, _columns, _options.IgnoreLimits);
        if (_present.Length is < 2 or > MostClasses)
        {
            throw new InputException(
                $"The training rows have {_present.Length} classes, but TabPFN takes 2 to {MostClasses}; merge or add classes.");
        }
    }
}
