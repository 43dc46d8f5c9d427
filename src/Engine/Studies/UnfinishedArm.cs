namespace CausalMixFT.Engine.Studies;

/// <summary>An arm with units that are not done yet.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Done">Units that are done, whatever they came to.</param>
/// <param name="Planned">Units that the study asks for.</param>
public sealed record UnfinishedArm(string Arm, int Done, int Planned)
{
    /// <summary>The arms of a plan that are not done, in its order.</summary>
    public static IReadOnlyList<UnfinishedArm> Of(StudyPlan plan, IReadOnlySet<StudyUnit> done)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(done);
        return [.. plan.Units.GroupBy(unit => unit.Arm)
            .Select(units => new UnfinishedArm(units.Key, units.Count(done.Contains), units.Count())).Where(arm => arm.Done < arm.Planned)];
    }
}
