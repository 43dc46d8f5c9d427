using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace CausalMixFT.Engine.Formats;

/// <summary>Makes a gzip file that is cut short an error: else it just ends, and rows are missing in silence.</summary>
/// <remarks>
/// .NET looks at its switch once, when the first stream is opened, whether that reads or writes: so the switch is set before
/// anything of this library runs.
/// </remarks>
static class StrictGzip
{
    [ModuleInitializer]
    [SuppressMessage(
        "Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "A static constructor comes too late where the first gzip stream of the process is one that writes.")]
    internal static void Require() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);
}
