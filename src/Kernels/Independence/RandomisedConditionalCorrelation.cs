using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The sizes of RCoT; the defaults are those of causal-learn's port.</summary>
public sealed record RandomFeatureOptions
{
    /// <summary>Features of S: more follow S more closely, and take their square in time.</summary>
    public int FeaturesOfGiven { get; init; } = 100;

    /// <summary>Features of x and of y.</summary>
    public int Features { get; init; } = 5;

    /// <summary>Draws the features: one seed, one answer.</summary>
    public ulong Seed { get; init; }
}

/// <summary>RCoT: KCI on random Fourier features, linear in the number of rows.</summary>
/// <remarks>
/// Strobl, Zhang and Visweswaran (2019), "Approximate kernel-based conditional independence tests for fast non-parametric
/// causal discovery". Columns are standardised and divided by the median distance of 500 evenly spaced rows, features are
/// standardised, those of x and y regressed on those of S (ridge 1e-10), and n ‖cov(residuals)‖² is compared with
/// Σ λ χ²₁, with λ the eigenvalues of the residual products' second moments. Where RCIT fits four moments to that sum (Lindsay,
/// Pilla and Basak 2000), its tail is computed by inversion (<see cref="WeightedChiSquare"/>). A variable's features are
/// drawn by its place, so that exchanging x and y changes nothing. Given nothing this is the test RIT.
/// </remarks>
public sealed class RandomisedConditionalCorrelation : IDisposable
{
    const double Ridge = 1e-10;
    const int RowsForMedian = 500, RowBlock = 16384;

    // Features of the sets that are worked on together.
    const long MostBytes = 256L << 20;

    // Streams of Philox: a column's own number is below these.
    const uint PhaseStream = uint.MaxValue;

    readonly KernelData _data;
    readonly int[] _starts;
    readonly RandomFeatureOptions _options;
    readonly RandomFourierFeatures _features;
    readonly FeatureMoments _moments;
    readonly CpuDevice _host;
    readonly bool _ownsHost;
    readonly Philox _ownDraws, _givenDraws;
    readonly Dictionary<int, double[]> _own = [];

