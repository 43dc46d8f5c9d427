using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Whether cuBLAS can be used: a small product in each layout is compared with its definition on the host.</summary>
static class CuBlasCheck
{
    // No two sizes are alike, so that a confusion of rows, columns or leading dimensions shows.
    const int M = 13, N = 7, K = 24;

    internal static bool Passes(GpuDevice device, ProductPrecision precision, out string whyNot)
    {
        whyNot = "";
        try
        {
            foreach (bool transposeA in (bool[])[false, true])
            {
                foreach (bool transposeB in (bool[])[false, true])
                {
                    if (Error(device, transposeA, transposeB) is var error && !(error <= Tolerance(precision)))
                    {
                        whyNot = $"{device.CuBlas!.Name} was off by {error:0.0e+0} in a product of {M} × {K} × {N}";
                        return false;
                    }
                }
            }

            return true;
        }
        catch (DeviceUnavailableException e)
        {
            whyNot = $"{device.CuBlas!.Name} cannot be used: {e.Message}";
            return false;
        }
    }

    // Factors below 1 are off by half a unit in their last place each, 2⁻²⁴, 2⁻¹¹ or 2⁻⁸ of them; each of K sums by 2⁻²⁴ of K.
    static double Tolerance(ProductPrecision precision) => K * (K * Math.ScaleB(1, -24) + 2 * precision switch
    {
        ProductPrecision.Tf32 => Math.ScaleB(1, -11),
        ProductPrecision.BFloat16 => Math.ScaleB(1, -8),
        _ => Math.ScaleB(1, -24),
    });

    static double Error(GpuDevice device, bool transposeA, bool transposeB)
    {
        float[] hostA = Numbers(M * K, 37), hostB = Numbers(K * N, 53), hostC = Numbers(M * N, 29);
        using var storageA = device.Allocate<float>(hostA);
        using var storageB = device.Allocate<float>(hostB);
        using var storageC = device.Allocate<float>(hostC);
        Tensor a = transposeA ? new(storageA, 0, K, M) : new(storageA, 0, M, K);
        Tensor b = transposeB ? new(storageB, 0, N, K) : new(storageB, 0, K, N);
        MatrixMultiply.Gpu.Multiply(device, device.CuBlas!, a, b, new Tensor(storageC, 0, M, N), M, N, K, transposeA, transposeB, true);
        float[] found = storageC.ToArray();
        double largest = 0;
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                double sum = hostC[i * N + j];
                for (int k = 0; k < K; k++)
                {
                    sum += (double)hostA[transposeA ? k * M + i : i * K + k] * hostB[transposeB ? j * K + k : k * N + j];
                }

                double error = Math.Abs(found[i * N + j] - sum);
                largest = double.IsNaN(error) ? error : Math.Max(largest, error);
            }
        }

        return largest;
    }

    // Numbers between −1 and 1 that no shift or transposition repeats.
    static float[] Numbers(int count, int step) => [.. Enumerable.Range(1, count).Select(i => i * step % 101 / 51f - 1)];
}
