using System.Numerics.Tensors;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Generators;

/// <summary>How a Gaussian copula is fitted.</summary>
public sealed record GaussianCopulaOptions
{
    /// <summary>Whether correlations that ties weaken are restored, so that rows, with the same ties, show them again.</summary>
    public bool RestoreTies { get; init; } = true;

    /// <summary>Whether names stand in the order in which they go with the other columns, or in their own.</summary>
    /// <remarks>
    /// Off, as the plain copula has it. On the Adult table an order makes rows more like the data (pair trends .950 to .960, the AUC of trees that
    /// tell them apart .90 to .83) and worth less to a classifier that learns from them (AUC .914 to .910, the rarer class's F1 .707 to .698; three
    /// seeds).
    /// </remarks>
    public bool OrderNames { get; init; }

    /// <summary>Rows that the other classes' correlations are worth in a class; null for as many as there are columns.</summary>
    public double? PooledRows { get; init; }

    /// <summary>Rows of a class that its correlations are measured on; of a larger class as many are drawn.</summary>
    public int MostRows { get; init; } = 50_000;
}

/// <summary>For each class a Gaussian copula: columns distributed as in the class, and correlated as a normal vector behind them is.</summary>
/// <remarks>
/// <para>Each column is a step function of a latent normal (<see cref="CopulaMarginal"/>), names as steps of their shares, in their
/// own order or in that in which they go with the other columns (<see cref="CopulaOrder"/>). A number that may be missing has a second
/// latent, which decides whether it is. Correlations are those of the scores E[z | cell], pair by pair over rows that have both, with ties
/// taken out of them (<see cref="CopulaCorrelation"/>).</para>
/// <para>With d latents, a class of n rows takes a part d / (n + d) of its correlations from all classes together, and those of N rows take a part
/// d / (N + d) from none: few rows know shares, but no dependence. A class of one row gives copies of it.</para>
/// </remarks>
/// <param name="device">Measures the correlations and draws the rows.</param>
/// <param name="options">How to fit; null for the defaults.</param>
public sealed class GaussianCopulaGenerator(ComputeDevice device, GaussianCopulaOptions? options = null) : IRowGenerator
{
    // "copu" in ASCII.
    const uint Purpose = 0x636F7075;

    readonly GaussianCopulaOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "copula";

    /// <inheritdoc/>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var columns = rows.Features.Columns;
        int[][] members = ClassRows.Of(rows);
        var latents = CopulaLatent.Of(rows);
        int[][] samples = ClassRows.Of(rows, _options.MostRows, seed);
        var marginals = new CopulaMarginal?[members.Length][];
        for (int k = 0; k < members.Length; k++)
        {
            var of = marginals[k] = new CopulaMarginal?[latents.Length];
            int[] own = members[k];
            RowBlocks.For(device, latents.Length, 1, null, (i, _) => of[i] = latents[i].Marginal(own), cancellation);
            if (_options.OrderNames)
            {
                CopulaOrder.Apply(latents, of, own, samples[k]);
            }

            progress?.Report(0.5 * (k + 1) / members.Length);
        }

