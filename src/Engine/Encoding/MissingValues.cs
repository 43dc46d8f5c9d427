namespace CausalMixFT.Engine.Encoding;

/// <summary>What a test of independence does with rows that lack a value.</summary>
public enum MissingValues
{
    /// <summary>
    /// Each question leaves out the rows that lack one of its own variables, and counts only the others. Right when cells
    /// are missing at random given what the question conditions on.
    /// </summary>
    TestWise,

    /// <summary>
    /// A gap is a level of its own in a discrete column, and the mean in a numeric one. Uses every row; right when being
    /// missing carries the meaning, biased otherwise.
    /// </summary>
    OwnLevelOrMean,
}
