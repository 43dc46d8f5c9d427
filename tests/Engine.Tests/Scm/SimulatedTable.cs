using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Scm;

/// <summary>Columns, draws and short-hands of the facts on structural causal models.</summary>
static class SimulatedTable
{
    public const int Full = 15;

    public static Column Numeric(string name, double[] values, int decimals = Full) =>
        new(name, ColumnKind.Numeric, values, null, decimals);

    public static Column Integer(string name, double[] values) => new(name, ColumnKind.Integer, values);

    public static Column Categorical(string name, double[] codes, int levels) =>
        new(name, ColumnKind.Categorical, codes, [.. Enumerable.Range(0, levels).Select(level => $"L{level}")]);

    public static double[] Normals(int rows, uint stream, ulong seed = 1)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, rows).Select(row => (double)random.Normal((uint)row, stream))];
    }

    public static double[] Uniforms(int rows, uint stream, ulong seed = 1)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, rows).Select(row => (double)random.Uniform((uint)row, stream))];
    }

    public static double[] Map(double[] a, Func<double, double> f) => [.. a.Select(f)];

    public static double[] Map(double[] a, double[] b, Func<double, double, double> f) => [.. a.Zip(b, f)];

    public static StructuralCausalModel Fit(string graph, params Column[] columns) =>
        Fit(graph, new ScmOptions(), 2, columns);

    public static StructuralCausalModel Fit(string graph, ScmOptions options, int threads, params Column[] columns)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        return StructuralCausalModel.Fit(new Table(columns), Dag.Parse(graph), options, device);
    }

    public static Table Sample(this StructuralCausalModel scm, int rows, ulong seed = 5, int threads = 2, long firstRow = 0)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
        return AncestralSampler.Sample(scm, rows, seed, device, firstRow);
    }

    public static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Average(v => (v - mean) * (v - mean));
    }

    public static double[][] Cells(this Table table) => [.. table.Columns.Select(column => column.Values.ToArray())];

    /// <summary>Kolmogorov and Smirnov's distance between two samples.</summary>
    public static double Distance(double[] a, double[] b)
    {
        double[] x = [.. a.Where(double.IsFinite).Order()], y = [.. b.Where(double.IsFinite).Order()];
        double largest = 0;
        int i = 0, j = 0;
        foreach (double value in x.Concat(y).Distinct().Order())
        {
            while (i < x.Length && x[i] <= value)
            {
                i++;
            }

            while (j < y.Length && y[j] <= value)
            {
                j++;
            }

            largest = Math.Max(largest, Math.Abs((double)i / x.Length - (double)j / y.Length));
        }

        return largest;
    }

    /// <summary>
    /// The value of a one-output predictor at the parents' features; lookups take the feature as a code.
    /// </summary>
    public static double At(this Predictor predictor, params double[] parents) =>
        predictor.Intercepts[0] + predictor.Terms.Sum(term => term.Basis switch
        {
            Kernels.Sampling.Basis.Identity => term.Weights[0] * parents[term.Parent],
            Kernels.Sampling.Basis.Hinge => term.Weights[0] * Math.Max(0, parents[term.Parent] - term.Knot),
            Kernels.Sampling.Basis.Product => term.Weights[0] * parents[term.Parent] * parents[term.Second],
            Kernels.Sampling.Basis.Lookup => term.Weights[(int)parents[term.Parent]],
            _ => throw new InvalidOperationException(),
        });
}
