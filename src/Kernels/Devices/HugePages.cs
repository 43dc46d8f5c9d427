using System.Runtime.InteropServices;

namespace CausalMixFT.Kernels.Devices;

/// <summary>Memory of the CPU device, which asks Linux for pages of two megabytes where an array is larger than that.</summary>
/// <remarks>
/// A first pass over memory stops at every page that is new: 512 times less often at large ones. Where the system grants none, or is
/// not Linux, nothing changes. What is allocated is freed by <see cref="NativeMemory.AlignedFree"/>.
/// </remarks>
static unsafe partial class HugePages
{
    const nuint Size = 2 << 20;
    const int AdviseHugePages = 14; // MADV_HUGEPAGE

    /// <summary>Allocates bytes that start at a multiple of <paramref name="alignment"/>, at least.</summary>
    internal static void* Allocate(nuint bytes, nuint alignment)
    {
        if (bytes < Size || !OperatingSystem.IsLinux())
        {
            return NativeMemory.AlignedAlloc(bytes, alignment);
        }

        void* memory = NativeMemory.AlignedAlloc(bytes, Size);

        // Its answer does not matter: it is advice.
        _ = Advise(memory, bytes, AdviseHugePages);
        return memory;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
