using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Studies;

/// <summary>What a study says: every comparison with one arm, the un-tuned model unless asked otherwise, and what may be claimed of it.</summary>
public sealed record StudyAnalysis
{
    /// <summary>How it was judged.</summary>
    public required StudyAnalysisOptions Options { get; init; }

    /// <summary>Every score, arranged.</summary>
    public required StudyGains Gains { get; init; }

    /// <summary>Every arm by every primary measure, corrected as one family.</summary>
    public required IReadOnlyList<ArmComparison> Primary { get; init; }

    /// <summary>Every arm by every measure; each measure is a family of its own.</summary>
    public required IReadOnlyList<ArmComparison> All { get; init; }

    /// <summary>Average ranks by each primary measure.</summary>
    public required IReadOnlyList<ArmRanking> Rankings { get; init; }

    /// <summary>
    /// The arm chosen on one half of the tables and confirmed on the other, for each primary measure, among all arms and among those with
    /// rows of causal models, both ways round.
    /// </summary>
    public required IReadOnlyList<ChosenArm> Chosen { get; init; }

    /// <summary>When each arm helps, by each primary measure.</summary>
    public required IReadOnlyList<GainRegression> Regressions { get; init; }

    /// <summary>Measures against skew, of the baseline and of every arm.</summary>
    public required IReadOnlyList<SkewPoint> Curves { get; init; }

    /// <summary>Of each arm, the median over tables of the normalised ROC-AUC, 1 being the best arm of a cell.</summary>
    public required IReadOnlyDictionary<string, BootstrapInterval> Normalised { get; init; }

    /// <summary>Of each arm, the median over tables of the share of the way to ROC-AUC 1.</summary>
    public required IReadOnlyDictionary<string, BootstrapInterval> ShareOfHeadroom { get; init; }

    /// <summary>How well validation says which step is best.</summary>
    public required IReadOnlyList<ArmStability> Stability { get; init; }

    /// <summary>What arms cost, the baseline first.</summary>
    public required IReadOnlyList<ArmCosts> Costs { get; init; }

    /// <summary>How good generators' rows are beside what they are worth.</summary>
    public required IReadOnlyList<GeneratorQuality> Quality { get; init; }

    /// <summary>Correlation across generators of each measure of quality with the gain by each primary measure.</summary>
    public required IReadOnlyList<(string Quality, StudyMeasure Measure, BootstrapInterval Correlation)> QualityAndGain { get; init; }

    /// <summary>Units that have no scores.</summary>
    public required IReadOnlyList<StudyResult> Faults { get; init; }

    /// <summary>Judges a study.</summary>
    /// <exception cref="InputException">There are no results, none of the baseline, or a unit occurs twice.</exception>
    public static StudyAnalysis Of(IReadOnlyList<StudyResult> results, StudyAnalysisOptions options)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(options);
        StudyResult[] sound = [.. results.Where(result => result.Fault is null)];
        if (sound.Length == 0)
        {
            throw new InputException(
                $"None of the study's {results.Count} results has scores, so there is nothing to report; run some of its units first.");
        }

        if (options.CorrectedBaseline is string corrected)
        {
            var there = sound.Where(result => result.Unit.Arm == corrected).Select(result => result.Unit).ToHashSet();
            sound = [.. sound, .. sound.Where(result => result.Unit.Arm == options.Baseline)
                .Select(result => StudyScore.Corrected(result, corrected)).Where(result => !there.Contains(result.Unit))];
        }

