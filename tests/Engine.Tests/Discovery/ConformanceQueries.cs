using System.Text.Json;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Tests.Discovery;

/// <summary>Stored questions, and how far an answer is from the stored one.</summary>
static class ConformanceQueries
{
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
        actual == expected ? 0 : Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-300);
}
