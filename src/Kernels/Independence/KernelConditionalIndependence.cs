using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The statistic of a kernel test and the moments of its null distribution.</summary>
/// <param name="Statistic">The trace of the product of the two (residual) kernel matrices.</param>
/// <param name="Mean">The statistic's mean under independence.</param>
/// <param name="Variance">The statistic's variance under independence.</param>
/// <param name="ShareX">What S leaves of x's kernel, as a share of its trace; 0 for a constant x.</param>
/// <param name="ShareY">The same for y.</param>
public readonly record struct KernelResult(double Statistic, double Mean, double Variance, double ShareX, double ShareY)
{
    /// <summary>The chance of a larger statistic, by the gamma distribution of the same mean and variance.</summary>
    public double PValue => Mean > 0 && Variance > 0
        ? TailProbability.ChiSquare(2 * Statistic * Mean / Variance, 2 * Mean * Mean / Variance) : 1;
}

/// <summary>KCI: the kernel test of conditional independence of Zhang, Peters, Janzing and Schölkopf (UAI 2011).</summary>
/// <remarks>
/// <para>
/// Given nothing the statistic is tr(Kₓ K_y) of the centred kernel matrices; given S it is tr(R Kₓ R · R K_y R), with R the
/// residual of kernel ridge regression on S, ε = 1e-3, and x joined by S at half scale (in Kₓ only). Null distribution: the
/// gamma with the first two moments. Columns are standardised with divisor n − 1. Widths σ of exp(−‖a − b‖² / 2σ²), by rows
/// below 200, below 1,200, and from there on: 0.8, 0.5, 0.3 over √(columns) given nothing; 1.2, 0.7, 0.4 times √(columns of
/// S) otherwise. All as causal-learn 0.1.4.7 has it, whose p differs by up to 7e-5 because it leaves out eigenvalues below
/// 1e-5 of the largest when it computes the moments.
/// </para>
/// <para>
/// Every n × n matrix is held as a factor of its numerical rank: at 500 rows and one variable given the ranks are about 100
/// (x with S), 20 (y) and 20 (S). The kernel of y does not depend on which S is given and is factored once a batch, that of
/// S once per set, those of x and their residuals once per variable and set.
/// </para>
/// </remarks>
public sealed class KernelConditionalIndependence : IDisposable
{
    /// <summary>The most rows: the matrix A ∘ B alone takes n² · rank steps a question.</summary>
    public const int MostRows = 5000;

    const double Ridge = 1e-3;

    // Rows whose distances the median width looks at.
    const int MostForMedian = 1000;

    // Shares of the trace that factors leave out. A trace of δ left out of K_S changes R by up to n δ / ε, so S is factored
    // to the last digits; for the null moments, which move p by about as much as themselves, 1e-8 is plenty.
    const double ToleranceOfGiven = 1e-13, Tolerance = 1e-11, MomentTolerance = 1e-8;

    // What the factors of one chunk of questions may take at worst.
    const long MostBytes = 256L << 20;

    readonly KernelData _data;
    readonly KernelOptions _options;
    readonly KernelMoments _moments;
    readonly CpuDevice _host;
    readonly bool _ownsHost;
    readonly Dictionary<(int Variable, int WidthOfGiven), KernelFactor> _alone = [];

