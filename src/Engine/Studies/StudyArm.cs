using System.Globalization;
using CausalMixFT.Engine.FineTuning;

namespace CausalMixFT.Engine.Studies;

/// <summary>What is done with a draw's rows.</summary>
public enum ArmKind
{
    /// <summary>The model as it comes, with the training rows as its context.</summary>
    Untuned,

    /// <summary>The same, its probabilities corrected for the training rows' class shares.</summary>
    PriorCorrected,

    /// <summary>Logistic regression.</summary>
    Logistic,

    /// <summary>Gradient-boosted trees.</summary>
    Boosted,

    /// <summary>The model, fine-tuned on real rows.</summary>
    Real,

    /// <summary>The model, fine-tuned with synthetic rows.</summary>
    Synthetic,
}

/// <summary>The synthetic rows of an arm.</summary>
/// <param name="Generator">The generator, with the options that were chosen, as a <see cref="Generators.GeneratorChoice"/> is written.</param>
/// <param name="PerReal">Synthetic rows for each real training row, K.</param>
/// <param name="Use">When they are trained on.</param>
/// <param name="Labels">What they are said to be.</param>
/// <param name="JoinValidation">Whether as many synthetic rows as there are validation rows join these.</param>
public sealed record SyntheticRows(string Generator, double PerReal, SyntheticUse Use, SyntheticLabels Labels, bool JoinValidation);

/// <summary>One way to come from a draw's rows to probabilities.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Synthetic">The synthetic rows; null unless the kind is <see cref="ArmKind.Synthetic"/>.</param>
public sealed record StudyArm(ArmKind Kind, SyntheticRows? Synthetic = null)
{
    /// <summary>What the arm is called in study files, stores and reports: unique among a study's arms.</summary>
    public string Name => Kind switch
    {
        ArmKind.Untuned => "un-tuned",
        ArmKind.PriorCorrected => "un-tuned prior-corrected",
        ArmKind.Logistic => "logistic regression",
        ArmKind.Boosted => "boosted trees",
        ArmKind.Real => "real",
        _ => string.Create(
            CultureInfo.InvariantCulture,
            $"{Synthetic!.Generator} K={Synthetic.PerReal} {Word(Synthetic.Use)} {Word(Synthetic.Labels)}{(Synthetic.JoinValidation ? " +validation" : "")}"),
    };

    /// <summary>The arms without synthetic rows.</summary>
    public static IReadOnlyList<StudyArm> References { get; } =
        [new(ArmKind.Untuned), new(ArmKind.PriorCorrected), new(ArmKind.Logistic), new(ArmKind.Boosted), new(ArmKind.Real)];

    /// <summary>The arms of every combination, each once, in the order of the choices.</summary>
    public static IEnumerable<StudyArm> Product(
        IReadOnlyList<string> generators, IReadOnlyList<double> perReal, IReadOnlyList<SyntheticUse> uses,
        IReadOnlyList<SyntheticLabels> labels, IReadOnlyList<bool> joinValidation) =>
        from generator in generators
        from ratio in perReal
        from use in uses
        from label in labels
        from joins in joinValidation
        select new StudyArm(ArmKind.Synthetic, new(generator, ratio, use, label, joins));

    static string Word<T>(T choice)
        where T : struct, Enum => choice.ToString().ToLowerInvariant();
}
