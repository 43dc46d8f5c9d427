namespace CausalMixFT.Engine.Studies;

/// <summary>How long the rest of a study will take, by what units like those that are left took.</summary>
/// <remarks>
/// A unit is expected to take the mean of those that are done with the same arm and as many rows; where there is none, with the
/// same arm; else the mean of all. Units that came to nothing count among the latter alone.
/// </remarks>
public sealed class StudyForecast
{
    readonly Dictionary<(string Arm, int Rows), (double Sum, int Count)> _byArmAndRows = [];
    readonly Dictionary<string, (double Sum, int Count)> _byArm = [];
    (double Sum, int Count) _all;

    /// <summary>Learns what a unit took.</summary>
    public void Add(StudyUnit unit, double seconds, bool faulty)
    {
        ArgumentNullException.ThrowIfNull(unit);
        _all = Plus(_all);
        if (!faulty)
        {
            _byArmAndRows[(unit.Arm, unit.Rows)] = Plus(_byArmAndRows.GetValueOrDefault((unit.Arm, unit.Rows)));
            _byArm[unit.Arm] = Plus(_byArm.GetValueOrDefault(unit.Arm));
        }

        (double, int) Plus((double Sum, int Count) known) => (known.Sum + seconds, known.Count + 1);
    }

    /// <summary>Seconds that units will take one after another; null while nothing is known.</summary>
    public double? Seconds(IEnumerable<StudyUnit> left)
    {
        ArgumentNullException.ThrowIfNull(left);
        return _all.Count == 0 ? null : left.Sum(Expected);
    }

    double Expected(StudyUnit unit)
    {
        var known = _byArmAndRows.TryGetValue((unit.Arm, unit.Rows), out var alike) ? alike
            : _byArm.TryGetValue(unit.Arm, out var same) ? same : _all;
        return known.Sum / known.Count;
    }
}