        // Each unit is scored by itself, so threads cannot change a bit.
        var gains = new StudyGains(sound.AsParallel().AsOrdered().Select(StudyScore.Of), options.Baseline);
        return Of(gains, [.. results.Where(result => result.Fault is not null)], options);
    }

    /// <summary>
    /// The same scores beside fine-tuning on real rows (<see cref="StudyAnalysisOptions.BesideReal"/>); null where the study has no such arm.
    /// </summary>
    public StudyAnalysis? BesideReal()
    {
        var options = Options.BesideReal;
        return Gains.Arms.Contains(options.Baseline) ? Of(new StudyGains(Gains.Scores, options.Baseline), Faults, options) : null;
    }

    static StudyAnalysis Of(StudyGains gains, IReadOnlyList<StudyResult> faults, StudyAnalysisOptions options)
    {
        var draws = new Dictionary<int, TableBootstrap>();
        var quality = GeneratorQuality.Of(gains, options.Primary);
        string[] candidates = [.. gains.Arms.Where(arm => arm != options.CorrectedBaseline && !options.References.Contains(arm))];
        string[] causal = [.. candidates.Where(IsCausal)];
        (string Name, string[] Arms)[] families = causal.Length is 0 || causal.Length == candidates.Length
            ? [("arms", candidates)] : [("arms", candidates), ("arms with rows of causal models", causal)];
        return new()
        {
            Options = options,
            Gains = gains,
            Primary = Compare(options.Primary),
            All = [.. StudyMeasure.All.SelectMany(measure => Compare([measure]))],
            Rankings = [.. options.Primary.Select(measure => ArmRanking.Of(gains, measure, options.Alpha)).OfType<ArmRanking>()],
            Chosen = [.. from measure in options.Primary
                         from family in families
                         from swapped in (bool[])[false, true]
                         let chosen = ChosenArm.Of(gains, measure, family.Name, family.Arms, swapped, Draws)
                         where chosen is not null
                         select chosen],
            Regressions = [.. options.Primary.SelectMany(measure => Correct(gains.Arms
                .Select(arm => GainRegression.Of(gains, measure, arm, options.Traits)).OfType<GainRegression>()))],
            Curves = [.. from measure in (StudyMeasure[])[.. options.Primary.Union([StudyMeasure.MinorityF1Half, StudyMeasure.MinorityF1Tuned])]
                         from arm in (string[])[gains.Baseline, .. gains.Arms]
                         from point in SkewPoint.Of(gains, measure, arm, Draws)
                         select point],
            Normalised = gains.Arms.ToDictionary(arm => arm, arm => Median(gains.Normalised(arm))),
            ShareOfHeadroom = gains.Arms.ToDictionary(arm => arm, arm => Median(gains.ShareOfHeadroom(arm))),
            Stability = [.. gains.Arms.Select(arm => ArmStability.Of(gains, arm, Draws)).OfType<ArmStability>()],
            Costs = [.. gains.Arms.Where(arm => arm != options.CorrectedBaseline).Prepend(gains.Baseline).Select(arm => ArmCosts.Of(gains, arm))],
            Quality = quality,
            QualityAndGain = [.. from name in quality.SelectMany(one => one.Quality.Keys).Distinct()
                                 from measure in options.Primary
                                 let correlation = GeneratorQuality.RankCorrelation(quality, name, measure.Key, Draws)
                                 where correlation is not null
                                 select (name, measure, correlation)],
            Faults = faults,
        };

        IReadOnlyList<ArmComparison> Compare(IReadOnlyList<StudyMeasure> family) => ArmComparison.Correct(
            [.. family.SelectMany(measure => gains.Arms.Select(arm => ArmComparison.Of(gains, measure, arm, Draws)))], options.Alpha);

        BootstrapInterval Median(IReadOnlyList<(StudyCell, double)> cells)
        {
            double[] values = [.. StudyGains.ByTable(cells).Select(table => table.Gain)];
            return Draws(values.Length).Median(values);
        }

        // The same resamples for all that has as many tables.
        TableBootstrap Draws(int tables)
        {
            if (!draws.TryGetValue(tables, out var known))
            {
                draws[tables] = known = new(tables, options.Seed, options.Resamples);
            }

            return known;
        }
    }

    // Of the generator scm, or of one whose name adds to it.
    static bool IsCausal(string arm) => GeneratorQuality.NameOf(arm).StartsWith("scm", StringComparison.Ordinal);

    // The effects of all arms are one family; their levels, which the comparisons test already, are none.
    static IEnumerable<GainRegression> Correct(IEnumerable<GainRegression> regressions)
    {
        GainRegression[] all = [.. regressions];
        var adjusted = new Queue<double>(HolmCorrection.Adjust([.. all.SelectMany(one => one.Effects).Select(effect => effect.PValue)]));
        return [.. all.Select(one => one with { Effects = [.. one.Effects.Select(effect => effect with { HolmPValue = adjusted.Dequeue() })] })];
    }
}
