using System.Runtime.CompilerServices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The statistic of one question, added up stratum by stratum.</summary>
/// <remarks>
/// G² comes from <see cref="EntropyTable"/>, unless so little is left of the sum that its entries' rounding could show;
/// then the caller adds the strata again by definition: G² = 2 Σ e φ((o − e)/e), φ(δ) = (1 + δ) ln(1 + δ) − δ, whose
/// terms are positive and cancel nothing.
/// </remarks>
struct StratumSum
{
    // The entries' rounding may reach this share of G².
    const double LargestError = 1e-10;

    readonly EntropyTable _entropy;
    readonly ContingencyStatistic _statistic;
    readonly bool _byDefinition;
    long _fixed, _entries;
    double _sum;
    int _degrees;

    public StratumSum(EntropyTable entropy, ContingencyStatistic statistic, bool byDefinition)
    {
        _entropy = entropy;
        _statistic = statistic;
        _byDefinition = byDefinition;
    }

    /// <summary>Adds one stratum: y rows of x counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a short search ends before tiering would notice
    public void Add(ReadOnlySpan<int> counts, int x, int y, int total)
    {
        Span<int> sumsX = stackalloc int[x], sumsY = stackalloc int[y];
        sumsX.Clear();
        var entries = _entropy.Entries;
        long cells = entries[total];
        int seenX = 0, seenY = 0;
        for (int j = 0; j < y; j++)
        {
            int row = 0;
            for (int i = 0; i < x; i++)
            {
                int count = counts[j * x + i];
                cells += entries[count];
                sumsX[i] += count;
                row += count;
            }

            sumsY[j] = row;
            cells -= entries[row];
            seenY += row > 0 ? 1 : 0;
        }

        for (int i = 0; i < x; i++)
        {
            cells -= entries[sumsX[i]];
            seenX += sumsX[i] > 0 ? 1 : 0;
        }

        int own = (seenX - 1) * (seenY - 1);
        if (own == 0)
        {
            return; // one row or one column: 0 exactly
        }

        _degrees += own;
        if (_statistic == ContingencyStatistic.LikelihoodRatio && !_byDefinition)
        {
            _fixed += cells;
            _entries += x * y + x + y + 1;
            return;
        }

        for (int j = 0; j < y; j++)
        {
            for (int i = 0; i < x; i++)
            {
                double margins = (double)sumsX[i] * sumsY[j];
                if (margins > 0)
                {
                    _sum += Term(counts[j * x + i], margins, total);
                }
            }
        }
    }

    /// <summary>Adds one stratum, of which only cells that hold rows are listed, as rows of (x, y) sorted by y and then x.</summary>
    public void AddSparse(ReadOnlySpan<int> rows, ReadOnlySpan<byte> columnX, ReadOnlySpan<byte> columnY, Span<int> sumsX)
    {
        int seenX = 0, seenY = 0, total = rows.Length;
        foreach (int row in rows)
        {
            seenX += sumsX[columnX[row]]++ == 0 ? 1 : 0;
        }

        // Cells without rows add e each: what the others leave of N.
        double sum = 0, empty = total;
        for (int start = 0; start < total; seenY++)
        {
            int end = start;
            while (end < total && columnY[rows[end]] == columnY[rows[start]])
            {
                end++;
            }

            for (int first = start; first < end;)
            {
                int next = first;
                while (next < end && columnX[rows[next]] == columnX[rows[first]])
                {
                    next++;
                }

                double margins = (double)sumsX[columnX[rows[first]]] * (end - start);
                sum += Term(next - first, margins, total);
                empty -= margins / total;
                first = next;
            }

            start = end;
        }

        foreach (int row in rows)
        {
            sumsX[columnX[row]] = 0;
        }

        int own = (seenX - 1) * (seenY - 1);
        if (own > 0)
        {
            _degrees += own;
            _sum += sum + Math.Max(empty, 0) * (_statistic == ContingencyStatistic.Pearson ? 1 : 2);
        }
    }

    /// <summary>Whether rounding could show, so that the strata have to be added by definition.</summary>
    public readonly bool IsUncertain =>
        _entries > 0 && _entries / _entropy.Scale > LargestError * (2 * _fixed / _entropy.Scale);

    public readonly ContingencyResult Result => new(_entries > 0 ? 2 * (_fixed / _entropy.Scale) : _sum, _degrees);

    readonly double Term(int count, double margins, int total)
    {
        // (o − e)/e from whole numbers, which are exact.
        double expected = margins / total, excess = ((double)count * total - margins) / margins;
        return _statistic == ContingencyStatistic.Pearson ? expected * excess * excess : 2 * expected * Phi(excess);
    }

    static double Phi(double delta)
    {
        if (delta == -1)
        {
            return 1;
        }

        if (Math.Abs(delta) > 0.05)
        {
            return (1 + delta) * Math.Log(1 + delta) - delta;
        }

        // δ²/2 − δ³/6 + δ⁴/12 − … ± δᵏ/(k(k − 1)): 0.05¹³ is below a double's last bit.
        double sum = 0;
        for (int k = 14; k >= 2; k--)
        {
            sum = 1.0 / (k * (k - 1)) - sum * delta;
        }

        return sum * delta * delta;
    }
}
