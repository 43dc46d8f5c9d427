using System.Collections.Concurrent;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using MathNet.Numerics.Distributions;

namespace CausalMixFT.Engine.Tests.Scm;

/// <summary>Models refitted to networks of which every number is known, given the true graph.</summary>
/// <remarks>
/// Two small networks are written down here. Those of bnlearn's repository lie outside: ./dev conformance names their folder in
/// CAUSALMIXFT_NETWORKS.
/// </remarks>
public class KnownNetworkFacts(ITestOutputHelper output)
{
    const int FitRows = 20_000, Drawn = 20_000, TrueRows = 200_000;

    // A right program fails a network's check by chance once in a thousand.
    const double FalseAlarms = 1e-3;

    const string Sprinkler = """
        variable season { type discrete [ 3 ] { dry, wet, cold }; }
        variable sprinkler { type discrete [ 2 ] { off, on }; }
        variable rain { type discrete [ 2 ] { no, yes }; }
        variable lawn { type discrete [ 3 ] { dry, damp, soaked }; }
        variable road { type discrete [ 2 ] { dry, slippery }; }
        probability ( season ) { table 0.5, 0.3, 0.2; }
        probability ( sprinkler | season ) { (dry) 0.3, 0.7; (wet) 0.9, 0.1; (cold) 0.99, 0.01; }
        probability ( rain | season ) { (dry) 0.95, 0.05; (wet) 0.4, 0.6; (cold) 0.7, 0.3; }
        probability ( lawn | sprinkler, rain ) { (off, no) 0.95, 0.04, 0.01; (off, yes) 0.1, 0.4, 0.5; (on, no) 0.05, 0.55, 0.4; (on, yes) 0.01, 0.09, 0.9; }
        probability ( road | rain ) { (no) 0.98, 0.02; (yes) 0.3, 0.7; }
        """;

    const string Dose = """
        { "nodes": ["dose", "weight", "sex", "level", "effect"],
          "cpds": {
            "sex": { "parents": [], "levels": ["f", "m"], "cpt": { "f": 0.55, "m": 0.45 } },
            "weight": { "parents": "sex", "coefficients": { "(Intercept)": { "0": 65, "1": 80 } }, "sd": { "0": 9, "1": 12 } },
            "dose": { "parents": "weight", "coefficients": { "(Intercept)": 10, "weight": 0.5 }, "variance": 25 },
            "level": { "parents": ["dose", "weight"], "coefficients": { "(Intercept)": 5, "dose": 1.2, "weight": -0.4 }, "variance": 16 },
            "effect": { "parents": ["sex", "level"], "coefficients": { "(Intercept)": { "0": 0, "1": 10 }, "level": { "0": 1.5, "1": 0.5 } }, "sd": { "0": 4, "1": 8 } } } }
        """;

    // Each is fitted once for all facts.
    static readonly ConcurrentDictionary<string, Lazy<(KnownNetwork, StructuralCausalModel, Table)>> Models = new();

    static readonly string? Folder = Environment.GetEnvironmentVariable("CAUSALMIXFT_NETWORKS");

    public static TheoryData<string> Networks =>
        Folder is null ? ["sprinkler", "dose"] : ["sprinkler", "dose", "asia", "child", "alarm", "ecoli70", "healthcare"];

    public static TheoryData<string> WithNames => Folder is null ? ["sprinkler"] : ["sprinkler", "asia", "child", "alarm", "healthcare"];

    public static TheoryData<string> WithLines => Folder is null ? ["dose"] : ["dose", "ecoli70", "healthcare"];

    [Theory, MemberData(nameof(WithNames))]
    public void Refitted_probabilities_are_within_sampling_error(string name)
    {
        var (network, scm, train) = Fitted(name);
        int checks = 0, beyond = 0;
        double worst = 0;
        string where = "";
        var questions = network.Nodes.Select((node, i) => (Node: node, Index: i)).Where(node => node.Node.IsDiscrete)
            .SelectMany(node => node.Node.Rows.Select((probabilities, row) => (node.Node, node.Index, Row: row, Probabilities: probabilities)))
            .ToArray();
        foreach (var (node, index, row, probabilities) in questions)
        {
            int[] rows = [.. Enumerable.Range(0, train.Rows).Where(r => network.Configuration(index, parent => train.Columns[parent].Values[r]) == row)];
            if (rows.Length < 200 || node.Parents.Length == 0)
            {
                continue;
            }

            var equation = new Equation(scm, index);
            double[] given = [.. scm.Nodes[index].Parents.Select(parent => train.Columns[parent].Values[rows[0]])];
            double[] fitted = scm.Nodes[index].Mechanism is CategoricalMechanism mechanism
                ? Spread(equation.Probabilities(mechanism, given), (ValueList)scm.Nodes[index].Support, node.Levels.Length)
                : Spread([.. ((EmpiricalDistribution)scm.Nodes[index].Mechanism).Counts.Select(c => c / (double)FitRows)], (ValueList)scm.Nodes[index].Support, node.Levels.Length);
            var (statistic, freedom) = ChiSquared(fitted, probabilities, rows.Length);
            if (freedom == 0)
            {
                continue;
            }

            double critical = MathNet.Numerics.Distributions.ChiSquared.InvCDF(freedom, 1 - FalseAlarms / questions.Length);
            checks++;
            beyond += statistic > critical ? 1 : 0;
            if (statistic / critical > worst)
            {
                (worst, where) = (statistic / critical, $"{node.Name} at row {row}, {rows.Length} rows, {scm.Nodes[index].Fit.Basis}: {string.Join(" ", fitted.Select(p => p.ToString("F3")))} for {string.Join(" ", probabilities)}");
            }
        }

        output.WriteLine($"{name}: {checks} configurations, {beyond} beyond; worst χ² / critical {worst:F2}: {where}");
        Assert.InRange(checks, 6, int.MaxValue);
        Assert.Equal(0, beyond);
    }

