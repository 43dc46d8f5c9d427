namespace CausalMixFT.Engine.Studies;

/// <summary>Which units of a plan are done, kept up with a store that several processes write to.</summary>
/// <param name="plan">The plan, or a shard of it.</param>
public sealed class StudyProgress(StudyPlan plan)
{
    readonly HashSet<StudyUnit> _left = [.. plan.Units];
    readonly StudyForecast _forecast = new();
    long _last;

    /// <summary>The plan.</summary>
    public StudyPlan Plan { get; } = plan;

    /// <summary>Units that are done.</summary>
    public int Done => Plan.Count - _left.Count;

    /// <summary>Of these, units that have no scores.</summary>
    public int Faulty { get; private set; }

    /// <summary>Whether nothing is left.</summary>
    public bool IsComplete => _left.Count == 0;

    /// <summary>Draws with a unit that is not done, in order.</summary>
    public IEnumerable<StudyDraw> Left => Plan.Draws.Where(draw => Plan.Arms.Any(arm => _left.Contains(draw.Unit(arm))));

    /// <summary>Arms of a draw that are not done, in order.</summary>
    public IReadOnlyList<StudyArm> LeftOf(StudyDraw draw) => [.. Plan.Arms.Where(arm => _left.Contains(draw.Unit(arm)))];

    /// <summary>Seconds until the rest is done by so many processes; null while nothing is known.</summary>
    public double? SecondsLeft(int processes) => _forecast.Seconds(_left) / processes;

    /// <summary>Learns what was done since the last time.</summary>
    public void Refresh(Formats.StudyStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        foreach (var done in store.DoneAfter(ref _last))
        {
            _forecast.Add(done.Unit, done.Elapsed, done.Fault is not null);
            Faulty += _left.Remove(done.Unit) && done.Fault is not null ? 1 : 0;
        }
    }
}
