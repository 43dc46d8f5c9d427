using System.Runtime.InteropServices;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Boosting;

/// <summary>The functions of LightGBM's C API that we call; include/LightGBM/c_api.h describes them.</summary>
/// <remarks>
/// Each returns 0, or another number after a fault, whose text belongs to the calling thread; <see cref="Check"/> turns
/// it into an exception. Different boosters may be trained from different threads at once.
/// </remarks>
static unsafe partial class LightGbm
{
    /// <summary>What a matrix or field holds: the C API's C_API_DTYPE_FLOAT32 and C_API_DTYPE_FLOAT64.</summary>
    public const int Float32 = 0, Float64 = 1;

    /// <summary>What a prediction is: the C API's C_API_PREDICT_NORMAL and C_API_PREDICT_RAW_SCORE.</summary>
    public const int PredictNormal = 0, PredictRawScore = 1;

    const string Library = "lib_lightgbm";

    // The log's callback is kept for each thread by LightGBM.
    [ThreadStatic]
    static bool _silent;

    /// <summary>Readies the calling thread: loads the library, and keeps its log out of our terminal.</summary>
    /// <exception cref="InputException">The library, or one it needs, is not on this machine.</exception>
    public static void Enter()
    {
        if (_silent)
        {
            return;
        }

        try
        {
            Check(RegisterLogCallback(&Ignore));
            _silent = true;
        }
        catch (DllNotFoundException missing)
        {
            throw Unavailable(missing.Message);
        }
    }

    /// <summary>Throws what LightGBM has to say when <paramref name="status"/> tells of a fault.</summary>
    public static void Check(int status)
    {
        if (status != 0)
        {
            throw new InvalidOperationException(
                $"LightGBM: {Marshal.PtrToStringUTF8((nint)GetLastError())?.TrimEnd()}");
        }
    }

    /// <summary>The loader's <paramref name="reason"/> as a sentence with a remedy.</summary>
    internal static InputException Unavailable(string reason) => new(
        reason.Contains("libgomp", StringComparison.Ordinal)
            ? "Gradient-boosted trees need the library libgomp.so.1, which this machine lacks: install the package " +
                "libgomp1 and run this again."
            : "Gradient-boosted trees need LightGBM's library, which could not be loaded; it is there for 64-bit x86 " +
                $"on Linux, Windows and macOS: {reason.ReplaceLineEndings(" ")}");

    [UnmanagedCallersOnly]
    static void Ignore(byte* text) { }

    [LibraryImport(Library, EntryPoint = "LGBM_GetLastError")]
    private static partial byte* GetLastError();

    [LibraryImport(Library, EntryPoint = "LGBM_RegisterLogCallback")]
    private static partial int RegisterLogCallback(delegate* unmanaged<byte*, void> callback);

    [LibraryImport(Library, EntryPoint = "LGBM_DatasetCreateFromMat", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DatasetCreateFromMat(
        void* data, int type, int rows, int columns, int isRowMajor, string parameters, nint reference, out nint dataset);

    [LibraryImport(Library, EntryPoint = "LGBM_DatasetGetSubset", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DatasetGetSubset(
        nint dataset, int* rows, int count, string parameters, out nint subset);

    [LibraryImport(Library, EntryPoint = "LGBM_DatasetSetField", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int DatasetSetField(nint dataset, string field, void* data, int count, int type);

    [LibraryImport(Library, EntryPoint = "LGBM_DatasetFree")]
    public static partial int DatasetFree(nint dataset);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterCreate", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BoosterCreate(nint dataset, string parameters, out nint booster);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterAddValidData")]
    public static partial int BoosterAddValidData(nint booster, nint dataset);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterUpdateOneIter")]
    public static partial int BoosterUpdateOneIter(nint booster, out int isFinished);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterGetPredict")]
    public static partial int BoosterGetPredict(nint booster, int dataset, out long length, double* result);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterPredictForMat", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BoosterPredictForMat(
        nint booster,
        void* data,
        int type,
        int rows,
        int columns,
        int isRowMajor,
        int kind,
        int firstRound,
        int rounds,
        string parameters,
        out long length,
        double* result);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterSaveModelToString")]
    public static partial int BoosterSaveModelToString(
        nint booster, int firstRound, int rounds, int importance, long capacity, out long length, byte* text);

    [LibraryImport(Library, EntryPoint = "LGBM_BoosterFree")]
    public static partial int BoosterFree(nint booster);
}
