using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>How a contingency table is compared with independence; both follow χ².</summary>
public enum ContingencyStatistic
{
    /// <summary>G² = 2 Σ o ln(o / e).</summary>
    LikelihoodRatio,

    /// <summary>Pearson's χ² = Σ (o − e)² / e.</summary>
    Pearson,
}

/// <summary>A statistic of a contingency table and its degrees of freedom.</summary>
public readonly record struct ContingencyResult(double Statistic, int DegreesOfFreedom);

/// <summary>G² or χ² of x by y, summed over the strata of S, for a batch of questions about discrete columns.</summary>
/// <remarks>
/// In each stratum e = row sum · column sum / stratum sum. Degrees of freedom count only what the stratum shows:
/// Σ (rows seen − 1)(columns seen − 1), so that empty rows, columns and strata add none. A row that lacks a value of x, y
/// or S is passed over by this question, and only by it. Exchanging x and y or the order of S changes no bit.
/// </remarks>
public abstract partial class GSquared
{
    // The questions with x < y and S ascending.
    int[] _canonical = [];

    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static GSquared On(ComputeDevice device) => device.Choose<GSquared>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the statistic and degrees of freedom of each question.</summary>
    /// <param name="columns">The columns asked about.</param>
    /// <param name="queries">The questions.</param>
    /// <param name="statistic">Which statistic.</param>
    /// <param name="results">One result per question.</param>
    public void Compute(
        DiscreteColumns columns, QueryBatch queries, ContingencyStatistic statistic, Span<ContingencyResult> results)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(queries);
        if (results.Length < queries.Count)
        {
            throw new ArgumentException($"{queries.Count} results do not fit in {results.Length}.");
        }

        if (queries.Count == 0)
        {
            return;
        }

        int size = queries.Depth + 2;
        if (_canonical.Length < queries.Count * size)
        {
            _canonical = new int[Math.Max(queries.Count * size, 2 * _canonical.Length)];
        }

        queries.Indices.CopyTo(_canonical);
        for (int start = 0; start < queries.Count * size; start += size)
        {
            _canonical.AsSpan(start, 2).Sort();
            _canonical.AsSpan(start + 2, queries.Depth).Sort();
        }

        ComputeAll(columns, _canonical.AsMemory(0, queries.Count * size), queries.Depth, statistic, results);
    }

    private protected abstract void ComputeAll(
        DiscreteColumns columns, ReadOnlyMemory<int> queries, int depth, ContingencyStatistic statistic,
        Span<ContingencyResult> results);

    /// <summary>Cells of the full table of a question.</summary>
    static double Cells(int[] levels, ReadOnlySpan<int> query)
    {
        double cells = 1;
        foreach (int variable in query)
        {
            cells *= levels[variable];
        }

        return cells;
    }

    /// <summary>The statistic of a table that is laid out: strata of y rows of x counts.</summary>
    static ContingencyResult Sum(
        ReadOnlySpan<int> counts, int x, int y, EntropyTable entropy, ContingencyStatistic statistic)
    {
        var quick = AddStrata(new(entropy, statistic, byDefinition: false), counts, x, y);
        return quick.IsUncertain ? AddStrata(new(entropy, statistic, byDefinition: true), counts, x, y).Result : quick.Result;
    }

    static StratumSum AddStrata(StratumSum sum, ReadOnlySpan<int> counts, int x, int y)
    {
        for (int start = 0; start < counts.Length; start += x * y)
        {
            var stratum = counts.Slice(start, x * y);
            int total = TensorPrimitives.Sum(stratum);
            if (total > 0)
            {
                sum.Add(stratum, x, y, total);
            }
        }

        return sum;
    }
}
