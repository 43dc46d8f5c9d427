using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Scm;

/// <summary>A network whose every number is known: names with conditional probabilities, numbers linear in numbers given names.</summary>
sealed partial class KnownNetwork(IReadOnlyList<KnownNetwork.Node> nodes)
{
    /// <summary>A node.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Levels">Its levels; empty for a number.</param>
    /// <param name="Parents">Places of earlier nodes.</param>
    /// <param name="Rows">
    /// For each configuration of the parents that are names, the last fastest: the levels' probabilities, or intercept, slopes of
    /// the parents that are numbers, and standard deviation.
    /// </param>
    public sealed record Node(string Name, string[] Levels, int[] Parents, double[][] Rows)
    {
        public bool IsDiscrete => Levels.Length > 0;
    }

    /// <summary>The nodes, causes first.</summary>
    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>The graph.</summary>
    public Dag Graph => Dag.FromEdges(
        [.. nodes.Select((node, i) => new Variable(i, node.Name, node.IsDiscrete ? ColumnKind.Categorical : ColumnKind.Numeric))],
        nodes.SelectMany((node, i) => node.Parents.Select(parent => (parent, i))));

    /// <summary>Which row of its table applies to a node.</summary>
    public int Configuration(int node, Func<int, double> cell) => nodes[node].Parents.Where(parent => nodes[parent].IsDiscrete)
        .Aggregate(0, (place, parent) => place * nodes[parent].Levels.Length + (int)cell(parent));

    /// <summary>Draws rows; where a node is set, it holds that value.</summary>
    public Table Draw(int rows, ulong seed, (int Node, double Value)? set = null)
    {
        var random = new Philox(seed);
        var cells = nodes.Select(_ => new double[rows]).ToArray();
        Parallel.For(0, rows, row =>
        {
            for (int i = 0; i < nodes.Count; i++)
            {
                double[] table = nodes[i].Rows[Configuration(i, parent => cells[parent][row])];
                cells[i][row] = set is var (node, value) && node == i ? value
                    : nodes[i].IsDiscrete ? Pick(table, random.Uniform((uint)row, (uint)i))
                    : Mean(i, table, parent => cells[parent][row]) + table[^1] * random.Normal((uint)row, (uint)i);
            }
        });
        return new Table([.. nodes.Select((node, i) => node.IsDiscrete
            ? new Column(node.Name, ColumnKind.Categorical, cells[i], node.Levels)
            : new Column(node.Name, ColumnKind.Numeric, cells[i], null, decimals: 15))]);
    }

    /// <summary>Means of all nodes, of a network of numbers only, with one set.</summary>
    public double[] Means(int set, double value)
    {
        var means = new double[nodes.Count];
        for (int i = 0; i < means.Length; i++)
        {
            means[i] = i == set ? value : Mean(i, nodes[i].Rows[0], parent => means[parent]);
        }

        return means;
    }

    double Mean(int node, double[] table, Func<int, double> cell) =>
        table[0] + nodes[node].Parents.Where(parent => !nodes[parent].IsDiscrete).Select((parent, j) => table[j + 1] * cell(parent)).Sum();

    static double Pick(double[] probabilities, double u)
    {
        int level = 0;
        for (double sum = probabilities[0]; level < probabilities.Length - 1 && sum <= u; sum += probabilities[level])
        {
            level++;
        }

        return level;
    }

