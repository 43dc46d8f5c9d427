using System.Text.Json;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>Stored questions, and how far an answer is from the stored one.</summary>
static class ConformanceQueries
{
    // R writes 0 for a p-value below it.
    const double SmallestNormal = 2.2250738585072014e-308;

    /// <summary>The question x, y, S of a stored test.</summary>
    public static QueryBatch Of(JsonElement entry)
    {
        int[] given = [.. entry.GetProperty("S").EnumerateArray().Select(node => node.GetInt32())];
        var query = new QueryBatch(given.Length);
        query.Add(entry.GetProperty("x").GetInt32(), entry.GetProperty("y").GetInt32(), given);
        return query;
    }

    public static double RelativeError(double actual, JsonElement expected) => RelativeError(actual, expected.GetDouble());

    public static double RelativeError(double actual, double expected) =>
        actual == expected || (expected == 0 && Math.Abs(actual) < SmallestNormal) ? 0 : Math.Abs(actual - expected) / Math.Abs(expected);
}
