namespace CausalMixFT.Engine.Studies;

/// <summary>What may be said of an arm beside the un-tuned model.</summary>
public enum StudyVerdict
{
    /// <summary>Neither better nor worse is established.</summary>
    NotEstablished,

    /// <summary>Better: Holm's p-value is at most α and the interval of the mean gain lies above 0.</summary>
    Better,

    /// <summary>Worse: Holm's p-value is at most α and the interval of the mean gain lies below 0.</summary>
    Worse,

    /// <summary>Holm's p-value is at most α, but the mean gain's interval holds 0 or lies on the other side of the ranks: few large differences against many small ones.</summary>
    Contradictory,
}

/// <summary>An arm beside the un-tuned model by one measure, one value a table.</summary>
public sealed record ArmComparison
{
    /// <summary>The arm.</summary>
    public required string Arm { get; init; }

    /// <summary>The measure.</summary>
    public required StudyMeasure Measure { get; init; }

    /// <summary>The gain on each table, the worst first.</summary>
    public required IReadOnlyList<TableGain> Gains { get; init; }

    /// <summary>The mean gain and its interval over tables.</summary>
    public required BootstrapInterval Mean { get; init; }

    /// <summary>Wilcoxon's test of the gains.</summary>
    public required WilcoxonSignedRank Test { get; init; }

    /// <summary>The p-value among all that are tested together.</summary>
    public double HolmPValue { get; init; } = double.NaN;

    /// <summary>What may be said.</summary>
    public StudyVerdict Verdict { get; init; }

    /// <summary>How many cells, and how many of them are worse than un-tuned.</summary>
    public required (int All, int Worse) Cells { get; init; }

    /// <summary>The cell of the largest loss, or null when no cell is worse.</summary>
    public required CellGain? WorstCell { get; init; }

    /// <summary>Tables on which the arm is better.</summary>
    public int Wins => Gains.Count(gain => gain.Gain > 0);

    /// <summary>Tables on which nothing differs.</summary>
    public int Ties => Gains.Count(gain => gain.Gain == 0);

    /// <summary>Tables on which the arm is worse.</summary>
    public int Losses => Gains.Count(gain => gain.Gain < 0);

    /// <summary>The mean gain of the tables on which it loses; NaN when there are none.</summary>
    public double MeanLoss => Gains.Where(gain => gain.Gain < 0).Select(gain => gain.Gain).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The middle gain.</summary>
    public double Median => TableBootstrap.MedianOf([.. Gains.Select(gain => gain.Gain)]);

    /// <summary>Compares an arm, before any correction for others.</summary>
    internal static ArmComparison Of(StudyGains gains, StudyMeasure measure, string arm, Func<int, TableBootstrap> bootstrap)
    {
        var cells = gains.InCells(measure, arm);
        TableGain[] tables = [.. gains.OnTables(measure, arm).OrderBy(gain => gain.Gain)];
        double[] values = [.. tables.Select(gain => gain.Gain)];
        var worst = cells.MinBy(cell => cell.Gain);
        return new()
        {
            Arm = arm,
            Measure = measure,
            Gains = tables,
            Mean = bootstrap(tables.Length).Mean(values),
            Test = WilcoxonSignedRank.Test(values),
            Cells = (cells.Count, cells.Count(cell => cell.Gain < 0)),
            WorstCell = worst is { Gain: < 0 } ? worst : null,
        };
    }

    /// <summary>Whether there is anything to test: an arm that never differs can make no false claim, so it is no part of the family.</summary>
    public bool IsTested => Test.Differences > 0;

    /// <summary>Corrects comparisons that are tested together, and says what may be said.</summary>
    internal static IReadOnlyList<ArmComparison> Correct(IReadOnlyList<ArmComparison> family, double alpha)
    {
        double[] adjusted = HolmCorrection.Adjust([.. family.Select(one => !one.IsTested ? double.NaN : one.Test.PValue)]);
        return [.. family.Select((one, i) => one with { HolmPValue = adjusted[i], Verdict = Judge(one, adjusted[i], alpha) })];
    }

    static StudyVerdict Judge(ArmComparison one, double p, double alpha)
    {
        if (!(p <= alpha))
        {
            return StudyVerdict.NotEstablished;
        }

        bool ranksUp = one.Test.PositiveRanks > one.Test.NegativeRanks;
        return one.Mean.Low > 0 && ranksUp ? StudyVerdict.Better
            : one.Mean.High < 0 && !ranksUp ? StudyVerdict.Worse
            : StudyVerdict.Contradictory;
    }
}
