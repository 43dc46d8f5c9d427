using System.Runtime.InteropServices;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>A native BLAS, bound by the Fortran symbols that MKL, OpenBLAS and BLIS all export.</summary>
/// <remarks>
/// The library runs on one thread: our own loop over blocks is what uses the cores, because small products threaded
/// inside a library are up to a hundred times slower (docs/decisions/native-blas.md).
/// </remarks>
public sealed unsafe class NativeBlas
{
    static readonly Dictionary<string, string[]> KnownFiles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["mkl"] = ["libmkl_rt.so", "libmkl_rt.so.2", "libmkl_rt.so.1"],
        ["openblas"] = ["libopenblas.so.0", "libopenblas.so"],
        ["blis"] = ["libblis.so.4", "libblis.so"],
    };

    readonly delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void> _sgemm;

    NativeBlas(string name, nint handle)
    {
        Name = name;
        _sgemm = (delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void>)
            NativeLibrary.GetExport(handle, "sgemm_");
        foreach (string symbol in (string[])["openblas_set_num_threads", "bli_thread_set_num_threads", "MKL_Set_Num_Threads"])
        {
            if (NativeLibrary.TryGetExport(handle, symbol, out nint setThreads))
            {
                ((delegate* unmanaged<nint, void>)setThreads)(1);
            }
        }
    }

    /// <summary>The file that was loaded.</summary>
    public string Name { get; }

    /// <summary>Loads a library by its short name (mkl, openblas, blis) or by path.</summary>
    /// <exception cref="DeviceUnavailableException">No such library, or it lacks sgemm_.</exception>
    public static NativeBlas Load(string nameOrPath)
    {
        foreach (string file in KnownFiles.GetValueOrDefault(nameOrPath, [nameOrPath]))
        {
            if (NativeLibrary.TryLoad(file, out nint handle) && NativeLibrary.TryGetExport(handle, "sgemm_", out _))
            {
                return new NativeBlas(file, handle);
            }
        }

        throw new DeviceUnavailableException(
            $"The matrix library '{nameOrPath}' could not be loaded. Install it (Debian: libopenblas0-pthread or libblis4-pthread), " +
            "name its file, or leave --blas out to use the built-in product.");
    }

    /// <summary>Row-major C (m, n) = op(A) (m, k) · op(B) (k, n) + beta · C, with leading dimensions in elements.</summary>
    internal void Multiply(
        int m, int n, int k, float* a, int lda, bool transposeA, float* b, int ldb, bool transposeB, float beta, float* c, int ldc)
    {
        // Fortran is column-major: it sees the transposes, so C' = op(B)' · op(A)' with the operands swapped.
        byte ta = transposeA ? (byte)'T' : (byte)'N', tb = transposeB ? (byte)'T' : (byte)'N';
        float one = 1;
        _sgemm(&tb, &ta, &n, &m, &k, &one, b, &ldb, a, &lda, &beta, c, &ldc);
    }
}