    /// <summary>Reads the Bayesian Interchange Format of bnlearn's repository.</summary>
    public static KnownNetwork OfBif(string text)
    {
        var levels = new Dictionary<string, string[]>();
        foreach (Match match in BifVariable().Matches(text))
        {
            levels[match.Groups[1].Value] = Split(match.Groups[2].Value);
        }

        var tables = new Dictionary<string, (string[] Parents, Dictionary<string, double[]> Rows)>();
        foreach (Match match in BifProbability().Matches(text))
        {
            var rows = new Dictionary<string, double[]>();
            foreach (Match row in BifRow().Matches(match.Groups[3].Value))
            {
                double[] numbers = [.. Split(row.Groups[2].Value).Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
                rows[string.Join(",", Split(row.Groups[1].Value.Trim('(', ')')))] = numbers;
            }

            tables[match.Groups[1].Value] = (Split(match.Groups[2].Value), rows);
        }

        return Build([.. levels.Keys], name => tables[name].Parents, name => levels[name], (name, parents) =>
            [.. Configurations(parents.Select(parent => levels[parent]))
                .Select(levelNames => tables[name].Rows[parents.Length == 0 ? "table" : string.Join(",", levelNames)])]);
    }

    /// <summary>Reads bnlearn's networks of numbers, or of numbers and names, as JSON.</summary>
    public static KnownNetwork OfJson(string text)
    {
        var root = JsonDocument.Parse(text).RootElement;
        var cpds = root.GetProperty("cpds");
        string[] names = Texts(root.GetProperty("nodes"));
        string[] Levels(string name) => cpds.GetProperty(name).TryGetProperty("levels", out var levels) ? Texts(levels) : [];
        return Build(names, name => Texts(cpds.GetProperty(name).GetProperty("parents")), Levels, (name, parents) =>
        {
            var cpd = cpds.GetProperty(name);
            string[] named = [.. parents.Where(parent => Levels(parent).Length > 0)];
            if (cpd.TryGetProperty("cpt", out var cpt))
            {
                return [.. Configurations(named.Select(parent => Levels(parent))).Select(levels =>
                {
                    var row = named.Length == 0 ? cpt : cpt.GetProperty(string.Join(",", named.Zip(levels, (parent, level) => $"{parent}={level}")));
                    return Levels(name).Select(level => row.GetProperty(level).GetDouble()).ToArray();
                })];
            }

            // bnlearn counts configurations with the first parent fastest.
            string[][] ordered = [.. Configurations(named.Select(parent => Levels(parent)))];
            string[][] theirs = [.. Configurations(named.AsEnumerable().Reverse().Select(parent => Levels(parent))).Select(levels => levels.AsEnumerable().Reverse().ToArray())];
            var coefficients = cpd.GetProperty("coefficients");
            string[] terms = ["(Intercept)", .. parents.Where(parent => Levels(parent).Length == 0)];
            return [.. ordered.Select(levels =>
            {
                int place = Array.FindIndex(theirs, other => other.SequenceEqual(levels));
                double deviation = cpd.TryGetProperty("variance", out var variance) ? Math.Sqrt(At(variance, place)) : At(cpd.GetProperty("sd"), place);
                return (double[])[.. terms.Select(term => At(coefficients.GetProperty(term), place)), deviation];
            })];
        });
    }

    static KnownNetwork Build(
        string[] names, Func<string, string[]> parentsOf, Func<string, string[]> levelsOf, Func<string, string[], double[][]> rowsOf)
    {
        var order = new List<string>();
        while (order.Count < names.Length)
        {
            order.AddRange(names.Where(name => !order.Contains(name) && parentsOf(name).All(order.Contains)).ToArray());
        }

        return new([.. order.Select(name => new Node(
            name, levelsOf(name), [.. parentsOf(name).Select(parent => order.IndexOf(parent))], rowsOf(name, parentsOf(name))))]);
    }

    static IEnumerable<string[]> Configurations(IEnumerable<string[]> levels) => levels.Aggregate(
        (IEnumerable<string[]>)[[]], (all, own) => all.SelectMany(one => own.Select(level => (string[])[.. one, level])));

    static double At(JsonElement numbers, int place) => numbers.ValueKind switch
    {
        JsonValueKind.Number => numbers.GetDouble(),
        JsonValueKind.Array => numbers[place].GetDouble(),
        _ => numbers.GetProperty(place.ToString(CultureInfo.InvariantCulture)).GetDouble(),
    };

    static string[] Texts(JsonElement texts) =>
        texts.ValueKind == JsonValueKind.String ? [texts.GetString()!] : [.. texts.EnumerateArray().Select(text => text.GetString()!)];

    static string[] Split(string list) => list.Split([',', ' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"variable\s+(\S+)\s*\{\s*type\s+discrete\s*\[\s*\d+\s*\]\s*\{([^}]*)\}")]
    private static partial Regex BifVariable();

    [GeneratedRegex(@"probability\s*\(\s*([^\s|)]+)\s*(?:\|([^)]*))?\)\s*\{([^}]*)\}")]
    private static partial Regex BifProbability();

    [GeneratedRegex(@"(table|\([^)]*\))\s*([^;]+);")]
    private static partial Regex BifRow();
}
