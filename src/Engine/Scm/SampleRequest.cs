namespace CausalMixFT.Engine.Scm;

/// <summary>Which rows to sample from a model.</summary>
/// <remarks>
/// What is asked for, the seed, and a row's number decide the row: any part of the rows is the same whichever way it is asked
/// for.
/// </remarks>
public sealed record SampleRequest
{
    /// <summary>How many rows.</summary>
    public required long Rows { get; init; }

    /// <summary>The first row: a shard begins where the one before ends.</summary>
    public long FirstRow { get; init; }

    /// <summary>
    /// Conditions that every row meets, each like "age > 60 and region in (north, south)": rows as the model has them,
    /// seen where the conditions hold. Exact; where other columns than roots are constrained, rows that miss are drawn and
    /// thrown away.
    /// </summary>
    public IReadOnlyList<string> Where { get; init; } = [];

    /// <summary>
    /// Columns that are set from outside, each like "treatment = 1 and dose = 2": rows as they would be if it were done, whatever else
    /// would have caused the column.
    /// </summary>
    public IReadOnlyList<string> Do { get; init; } = [];

    /// <summary>
    /// Shares of classes, each like "churn:yes = 0.5", or "churn = 0.5" for the rarer of two; classes that are not named
    /// share the rest in the model's proportions. Within a class, rows are as the model has them.
    /// </summary>
    public IReadOnlyList<string> ClassShares { get; init; } = [];

    /// <summary>A column whose classes are to have equal shares; null for none.</summary>
    public string? Balance { get; init; }

    /// <summary>Whether numbers may leave the interval that was observed.</summary>
    public bool BeyondSupport { get; init; }

    /// <summary>Most rows drawn for each row that is kept, where rows are thrown away.</summary>
    public int Budget { get; init; } = 1000;

    /// <summary>Part <paramref name="number"/> of <paramref name="parts"/> nearly equal ones, counted from 1.</summary>
    public SampleRequest Shard(int number, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, parts);
        long start = (long)((Int128)Rows * (number - 1) / parts), end = (long)((Int128)Rows * number / parts);
        return this with { FirstRow = FirstRow + start, Rows = end - start };
    }
}