    [Theory, MemberData(nameof(WithLines))]
    public void Refitted_slopes_are_within_their_standard_errors(string name)
    {
        var (network, scm, train) = Fitted(name);
        double worst = 0;
        int checks = 0;
        string where = "";
        for (int i = 0; i < network.Nodes.Count; i++)
        {
            var node = network.Nodes[i];
            if (node.IsDiscrete || node.Parents.Length == 0 || node.Parents.Any(parent => network.Nodes[parent].IsDiscrete)
                || scm.Nodes[i].Mechanism is not AdditiveNoiseModel { Predictor: { Trees: null } predictor } || !scm.Nodes[i].Fit.Basis.StartsWith("linear", StringComparison.Ordinal))
            {
                continue;
            }

            // Ordinary least squares: σ² (XᵀX)⁻¹. A cause that is seen as ranks too has two terms, and no slope of its own.
            int[] parents = [.. scm.Nodes[i].Parents];
            double[][] x = [.. parents.Select(parent => train.Columns[parent].Values.ToArray())];
            var design = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(FitRows, parents.Length + 1, (row, column) => column == 0 ? 1 : x[column - 1][row]);
            var inverse = design.TransposeThisAndMultiply(design).Inverse();
            double spread = Math.Sqrt(SimulatedTable.Variance(train.Columns[i].Values.ToArray())), deviation = node.Rows[0][^1];
            for (int j = 0; j < parents.Length; j++)
            {
                var terms = predictor.Terms.Where(term => term.Parent == j).ToArray();
                if (terms.Length != 1)
                {
                    continue;
                }

                double slope = terms[0].Weights[0] * spread / Math.Sqrt(SimulatedTable.Variance(x[j]));
                double off = Math.Abs(slope - node.Rows[0][1 + Array.IndexOf(node.Parents, parents[j])]) / (deviation * Math.Sqrt(inverse[j + 1, j + 1]));
                checks++;
                (worst, where) = off > worst ? (off, $"{network.Nodes[parents[j]].Name} --> {node.Name}") : (worst, where);
            }
        }

        Assert.InRange(checks, 1, int.MaxValue);
        double critical = Normal.InvCDF(0, 1, 1 - FalseAlarms / checks / 2);
        output.WriteLine($"{name}: {checks} slopes, the farthest {worst:F2} standard errors off ({where}); {critical:F2} are allowed");
        Assert.InRange(worst, 0, critical);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Sampled_marginals_and_pairs_are_within_sampling_error(string name)
    {
        var (network, scm, _) = Fitted(name);
        CheckTables(name, network.Draw(TrueRows, 99), scm.Sample(Drawn));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Interventional_means_are_those_of_the_network(string name)
    {
        var (network, scm, train) = Fitted(name);
        int[] causes = [.. Enumerable.Range(0, network.Nodes.Count).OrderByDescending(i => network.Nodes.Count(node => node.Parents.Contains(i))).ThenBy(i => i).Take(3)];
        double worst = 0;
        int checks = 0;
        string where = "";
        foreach (int cause in causes)
        {
            double value = network.Nodes[cause].IsDiscrete ? network.Nodes[cause].Levels.Length - 1 : train.Columns[cause].Values.ToArray().Order().ElementAt(3 * FitRows / 4);
            var expected = network.Draw(TrueRows, 98, (cause, value));
            var found = new Intervention(cause, value).On(scm).Sample(Drawn);
            double[]? exact = network.Nodes.Any(node => node.IsDiscrete) ? null : network.Means(cause, value);
            for (int i = 0; i < network.Nodes.Count; i++)
            {
                double[] truth = expected.Columns[i].Values.ToArray();
                double deviation = Math.Sqrt(SimulatedTable.Variance(truth)), mean = exact?[i] ?? truth.Average();
                if (deviation < 1e-9)
                {
                    continue;
                }

                // The fit to 20,000 rows errs about as much as 20,000 rows of the model do, and as 200,000 of the network.
                double error = deviation * Math.Sqrt(2.0 / FitRows + 2.0 / Drawn + (exact is null ? 1.0 / TrueRows : 0));
                double off = Math.Abs(found.Columns[i].Values.ToArray().Average() - mean) / error;
                (worst, where) = off > worst ? (off, $"{network.Nodes[i].Name} under do({network.Nodes[cause].Name} = {value:F2})") : (worst, where);
                checks++;
            }
        }

        double critical = Normal.InvCDF(0, 1, 1 - FalseAlarms / checks / 2);
        output.WriteLine($"{name}: {checks} interventional means, the farthest {worst:F2} standard errors off ({where}); {critical:F2} are allowed");
        Assert.InRange(worst, 0, critical);
    }

    void CheckTables(string name, Table truth, Table sampled)
    {
        int columns = truth.Columns.Count, tables = columns * (columns + 1) / 2, checks = 0;
        var edges = truth.Columns.Select(column => column.IsDiscrete ? null : Quintiles(column)).ToArray();
        var real = truth.Columns.Select((column, i) => Codes(column, edges[i])).ToArray();
        var drawn = sampled.Columns.Select((column, i) => Codes(column, edges[i])).ToArray();

        // Estimated on some rows and drawn again: both err, and so do the rows of the truth.
        double effective = 1 / (1.0 / FitRows + 1.0 / Drawn + 1.0 / TrueRows), worst = 0;
        string where = "";
        for (int a = 0; a < columns; a++)
        {
            for (int b = a; b < columns; b++)
            {
                var (statistic, freedom) = ChiSquared(Joint(drawn[a], drawn[b]), Joint(real[a], real[b]), effective);
                if (freedom == 0)
                {
                    continue;
                }

                checks++;
                double ratio = statistic / MathNet.Numerics.Distributions.ChiSquared.InvCDF(freedom, 1 - FalseAlarms / tables);
                (worst, where) = ratio > worst ? (ratio, $"{truth.Columns[a].Name}, {truth.Columns[b].Name}") : (worst, where);
            }
        }

        output.WriteLine($"{name}: {checks} tables of one column and two, worst χ² / critical {worst:F2} ({where})");
        Assert.InRange(worst, 0, 1);

        double[] Joint(int[] x, int[] y)
        {
            const int Most = 16;
            var shares = new double[Most * Most];
            for (int row = 0; row < x.Length; row++)
            {
                shares[x[row] * Most + y[row]] += 1.0 / x.Length;
            }

            return shares;
        }
    }

    static double[] Quintiles(Column column)
    {
        double[] sorted = [.. column.Values.ToArray().Order()];
        return [.. Enumerable.Range(1, 4).Select(q => sorted[q * sorted.Length / 5]).Distinct()];
    }

    static int[] Codes(Column column, double[]? edges) =>
        [.. column.Values.ToArray().Select(value => edges is null ? (int)value : edges.Count(edge => value > edge))];

    // χ² of shares against true ones, cells of fewer than five expected rows taken together.
    static (double Statistic, int Freedom) ChiSquared(double[] found, double[] truth, double rows)
    {
        double statistic = 0, restFound = 0, restTruth = 0;
        int cells = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            if (truth[i] * rows < 5)
            {
                restFound += found[i];
                restTruth += truth[i];
                continue;
            }

            statistic += rows * (found[i] - truth[i]) * (found[i] - truth[i]) / truth[i];
            cells++;
        }

        if (restTruth * rows >= 5)
        {
            statistic += rows * (restFound - restTruth) * (restFound - restTruth) / restTruth;
            cells++;
        }

        return (statistic, Math.Max(cells - 1, 0));
    }

    static double[] Spread(double[] probabilities, ValueList support, int levels)
    {
        var all = new double[levels];
        for (int i = 0; i < probabilities.Length; i++)
        {
            all[(int)support.Values[i]] = probabilities[i];
        }

        return all;
    }

    static (KnownNetwork Network, StructuralCausalModel Scm, Table Train) Fitted(string name) =>
        Models.GetOrAdd(name, key => new(() => Fit(key))).Value;

    static (KnownNetwork Network, StructuralCausalModel Scm, Table Train) Fit(string name)
    {
        var network = name switch
        {
            "sprinkler" => KnownNetwork.OfBif(Sprinkler),
            "dose" => KnownNetwork.OfJson(Dose),
            "ecoli70" or "healthcare" => KnownNetwork.OfJson(File.ReadAllText(Path.Combine(Folder!, "networks", $"{name}.json"))),
            _ => KnownNetwork.OfBif(File.ReadAllText(Path.Combine(Folder!, "networks", $"{name}.bif"))),
        };
        var train = network.Draw(FitRows, 1);
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        return (network, StructuralCausalModel.Fit(train, network.Graph, new ScmOptions(), device), train);
    }
}
