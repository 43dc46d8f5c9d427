using System.Diagnostics;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Kernels.Tests.LinearAlgebra;

/// <summary>
/// The binding of cuBLAS without a GPU: what a device says where there is none, and a stand-in for the library that multiplies in the
/// host's memory, where the emulated device's arrays lie. It is compiled here, where there is a C compiler.
/// </summary>
public sealed class CuBlasFacts : IDisposable
{
    // Column-major, as the documentation of cublasGemmEx says; refuses what the documentation does not allow.
    const string StandIn = """
        #include <string.h>
        #define HANDLE ((void*)0x1234)
        int cublasCreate_v2(void** handle) { *handle = HANDLE; return 0; }
        int cublasDestroy_v2(void* handle) { return handle == HANDLE ? 0 : 1; }
        int cublasSetStream_v2(void* handle, void* stream) { return handle == HANDLE && stream == 0 ? 0 : 1; }
        static float rounded(float x, int compute)
        {
            unsigned bits, drop = compute == 75 ? 16 : compute == 77 ? 13 : 0;
            if (drop == 0) return x;
            memcpy(&bits, &x, 4);
            bits = (bits + (1u << (drop - 1))) & ~((1u << drop) - 1);
            memcpy(&x, &bits, 4);
            return x;
        }
        #ifndef MISSING
        int cublasGemmEx(void* handle, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int typeA, int lda,
            const float* b, int typeB, int ldb, const float* beta, float* c, int typeC, int ldc, int compute, int algorithm)
        {
            if (handle != HANDLE || typeA || typeB || typeC || (compute != 68 && compute != 75 && compute != 77) || algorithm != -1
                || lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m) return 7;
            for (int j = 0; j < n; j++)
                for (int i = 0; i < m; i++)
                {
                    float sum = 0;
                    for (int p = 0; p < k; p++)
                        sum += rounded(a[ta ? p + i * lda : i + p * lda], compute) * rounded(b[tb ? j + p * ldb : p + j * ldb], compute);
        #ifdef WRONG
                    sum += i == 3;
        #endif
                    c[i + j * ldc] = *alpha * sum + (*beta == 0 ? 0 : *beta * c[i + j * ldc]);
                }
            return 0;
        }
        #endif
        """;

    // Sums of 24 products below 1 in floats, one after the other; worst seen 1.8e-6.
    const double SingleError = 4e-6;

    readonly string _folder = Directory.CreateTempSubdirectory("cublas").FullName;

    [Fact]
    public void Where_there_is_no_library_our_own_kernel_multiplies_and_the_name_says_so()
    {
        using var device = Open(["libnosuchcublas.so"], ProductPrecision.Full);
        Assert.Equal("Emulated GPU (ILGPU CPU accelerator) (own matrix kernel: cuBLAS not found)", device.Name);
        Assert.InRange(Error(device, transposeA: true, transposeB: false, accumulate: true), 0, SingleError);
    }

    [Fact]
    public void The_newest_version_is_asked_for_first_and_by_name_before_by_folder()
    {
        Assert.Equal(["libcublas.so.13", "libcublas.so.12", "libcublas.so.11"], CuBlas.UsualFiles.Take(3));
        Assert.Contains("/usr/local/cuda/lib64/libcublas.so.13", CuBlas.UsualFiles);
    }

    // With rounded factors the bounds of the check at opening, and more than single precision is ever off by.
    [Theory]
    [InlineData(ProductPrecision.Full, "libcublas.so.13", 0, SingleError)]
    [InlineData(ProductPrecision.Tf32, "libcublas.so.13, TF32 products", 1e-5, 2.4e-2)]
    [InlineData(ProductPrecision.BFloat16, "libcublas.so.13, bfloat16 products", 1e-4, 0.19)]
    public void A_library_multiplies_in_every_layout_as_precisely_as_it_was_asked_to(
        ProductPrecision precision, string name, double least, double most)
    {
        using var device = Open([Compile("")], precision);
        Assert.Equal($"Emulated GPU (ILGPU CPU accelerator) ({name})", device.Name);
        double worst = 0;
        foreach (bool transposeA in (bool[])[false, true])
        {
            foreach (bool transposeB in (bool[])[false, true])
            {
                worst = Math.Max(worst, Error(device, transposeA, transposeB, accumulate: transposeA));
            }
        }

        Assert.InRange(worst, least, most);
    }

    [Theory]
    [InlineData("-DWRONG", "libcublas.so.13 was off by 1")]
    [InlineData("-DMISSING", "libcublas.so.13 cannot be used")]
    public void A_library_that_answers_wrongly_or_lacks_a_function_is_left_out_and_the_name_says_why(string flag, string why)
    {
        using var device = Open([Compile(flag)], ProductPrecision.Full);
        Assert.Contains($"(own matrix kernel: {why}", device.Name, StringComparison.Ordinal);
        Assert.InRange(Error(device, transposeA: false, transposeB: true, accumulate: false), 0, SingleError);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static ComputeDevice Open(string[] files, ProductPrecision precision) =>
        ComputeDevice.Open(DeviceKind.Emulated, new DeviceOptions { Precision = precision, CuBlasFiles = files });

    string Compile(string flag)
    {
        string source = Path.Combine(_folder, "cublas.c"), library = Path.Combine(_folder, "libcublas.so.13");
        File.WriteAllText(source, StandIn);
        try
        {
            using var compiler = Process.Start("gcc", $"-shared -fPIC -O1 {flag} -o {library} {source}");
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("This machine has no gcc to compile a stand-in for cuBLAS.");
        }

        return library;
    }

    // The largest error of a product of 5 × 24 × 3 that lies between other numbers.
    static double Error(ComputeDevice device, bool transposeA, bool transposeB, bool accumulate)
    {
        const int M = 5, K = 24, N = 3, Before = 7;
        float[] numbers = [.. Enumerable.Range(0, Before + M * K + K * N + M * N).Select(i => MathF.Sin(i * 1.7f))];
        using var storage = device.Allocate<float>(numbers);
        Tensor a = new(storage, Before, transposeA ? K : M, transposeA ? M : K);
        Tensor b = new(storage, Before + M * K, transposeB ? N : K, transposeB ? K : N);
        Tensor c = new(storage, Before + M * K + K * N, M, N);
        MatrixMultiply.On(device).Multiply(a, b, c, transposeA, transposeB, accumulate);
        float[] after = storage.ToArray();
        Assert.Equal(numbers[..c.Offset], after[..c.Offset]);
        double worst = 0;
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                double sum = accumulate ? numbers[c.Offset + i * N + j] : 0;
                for (int k = 0; k < K; k++)
                {
                    sum += (double)numbers[a.Offset + (transposeA ? k * M + i : i * K + k)]
                        * numbers[b.Offset + (transposeB ? j * K + k : k * N + j)];
                }

                worst = Math.Max(worst, Math.Abs(sum - after[c.Offset + i * N + j]));
            }
        }

        return worst;
    }
}
