using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace CausalMixFT.Engine.Studies;

/// <summary>Seeds of what a study draws: the first 64 bits of the SHA-256 of what the draw is for.</summary>
/// <remarks>
/// They name the table, never its place in a list, so that a table more or a shard less changes nothing. No arm is named: what
/// arms share is drawn alike for all of them.
/// </remarks>
static class StudySeed
{
    /// <summary>Seeds the splits of a table into test rows and pool.</summary>
    public static ulong OfTable(ulong study, string table) => Hash(study, table, "test");

    /// <summary>Seeds the order in which a pool's rows are drawn: the same for all numbers of rows and shares.</summary>
    public static ulong OfPool(ulong study, StudyDraw draw) => Hash(study, draw.Table, Text(draw.Split), "pool");

    /// <summary>Seeds what is done with a draw's rows.</summary>
    /// <param name="study">The study's seed.</param>
    /// <param name="draw">The draw.</param>
    /// <param name="purpose">For what, such as the name of a generator.</param>
    public static ulong Of(ulong study, StudyDraw draw, params ReadOnlySpan<string> purpose) => Hash(
        study, [draw.Table, Text(draw.Split), Text(draw.Rows), StudyDraw.ShareText(draw.Share), .. purpose]);

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // A NUL is in no name, so that parts cannot run into each other.
    static ulong Hash(ulong study, params ReadOnlySpan<string> parts) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(
        System.Text.Encoding.UTF8.GetBytes(string.Join('\0', [study.ToString(CultureInfo.InvariantCulture), .. parts]))));
}