    /// <summary>The test of <paramref name="columns"/>.</summary>
    /// <param name="columns">The columns of all variables, one variable behind the other.</param>
    /// <param name="rows">How many rows there are, 2 to <see cref="MostRows"/>.</param>
    /// <param name="starts">First column of each variable, and behind the last the number of columns.</param>
    /// <param name="options">The kernels.</param>
    /// <param name="device">Where the null moments are computed; the factors are made on this machine's cores.</param>
    public KernelConditionalIndependence(
        IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, IReadOnlyList<int> starts, KernelOptions options, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MostRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 2);
        _data = new(columns, rows, starts);
        _options = options;
        _moments = KernelMoments.On(device);
        _ownsHost = device is not CpuDevice;
        _host = device as CpuDevice ?? (CpuDevice)ComputeDevice.Open(DeviceKind.Cpu);
    }

    /// <summary>Answers each question, x and y in either order.</summary>
    public void Compute(QueryBatch queries, Span<KernelResult> results)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var questions = new Question[queries.Count];
        for (int query = 0; query < questions.Length; query++)
        {
            // One way round, so that the answer is the same to the last bit: x joined by S is not what y is.
            var variables = queries[query];
            int[] given = variables[2..].ToArray();
            Array.Sort(given);
            questions[query] = new(query, Math.Min(variables[0], variables[1]), Math.Max(variables[0], variables[1]), given);
        }

        if (queries.Depth == 0)
        {
            Unconditional(questions, results);
            return;
        }

        Array.Sort(questions);
        int most = (int)Math.Max(1, MostBytes / (4 * sizeof(double) * (long)_data.Rows * _data.Rows));
        for (int start = 0; start < questions.Length; start += most)
        {
            Conditional(questions.AsSpan(start, Math.Min(most, questions.Length - start)).ToArray(), results);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsHost)
        {
            _host.Dispose();
        }
    }

    void Unconditional(Question[] questions, Span<KernelResult> results)
    {
        FactorAlone(questions.SelectMany(question => new[] { (question.X, 0), (question.Y, 0) }));
        var own = questions.SelectMany(question => new[] { question.X, question.Y }).Distinct().ToArray();
        var squares = new double[own.Length];
        _host.For(own.Length, i => squares[i] = _alone[(own[i], 0)].InnerProduct(_alone[(own[i], 0)]));
        var squareOf = own.Zip(squares).ToDictionary();
        var answers = new KernelResult[questions.Length];
        _host.For(questions.Length, i =>
        {
            var (_, x, y, _) = questions[i];
            KernelFactor fx = _alone[(x, 0)], fy = _alone[(y, 0)];
            answers[i] = new(
                fx.InnerProduct(fy), fx.Trace * fy.Trace / _data.Rows,
                2 * squareOf[x] * squareOf[y] / ((double)_data.Rows * _data.Rows), Share(x, fx, fx), Share(y, fy, fy));
        });
        answers.CopyTo(results);
    }

    void Conditional(Question[] questions, Span<KernelResult> results)
    {
        // Of each set: its regression; of each variable with a set: what that leaves of it.
        int[][] sets = [.. questions.Select(question => question.Given).Distinct(SameSet.Instance)];
        var regressions = new KernelRegression[sets.Length];
        FactorAlone(questions.Select(question => (question.Y, WidthOf(question.Given))));
        _host.For(sets.Length, i => regressions[i] = new(Factor(_data.Joined(sets[i]), WidthOf(sets[i]), ToleranceOfGiven), Ridge));
        var setOf = sets.Select((set, i) => (set, i)).ToDictionary(pair => pair.set, pair => pair.i, SameSet.Instance);

        (int Set, int Variable, bool Joined)[] sides =
        [
            .. questions.SelectMany(question => new[]
                { (setOf[question.Given], question.X, true), (setOf[question.Given], question.Y, false) }).Distinct(),
        ];
        var residuals = new (KernelFactor Full, KernelFactor Narrow, double Share)[sides.Length];
        _host.For(sides.Length, i =>
        {
            var (set, variable, joined) = sides[i];
            int width = WidthOf(sets[set]);
            var factor = joined
                ? Factor([.. _data.Standard(variable), .. _data.Joined(sets[set], 0.5)], width, Tolerance)
                : _alone[(variable, width)];
            var residual = regressions[set].Residual(factor, _host);
            residuals[i] = (residual, residual.Truncate(MomentTolerance), Share(variable, factor, residual));
        });
        var sideOf = sides.Select((side, i) => (side, i)).ToDictionary(pair => pair.side, pair => pair.i);

        var pairs = new (int X, int Y)[questions.Length];
        for (int i = 0; i < questions.Length; i++)
        {
            int set = setOf[questions[i].Given];
            pairs[i] = (sideOf[(set, questions[i].X, true)], sideOf[(set, questions[i].Y, false)]);
        }

        var statistics = new double[questions.Length];
        _host.For(questions.Length, i => statistics[i] = residuals[pairs[i].X].Full.InnerProduct(residuals[pairs[i].Y].Full));
        var moments = new (double Trace, double Square)[questions.Length];
        _moments.Compute([.. pairs.Select(pair => (residuals[pair.X].Narrow, residuals[pair.Y].Narrow))], moments);
        for (int i = 0; i < questions.Length; i++)
        {
            results[questions[i].Query] = new(
                statistics[i], moments[i].Trace, 2 * moments[i].Square, residuals[pairs[i].X].Share, residuals[pairs[i].Y].Share);
        }
    }

    void FactorAlone(IEnumerable<(int Variable, int WidthOfGiven)> wanted)
    {
        (int Variable, int WidthOfGiven)[] missing = [.. wanted.Where(key => !_alone.ContainsKey(key)).Distinct()];
        var factors = new KernelFactor[missing.Length];
        _host.For(missing.Length, i =>
            factors[i] = Factor(_data.Standard(missing[i].Variable), missing[i].WidthOfGiven, Tolerance, missing[i].Variable));
        for (int i = 0; i < missing.Length; i++)
        {
            _alone[missing[i]] = factors[i];
        }
    }

    KernelFactor Factor(ReadOnlySpan<double> points, int widthOfGiven, double tolerance, int variable = 0) =>
        KernelFactor.Of(points, _data.Rows, new(_options.Kernel, Scale(points, widthOfGiven, variable)), tolerance);

    // θ = 1 / σ². Given nothing, causal-learn takes the median of the columns as they come and the kernel of standardised
    // ones, and multiplies θ by the number of columns where it otherwise divides: kept, since its results are what is compared.
    double Scale(ReadOnlySpan<double> points, int widthOfGiven, int variable)
    {
        int rows = _data.Rows;
        double width = _options.Width switch
        {
            KernelWidth.Manual => _options.ManualWidth,
            KernelWidth.Median => Math.Sqrt(2) * _data.MedianDistance(widthOfGiven == 0 ? _data.Raw(variable) : points, MostForMedian),
            _ when widthOfGiven == 0 => (rows < 200 ? 0.8 : rows < 1200 ? 0.5 : 0.3) / Math.Sqrt(Math.Max(points.Length / rows, 1)),
            _ => (rows < 200 ? 1.2 : rows < 1200 ? 0.7 : 0.4) * Math.Sqrt(widthOfGiven),
        };
        return 1 / (width * width);
    }

    int WidthOf(int[] given) => Math.Max(1, given.Sum(_data.Width));

    double Share(int variable, KernelFactor before, KernelFactor after) =>
        _data.IsConstant(variable) || before.Trace <= 0 ? 0 : after.Trace / before.Trace;

    readonly record struct Question(int Query, int X, int Y, int[] Given) : IComparable<Question>
    {
        // Questions about one set stand together, in one order whatever order they were asked in.
        public int CompareTo(Question other)
        {
            int bySet = Given.AsSpan().SequenceCompareTo(other.Given);
            return bySet != 0 ? bySet : (X, Y, Query).CompareTo((other.X, other.Y, other.Query));
        }
    }

    sealed class SameSet : IEqualityComparer<int[]>
    {
        public static readonly SameSet Instance = new();

        public bool Equals(int[]? a, int[]? b) => a.AsSpan().SequenceEqual(b);

        public int GetHashCode(int[] set)
        {
            var hash = new HashCode();
            foreach (int variable in set)
            {
                hash.Add(variable);
            }

            return hash.ToHashCode();
        }
    }
}
