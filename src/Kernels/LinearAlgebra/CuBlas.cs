using System.Runtime.InteropServices;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>NVIDIA's matrix library, bound by the four symbols of its C interface that a product needs.</summary>
/// <remarks>
/// ILGPU's own binding stops at libcublas.so.12 and at plain single precision. This one takes the versions 13, 12 and 11, which share
/// these symbols and enumerations. Every product is a cublasGemmEx of floats; what may differ is the type it computes in. Written from
/// the documentation, and run so far on a stand-in for the library only.
/// </remarks>
sealed unsafe class CuBlas : IDisposable
{
    // Of cublas_api.h and library_types.h.
    const int Success = 0, NotTransposed = 0, Transposed = 1, Float32 = 0, DefaultAlgorithm = -1;
    const int Compute32F = 68, Compute32FFastBFloat16 = 75, Compute32FFastTf32 = 77;

    static readonly string[] Versions = ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"];

    readonly delegate* unmanaged<nint, int> _destroy;
    readonly delegate* unmanaged<
        nint, int, int, int, int, int, void*, nint, int, int, nint, int, int, void*, nint, int, int, int, int, int> _multiply;

    readonly nint _handle;
    readonly int _computeType;

    CuBlas(string name, nint library, nint stream, ProductPrecision precision)
    {
        Name = name;
        _computeType = precision switch
        {
            ProductPrecision.Tf32 => Compute32FFastTf32,
            ProductPrecision.BFloat16 => Compute32FFastBFloat16,
            _ => Compute32F,
        };
        _destroy = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cublasDestroy_v2");
        _multiply = (delegate* unmanaged<
            nint, int, int, int, int, int, void*, nint, int, int, nint, int, int, void*, nint, int, int, int, int, int>)
            NativeLibrary.GetExport(library, "cublasGemmEx");
        var create = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "cublasCreate_v2");
        var setStream = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "cublasSetStream_v2");
        nint handle = 0;
        Check(create(&handle), "cublasCreate_v2");
        _handle = handle;
        int status = setStream(handle, stream);
        if (status != Success)
        {
            _destroy(handle);
            Check(status, "cublasSetStream_v2");
        }
    }

    /// <summary>The file that was loaded.</summary>
    internal string Name { get; }

    /// <summary>The files to try, newest version first: by name, then where CUDA is installed.</summary>
    internal static IReadOnlyList<string> UsualFiles { get; } =
    [
        .. Versions,
        .. from folder in (string?[])
            [
                Environment.GetEnvironmentVariable("CUDA_HOME"), Environment.GetEnvironmentVariable("CUDA_PATH"), "/usr/local/cuda",
            ]
           where !string.IsNullOrEmpty(folder)
           from version in Versions
           select Path.Combine(folder, "lib64", version),
    ];

    /// <summary>The first of <paramref name="files"/> that can be used on the current CUDA context, or null and why not.</summary>
    internal static CuBlas? Open(IReadOnlyList<string> files, nint stream, ProductPrecision precision, out string whyNot)
    {
        whyNot = "cuBLAS not found";
        foreach (string file in files)
        {
            if (!NativeLibrary.TryLoad(file, out nint library))
            {
                continue;
            }

            try
            {
                var found = new CuBlas(Path.GetFileName(file), library, stream, precision);
                whyNot = "";
                return found;
            }
            catch (Exception e) when (e is EntryPointNotFoundException or DeviceUnavailableException)
            {
                whyNot = $"{Path.GetFileName(file)} cannot be used: {e.Message}";
            }
        }

        return null;
    }

    /// <summary>Row-major C (m, n) = op(A) (m, k) · op(B) (k, n) + (accumulate ? C : 0); addresses on the device, rows adjacent.</summary>
    internal void Multiply(
        int m, int n, int k, nint a, int rowOfA, bool transposeA, nint b, int rowOfB, bool transposeB, bool accumulate, nint c)
    {
        // cuBLAS is column-major: it sees the transposes, so C' = op(B)' · op(A)' with the operands swapped.
        float one = 1, beta = accumulate ? 1 : 0;
        Check(
            _multiply(
                _handle, transposeB ? Transposed : NotTransposed, transposeA ? Transposed : NotTransposed, n, m, k, &one,
                b, Float32, rowOfB, a, Float32, rowOfA, &beta, c, Float32, n, _computeType, DefaultAlgorithm),
            "cublasGemmEx");
    }

    /// <inheritdoc/>
    public void Dispose() => _destroy(_handle);

    static void Check(int status, string function)
    {
        if (status != Success)
        {
            throw new DeviceUnavailableException($"{function} answered status {status}.");
        }
    }
}
