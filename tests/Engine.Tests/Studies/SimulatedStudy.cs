using CausalMixFT.Engine.Studies;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>Studies whose truth is known: the score of a row is its class's place, d apart, and normal noise.</summary>
static class SimulatedStudy
{
    /// <summary>How an arm differs from the un-tuned model: by how much further apart it pulls the classes.</summary>
    /// <param name="Name">The arm.</param>
    /// <param name="Gain">Mean over tables.</param>
    /// <param name="PerHalving">More of it with each halving of the rarest class's share below a half.</param>
    public sealed record Arm(string Name, double Gain, double PerHalving = 0);

    /// <summary>A study of binary tables.</summary>
    public static IReadOnlyList<StudyResult> Of(
        IReadOnlyList<Arm> arms, int tables, IReadOnlyList<double> shares, IReadOnlyList<int> rows, int splits, ulong seed, int testRows = 200)
    {
        var results = new List<StudyResult>();
        var random = new Philox(seed);
        for (int table = 0; table < tables; table++)
        {
            double easy = 1.2 + 0.4 * random.Normal((uint)table, 1);
            foreach (int n in rows)
            {
                foreach (double share in shares)
                {
                    for (int split = 0; split < splits; split++)
                    {
                        for (int arm = -1; arm < arms.Count; arm++)
                        {
                            // What an arm adds differs from table to table, alike for all of the table's cells.
                            double added = arm < 0 ? 0 : arms[arm].Gain + arms[arm].PerHalving * Math.Log2(0.5 / share)
                                + 0.05 * random.Normal((uint)table, 2 + (uint)arm);
                            ulong own = Unique(seed, table, n, share, split, arm);
                            results.Add(Unit(
                                $"table {table:00}", n, share, split, arm < 0 ? "un-tuned" : arms[arm].Name, share, easy + added, own, testRows) with
                            {
                                Seconds = new Dictionary<string, double> { ["tune"] = arm < 0 ? 0 : 2 + arm, ["predict"] = 1 },
                                PeakBytes = 1 << 28,
                                Checkpoints = arm < 0 ? [] : Checkpoints(own, arm),
                                Quality = arm < 1 ? new Dictionary<string, double>() : new Dictionary<string, double>
                                {
                                    ["shapes"] = 0.9 + 0.02 * arm + 0.005 * random.Normal((uint)table, 90 + (uint)arm),
                                    ["told apart"] = 0.8 - 0.05 * arm,
                                },
                            });
                        }
                    }
                }
            }
        }

        return results;
    }

    /// <summary>One unit: 60 validation rows and so many test rows, a quarter of them of the rarer class, scored d apart.</summary>
    public static StudyResult Unit(
        string table, int rows, double? share, int split, string arm, double rarest, double separation, ulong seed, int testRows = 200)
    {
        var random = new Philox(seed);
        int rare = Math.Max(1, (int)Math.Round(rarest * rows));
        var (validation, validationLabels) = Draw(60, 1);
        var (test, testLabels) = Draw(testRows, 2);
        return new()
        {
            Unit = new(table, rows, share, split, arm),
            ClassNames = ["no", "yes"],
            TrainCounts = [rows - rare, rare],
            ValidationLabels = validationLabels,
            ValidationProbabilities = validation,
            TestLabels = testLabels,
            TestProbabilities = test,
        };

        (float[], int[]) Draw(int count, uint stream)
        {
            int[] labels = [.. Enumerable.Range(0, count).Select(row => row % 4 == 0 ? 1 : 0)];
            return ([.. labels.SelectMany((label, row) =>
            {
                // log odds of two normal densities d apart, and of the training prior.
                double x = separation * label + random.Normal((uint)row, stream);
                double logit = Math.Log(rarest / (1 - rarest)) + separation * x - separation * separation / 2;
                float p = (float)(1 / (1 + Math.Exp(-logit)));
                return (float[])[1 - p, p];
            })], labels);
        }
    }

    static StudyCheckpoint[] Checkpoints(ulong seed, int arm)
    {
        var random = new Philox(seed);
        return [.. Enumerable.Range(0, 6).Select(step =>
        {
            double test = 0.7 + 0.01 * step, noise = 0.01 * (3 - arm) * random.Normal((uint)step, 77);
            return new StudyCheckpoint(10 * step, 1 - test - noise, test + noise, 1 - test, test);
        })];
    }

    static ulong Unique(ulong seed, int table, int rows, double share, int split, int arm) =>
        ChosenArm.Hash($"{seed} {table} {rows} {share:R} {split} {arm}");
}
