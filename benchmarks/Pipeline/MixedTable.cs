using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Benchmarks.Pipeline;

/// <summary>Twelve columns of a shop's customers, numbers, a count and names, with the graph that made them.</summary>
/// <remarks>
/// The equations are those of the table that DoWhy's causal models were timed on. With steps, three of its numbers jump where
/// their causes pass thresholds: there boosted trees are chosen.
/// </remarks>
static class MixedTable
{
    /// <summary>The graph.</summary>
    public static Dag Graph => Dag.Parse(
        "region --> income, age --> income, edu --> income, age --> health, smoker --> health, edu --> smoker, income --> spend, " +
        "region --> channel, age --> channel, spend --> visits, channel --> visits, visits --> revenue, spend --> revenue, " +
        "channel --> revenue, health --> claims, age --> claims, revenue --> churn, claims --> churn, channel --> churn");

    /// <summary>Draws rows.</summary>
    public static Table Draw(int rows, bool steps, ulong seed = 1)
    {
        var random = new Philox(seed);
        double Uniform(int row, uint stream) => random.Uniform((uint)row, stream) + 1e-8;
        double Normal(int row, uint stream) => random.Normal((uint)row, stream);
        double Step(double x, double width, double height) => steps ? Math.Floor(x / width) % 2 * height : 0;

        var c = Enumerable.Range(0, 12).Select(_ => new double[rows]).ToArray();
        Parallel.For(0, rows, r =>
        {
            double region = Pick(Uniform(r, 0), 0.3, 0.6, 0.85), age = Math.Clamp(42 + 13 * Normal(r, 1), 18, 90), edu = 13 + 2.5 * Normal(r, 2);
            double income = 20 + 1.9 * edu + 0.25 * age - 0.006 * (age - 50) * (age - 50) + (4 - 3 * region) + 5 * Normal(r, 3)
                + Step(age, 9, 20) + Step(edu, 1.7, 15);
            double smoker = Uniform(r, 4) < Logistic(1.2 - 0.16 * edu) ? 1 : 0;
            double health = 90 - 0.35 * age - 8 * smoker + 3 * Math.Sin(age / 8) + 4 * Normal(r, 5) + Step(age, 11, 15);
            double spend = 6 * Math.Log(1 + Math.Exp((income - 45) / 8)) - 2.4 * Math.Log(Uniform(r, 6)) + Step(income, 8, 12);
            double web = Logistic(0.05 * (age - 42) + (region == 0 ? 0.6 : region == 2 ? -0.4 : 0));
            double channel = Pick(Uniform(r, 7), 0.25, 0.25 + 0.75 * web);
            double mean = Math.Clamp(1 + 0.25 * spend + (channel == 1 ? 2 : 0), 0.1, 60), visits = Math.Max(0, Math.Round(mean + Math.Sqrt(mean) * Normal(r, 8)));
            double revenue = 2.2 * spend + 1.4 * visits + (channel == 2 ? 3 * Math.Sqrt(spend + 1) : 0) + 3 * Normal(r, 9);
            double claims = Math.Exp(0.02 * age - 0.015 * health) - 0.6 * Math.Log(Uniform(r, 10));
            double churn = Uniform(r, 11) < Logistic(0.6 * claims - 0.06 * revenue + (channel == 0 ? 0.5 : 0)) ? 1 : Uniform(r, 12) < 0.1 ? 2 : 0;
            double[] row = [region, age, edu, income, smoker, health, spend, channel, visits, revenue, claims, churn];
            for (int i = 0; i < row.Length; i++)
            {
                c[i][r] = i is 0 or 4 or 7 or 8 or 11 ? row[i] : Math.Round(row[i], 6);
            }
        });
        return new Table([
            Names("region", c[0], "north", "south", "east", "west"), Number("age", c[1]), Number("edu", c[2]), Number("income", c[3]),
            new Column("smoker", ColumnKind.Boolean, c[4], ["no", "yes"]), Number("health", c[5]), Number("spend", c[6]),
            Names("channel", c[7], "partner", "store", "web"), new Column("visits", ColumnKind.Integer, c[8]), Number("revenue", c[9]),
            Number("claims", c[10]), Names("churn", c[11], "active", "churned", "paused")]);
    }

    static Column Number(string name, double[] values) => new(name, ColumnKind.Numeric, values, null, decimals: 6);

    static Column Names(string name, double[] codes, params string[] levels) => new(name, ColumnKind.Categorical, codes, levels);

    static double Pick(double u, params double[] cumulated) => cumulated.Count(share => u >= share);

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
