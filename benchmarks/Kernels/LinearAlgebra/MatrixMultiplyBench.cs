using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;

namespace CausalMixFT.Benchmarks.Kernels.LinearAlgebra;

/// <summary>Our product beside OpenBLAS and BLIS (where installed), at a square shape and at the transformer's.</summary>
public class MatrixMultiplyBench : ICountsWork
{
    ComputeDevice _device = null!;
    DeviceArray<float> _storage = null!;
    MatrixMultiply _multiply = null!;
    Tensor _a, _b, _c;

    public static IEnumerable<string> Libraries =>
        ((string[])["built-in", "openblas", "blis"]).Where(name => name == "built-in" || IsInstalled(name));

    [ParamsSource(nameof(Libraries))]
    public string Library { get; set; } = "built-in";

    [Params("1024x1024x1024", "7500x288x96")]
    public string Shape { get; set; } = "1024x1024x1024";

    public double Work => 2.0 * Sizes[0] * Sizes[1] * Sizes[2];

    public string Unit => "FLOP";

    int[] Sizes => [.. Shape.Split('x').Select(int.Parse)];

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Blas = Library == "built-in" ? null : Library });
        _multiply = MatrixMultiply.On(_device);
        int m = Sizes[0], n = Sizes[1], k = Sizes[2];
        _storage = _device.Allocate<float>(m * k + k * n + m * n);
        _storage.Span.Fill(0.5f);
        _a = new(_storage, 0, m, k);
        _b = new(_storage, m * k, n, k);
        _c = new(_storage, m * k + k * n, m, n);
    }

    [Benchmark]
    public void Product() => _multiply.Multiply(_a, _b, _c, transposeB: true);

    [GlobalCleanup]
    public void Close()
    {
        _storage.Dispose();
        _device.Dispose();
    }

    static bool IsInstalled(string library)
    {
        try
        {
            NativeBlas.Load(library);
            return true;
        }
        catch (DeviceUnavailableException)
        {
            return false;
        }
    }
}