    /// <summary>The test of <paramref name="columns"/>.</summary>
    /// <param name="columns">The columns of all variables, one variable behind the other.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="starts">First column of each variable, and behind the last the number of columns.</param>
    /// <param name="options">How many features, and their seed.</param>
    /// <param name="device">Where features and their moments are computed.</param>
    public RandomisedConditionalCorrelation(
        IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, IReadOnlyList<int> starts, RandomFeatureOptions options, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 2);
        _data = new(columns, rows, starts);
        _starts = [.. starts];
        _options = options;
        _features = RandomFourierFeatures.On(device);
        _moments = FeatureMoments.On(device);
        _ownsHost = device is not CpuDevice;
        _host = device as CpuDevice ?? (CpuDevice)ComputeDevice.Open(DeviceKind.Cpu);
        (_ownDraws, _givenDraws) = (new Philox(options.Seed).Branch(1), new Philox(options.Seed).Branch(2));
    }

    /// <summary>Writes statistic, p-value and what S leaves of x and y, as shares of their features' variance.</summary>
    public void Compute(QueryBatch queries, Span<RandomFeatureResult> results)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var questions = new (int X, int Y, int[] Given)[queries.Count];
        for (int query = 0; query < questions.Length; query++)
        {
            var variables = queries[query];
            int[] given = variables[2..].ToArray();
            Array.Sort(given);
            questions[query] = (Math.Min(variables[0], variables[1]), Math.Max(variables[0], variables[1]), given);
        }

        int[] missing = [.. questions.SelectMany(q => new[] { q.X, q.Y }).Distinct().Where(variable => !_own.ContainsKey(variable))];
        var features = new double[missing.Length][];
        ForEach(missing.Length, i => features[i] = Features([missing[i]], _options.Features, _ownDraws));
        for (int i = 0; i < missing.Length; i++)
        {
            _own[missing[i]] = features[i];
        }

        var answers = new RandomFeatureResult[questions.Length];
        int[][] sets = [.. Enumerable.Range(0, questions.Length).GroupBy(query => string.Join(',', questions[query].Given)).Select(g => g.ToArray())];
        int together = (int)Math.Max(1, MostBytes / (8L * _data.Rows * (_options.FeaturesOfGiven + 1)));
        for (int start = 0; start < sets.Length; start += together)
        {
            int first = start;
            ForEach(Math.Min(together, sets.Length - start), i => AnswerSet(sets[first + i], questions, answers));
        }

        answers.CopyTo(results);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsHost)
        {
            _host.Dispose();
        }
    }

    void AnswerSet(int[] members, (int X, int Y, int[] Given)[] questions, RandomFeatureResult[] answers)
    {
        int[] given = questions[members[0]].Given;
        int[] variables = [.. members.SelectMany(query => new[] { questions[query].X, questions[query].Y }).Distinct()];
        var residuals = variables.ToDictionary(variable => variable, variable => _own[variable]);
        if (given.Length > 0)
        {
            double[] regressors = Features(given, _options.FeaturesOfGiven, _givenDraws);
            double[] cholesky = Cholesky(regressors);
            ForEach(variables.Length, i =>
            {
                var residual = Residual(_own[variables[i]], regressors, cholesky);
                lock (residuals)
                {
                    residuals[variables[i]] = residual;
                }
            });
        }

        ForEach(members.Length, i =>
        {
            var (x, y, _) = questions[members[i]];
            answers[members[i]] = Answer(residuals[x], residuals[y], Share(x), Share(y));
        });

        double Share(int variable)
        {
            double before = ColumnProducts.SumOfSquares(_own[variable]);
            return _data.IsConstant(variable) || before == 0 ? 0 : ColumnProducts.SumOfSquares(residuals[variable]) / before;
        }
    }

    RandomFeatureResult Answer(double[] x, double[] y, double shareX, double shareY)
    {
        int rows = _data.Rows, width = _options.Features, size = width * width, pairs = width * (width + 1) / 2;
        var sums = new double[FeatureMoments.Length(width)];
        _moments.Compute(x, y, rows, width, sums);
        double statistic = rows * ColumnProducts.SumOfSquares(sums.AsSpan(0, size)) / ((rows - 1.0) * (rows - 1.0));
        var products = new double[size * size];
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++)
            {
                int left = Pair(row % width, column % width), right = Pair(row / width, column / width);
                products[row * size + column] = sums[size + left + right * pairs] / rows;
            }
        }

        return new(statistic, WeightedChiSquare.UpperTail(SymmetricEigenvalues.Of(products, size), statistic), shareX, shareY);

        static int Pair(int i, int k) => i >= k ? i * (i + 1) / 2 + k : k * (k + 1) / 2 + i;
    }

    /// <summary>Standardised features of the variables together.</summary>
    double[] Features(ReadOnlySpan<int> variables, int count, Philox draws)
    {
        int rows = _data.Rows;
        var points = _data.Joined(variables);
        int columns = points.Length / rows;
        var features = new double[rows * count];
        if (columns == 0)
        {
            return features;
        }

        double width = _data.MedianDistance(points, RowsForMedian);
        double[] weights = new double[count * columns], phases = new double[count];
        for (int feature = 0; feature < count; feature++)
        {
            int at = feature * columns;
            uint stream = PhaseStream;
            foreach (int variable in variables)
            {
                for (int column = _starts[variable]; column < _starts[variable + 1]; column++)
                {
                    weights[at++] = draws.Normal((uint)feature, (uint)column) / width;
                }

                stream = (uint)variable;
            }

            // Two variables shall not share their phases: the last one's number goes into the counter.
            phases[feature] = 2 * Math.PI * draws.Uniform((uint)feature, PhaseStream, stream);
        }

        _features.Compute(points, rows, weights, phases, features);
        ForEach(count, feature => Standardise(features.AsSpan(feature * rows, rows)));
        return features;
    }

    static void Standardise(Span<double> feature)
    {
        TensorPrimitives.Subtract(feature, FixedOrder.Sum(feature) / feature.Length, feature);
        double deviation = Math.Sqrt(ColumnProducts.SumOfSquares(feature) / (feature.Length - 1));
        TensorPrimitives.Multiply(feature, deviation > 1e-12 ? 1 / deviation : 0, feature);
    }

    /// <summary>Cholesky's factor of the features' covariance, lower triangle, row by row.</summary>
    double[] Cholesky(double[] features)
    {
        int size = _options.FeaturesOfGiven;
        var matrix = Products(features, size, features, size);
        for (int i = 0; i < size; i++)
        {
            var own = matrix.AsSpan(i * size, size);
            own[i] += Ridge;
            for (int j = 0; j < i; j++)
            {
                var other = matrix.AsSpan(j * size, size);
                own[j] = (own[j] - ColumnProducts.Dot(own[..j], other[..j])) / other[j];
            }

            // S's features are nearly dependent; a pivot that rounding took below the ridge is the ridge.
            own[i] = Math.Sqrt(Math.Max(own[i] - ColumnProducts.Dot(own[..i], own[..i]), Ridge));
        }

        return matrix;
    }

    unsafe double[] Residual(double[] own, double[] regressors, double[] cholesky)
    {
        int size = _options.FeaturesOfGiven, width = _options.Features, rows = _data.Rows;
        var weights = Products(regressors, size, own, width);
        for (int column = 0; column < width; column++)
        {
            var right = weights.AsSpan(column * size, size);
            for (int i = 0; i < size; i++)
            {
                right[i] = (right[i] - ColumnProducts.Dot(cholesky.AsSpan(i * size, i), right[..i])) / cholesky[i * size + i];
            }

            for (int i = size - 1; i >= 0; i--)
            {
                right[i] /= cholesky[i * size + i];
                TensorPrimitives.MultiplyAdd(cholesky.AsSpan(i * size, i), -right[i], right[..i], right[..i]);
            }
        }

        var left = (double[])own.Clone();
        fixed (double* target = left, source = regressors, coefficients = weights)
        {
            ColumnProducts.SubtractCombinations(target, width, source, size, coefficients, rows);
        }

        return left;
    }

    // Aᵀ B / (rows − 1), (countA, countB) with A's index fastest, in blocks of rows summed in order.
    unsafe double[] Products(double[] a, int countA, double[] b, int countB)
    {
        int rows = _data.Rows, blocks = (rows + RowBlock - 1) / RowBlock, length = countA * countB;
        var partial = new double[blocks * length];
        ForEach(blocks, block =>
        {
            int start = block * RowBlock;
            fixed (double* pa = a, pb = b, to = partial)
            {
                ColumnProducts.Inner(
                    pa + start, countA, pb + start, countB, Math.Min(RowBlock, rows - start), rows, to + (long)block * length,
                    ColumnTiles.Widest);
            }
        });
        var sums = partial.AsSpan(0, length);
        for (int block = 1; block < blocks; block++)
        {
            TensorPrimitives.Add<double>(sums, partial.AsSpan(block * length, length), sums);
        }

        TensorPrimitives.Divide(sums, rows - 1.0, sums);
        return sums.ToArray();
    }

    // A GPU takes one question after the other; its accelerator is not for several threads.
    void ForEach(int count, Action<int> body)
    {
        if (_ownsHost)
        {
            for (int i = 0; i < count; i++)
            {
                body(i);
            }
        }
        else
        {
            _host.For(count, body);
        }
    }
}

/// <summary>The answer of RCoT to one question.</summary>
/// <param name="Statistic">n times the squared norm of the residual features' covariance.</param>
/// <param name="PValue">The chance of a larger one under independence.</param>
/// <param name="ShareX">What S leaves of x's features, as a share of their variance; 0 for a constant x.</param>
/// <param name="ShareY">The same for y.</param>
public readonly record struct RandomFeatureResult(double Statistic, double PValue, double ShareX, double ShareY);