        double[][] factors = Factors(latents, marginals, samples, cancellation);
        progress?.Report(1);
        NumberColumn?[] numbers = [.. columns.Select(column => column.IsDiscrete ? null : NumberColumn.Of(column))];
        return new FittedRows(rows, Purpose, device, (in DrawnRow drawn) =>
        {
            double[] shares = Shares(drawn, factors[drawn.Class], latents.Length);
            for (int i = 0; i < latents.Length; i++)
            {
                int c = latents[i].Place;
                ref double cell = ref drawn.Cells[c][drawn.Row];
                if (latents[i].IsGap)
                {
                    cell = marginals[drawn.Class][i] is { } gap && gap.At(shares[i]) > 0 ? double.NaN : cell;
                    continue;
                }

                cell = marginals[drawn.Class][i]?.At(shares[i]) ?? double.NaN;
                cell = double.IsNaN(cell) || numbers[c] is not { } grid ? cell : grid.Fit(cell);
            }
        });
    }

    // Φ of the correlated normals.
    static double[] Shares(in DrawnRow drawn, double[] factor, int size)
    {
        var normals = new double[size];
        for (int i = 0; i < size; i++)
        {
            normals[i] = drawn.Random.Normal(drawn.Number, (uint)i >> 2, (uint)i & 3);
        }

        var shares = new double[size];
        for (int i = 0; i < size; i++)
        {
            shares[i] = Normal.CDF(0, 1, TensorPrimitives.Dot(factor.AsSpan(i * size, i + 1), normals.AsSpan(0, i + 1)));
        }

        return shares;
    }

    double[][] Factors(CopulaLatent[] latents, CopulaMarginal?[][] marginals, int[][] members, CancellationToken cancellation)
    {
        int size = latents.Length;
        double own = _options.PooledRows ?? size;
        double[] pooled = new double[size * size], weights = new double[size * size];
        var correlations = new double[members.Length][];
        for (int k = 0; k < members.Length; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            correlations[k] = Correlations(latents, marginals[k], members[k]);
            for (int i = 0; i < pooled.Length; i++)
            {
                double known = double.IsNaN(correlations[k][i]) ? 0 : members[k].Length;
                weights[i] += known;
                pooled[i] += known > 0 ? known * correlations[k][i] : 0;
            }
        }

        for (int i = 0; i < pooled.Length; i++)
        {
            pooled[i] = weights[i] > 0 ? pooled[i] / (weights[i] + size) : 0;
        }

        return [.. correlations.Select((of, k) => CopulaCorrelation.Factor(
            [.. of.Select((value, i) => double.IsNaN(value) ? pooled[i] : Mixed(value, pooled[i], own / (members[k].Length + own)))], size))];
    }

    static double Mixed(double mine, double all, double share) => mine + share * (all - mine);

    // Of the latents of one class; NaN where one does not vary.
    double[] Correlations(CopulaLatent[] latents, CopulaMarginal?[] marginals, int[] rows)
    {
        int size = latents.Length;
        var correlations = new double[size * size];
        Array.Fill(correlations, double.NaN);
        int[] varying = [.. Enumerable.Range(0, size).Where(i => marginals[i] is { Varies: true })];
        if (rows.Length < 2 || varying.Length == 0)
        {
            return correlations;
        }

        // Scores, which are 0 in gaps, and behind them for each column with gaps where there is none.
        double[][] scores = [.. varying.Select(i => latents[i].Scores(marginals[i]!, rows))];
        int[] gappy = [.. Enumerable.Range(0, varying.Length).Where(i => latents[varying[i]].HasGaps(rows))];
        double[][] present = [.. gappy.Select(i => latents[varying[i]].Present(rows))];
        double[] shares = [.. Enumerable.Repeat(1.0, varying.Length)];
        int wide = varying.Length + gappy.Length;
        using var covariance = device.Allocate<double>(wide * wide);
        Covariance.On(device).Compute([.. scores.Concat(present).Select(column => (ReadOnlyMemory<double>)column)], rows.Length, covariance);
        double[] moments = covariance.ToArray();
        for (int g = 0; g < gappy.Length; g++)
        {
            shares[gappy[g]] = present[g].Average();
        }

        for (int i = 0; i < varying.Length; i++)
        {
            for (int j = 0; j < varying.Length; j++)
            {
                // cov = P(both) σᵢ σⱼ r over all rows, and the variance is P(one) σ².
                double both = Both(i, j), scale = Math.Sqrt(moments[i * wide + i] * moments[j * wide + j] / (shares[i] * shares[j]));
                double r = both > 0 && scale > 0 ? Math.Clamp(moments[i * wide + j] / both / scale, -1, 1) : 0;
                correlations[varying[i] * size + varying[j]] = i == j ? 1
                    : _options.RestoreTies ? CopulaCorrelation.Latent(r, marginals[varying[i]]!.Hermite, marginals[varying[j]]!.Hermite) : r;
            }
        }

        return correlations;

        double Both(int i, int j)
        {
            int a = Array.IndexOf(gappy, i), b = Array.IndexOf(gappy, j);
            double joint = a >= 0 && b >= 0 ? moments[(varying.Length + a) * wide + varying.Length + b] * (rows.Length - 1) / rows.Length : 0;
            return joint + shares[i] * shares[j];
        }
    }
}
