using CausalMixFT.Kernels.Diffusion;

namespace CausalMixFT.Kernels.Tests.Diffusion;

/// <summary>The diffusion of one categorical column by its definition, every path enumerated, in double precision.</summary>
sealed class LevelDefinition(DiffusionSchedule schedule, int levels)
{
    /// <summary>q(x_t = to | x_{t−1} = from).</summary>
    public double Step(int t, int from, int to) => schedule.Alpha(t) * (from == to ? 1 : 0) + (1 - schedule.Alpha(t)) / levels;

    /// <summary>q(x_t = to | x₀ = from): the sum over all levels in between, step after step.</summary>
    public double Reach(int t, int from, int to)
    {
        double[] p = [.. Enumerable.Range(0, levels).Select(k => k == from ? 1.0 : 0)];
        for (int s = 0; s <= t; s++)
        {
            p = [.. Enumerable.Range(0, levels).Select(k => Enumerable.Range(0, levels).Sum(j => p[j] * Step(s, j, k)))];
        }

        return p[to];
    }

    /// <summary>p(x_{t−1} | x_t = now) where x₀ has the distribution <paramref name="start"/>.</summary>
    public double[] Posterior(int t, double[] start, int now)
    {
        double[] joint = [.. Enumerable.Range(0, levels).Select(k =>
            Enumerable.Range(0, levels).Sum(x0 => start[x0] * Reach(t - 1, x0, k)) * Step(t, k, now))];
        return [.. joint.Select(p => p / joint.Sum())];
    }

    /// <summary>The divergence of the posterior of a known x₀ from that of softmax(logits).</summary>
    public double Loss(int t, double[] logits, int x0, int now)
    {
        double[] exponentials = [.. logits.Select(z => Math.Exp(z - logits.Max()))];
        double[] truth = Posterior(t, [.. Enumerable.Range(0, levels).Select(k => k == x0 ? 1.0 : 0)], now);
        double[] model = Posterior(t, [.. exponentials.Select(e => e / exponentials.Sum())], now);
        return truth.Zip(model, (q, p) => q == 0 ? 0 : q * Math.Log(q / p)).Sum();
    }
}
