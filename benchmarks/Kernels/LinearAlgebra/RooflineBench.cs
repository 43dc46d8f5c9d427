using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using BenchmarkDotNet.Attributes;

namespace CausalMixFT.Benchmarks.Kernels.LinearAlgebra;

/// <summary>The most multiply-adds in double that all cores reach: in registers alone, and in a native matrix product.</summary>
public unsafe class DoublePeakBench : ICountsWork
{
    const int Size = 2048, Steps = 20_000_000, Sums = 12;

    double[] _a = [], _b = [], _c = [];
    delegate* unmanaged<byte*, byte*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*, void> _dgemm;

    public static IEnumerable<string> Libraries =>
        NativeLibrary.TryLoad("libopenblas.so.0", out _) ? ["registers", "openblas"] : ["registers"];

    [ParamsSource(nameof(Libraries))]
    public string Library { get; set; } = "registers";

    public double Work => Library == "registers"
        ? 2.0 * Steps * Sums * Vector512<double>.Count * Environment.ProcessorCount
        : 2.0 * Size * Size * Size;

    public string Unit => "FLOP";

    [GlobalSetup]
    public void Open()
    {
        (_a, _b, _c) = (new double[Size * Size], new double[Size * Size], new double[Size * Size]);
        Array.Fill(_a, 0.5);
        Array.Fill(_b, 0.5);
        if (Library == "openblas")
        {
            nint library = NativeLibrary.Load("libopenblas.so.0");
            _dgemm = (delegate* unmanaged<byte*, byte*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*, void>)
                NativeLibrary.GetExport(library, "dgemm_");
            ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads"))(Environment.ProcessorCount);
        }
    }

    [Benchmark]
    public void Multiply()
    {
        if (Library == "registers")
        {
            Parallel.For(0, Environment.ProcessorCount, core => _c[core * Size] = InRegisters(0.999 + core));
            return;
        }

        fixed (double* a = _a, b = _b, c = _c)
        {
            byte plain = (byte)'N';
            int size = Size;
            double one = 1, zero = 0;
            _dgemm(&plain, &plain, &size, &size, &size, &one, a, &size, b, &size, &zero, c, &size);
        }
    }

    // Twelve sums that do not wait for one another hide the latency of four cycles on two units.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static double InRegisters(double start)
    {
        Vector512<double> x = Vector512.Create(1e-9), y = Vector512.Create(start);
        Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default;
        Vector512<double> s6 = default, s7 = default, s8 = default, s9 = default, s10 = default, s11 = default;
        for (int step = 0; step < Steps; step++)
        {
            s0 = Vector512.FusedMultiplyAdd(x, y, s0);
            s1 = Vector512.FusedMultiplyAdd(x, y, s1);
            s2 = Vector512.FusedMultiplyAdd(x, y, s2);
            s3 = Vector512.FusedMultiplyAdd(x, y, s3);
            s4 = Vector512.FusedMultiplyAdd(x, y, s4);
            s5 = Vector512.FusedMultiplyAdd(x, y, s5);
            s6 = Vector512.FusedMultiplyAdd(x, y, s6);
            s7 = Vector512.FusedMultiplyAdd(x, y, s7);
            s8 = Vector512.FusedMultiplyAdd(x, y, s8);
            s9 = Vector512.FusedMultiplyAdd(x, y, s9);
            s10 = Vector512.FusedMultiplyAdd(x, y, s10);
            s11 = Vector512.FusedMultiplyAdd(x, y, s11);
        }

        return Vector512.Sum(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11);
    }
}

/// <summary>What all cores read from memory, and copy within it: far more than the caches hold.</summary>
public class MemoryBandwidthBench : ICountsWork
{
    const int Length = 1 << 26, Blocks = 1 << 6;

    double[] _source = [], _target = [];

    [Params("read", "copy")]
    public string Traffic { get; set; } = "read";

    // A copy reads every byte and writes it.
    public double Work => (Traffic == "read" ? 1.0 : 2.0) * Length * sizeof(double);

    public string Unit => "B";

    [GlobalSetup]
    public void Open()
    {
        _source = new double[Length];
        _target = new double[Length];
        Array.Fill(_source, 1);
        Array.Fill(_target, 1);
    }

    [Benchmark]
    public void Move() => Parallel.For(0, Blocks, block =>
    {
        var part = _source.AsSpan(block * (Length / Blocks), Length / Blocks);
        if (Traffic == "copy")
        {
            part.CopyTo(_target.AsSpan(block * (Length / Blocks)));
        }
        else
        {
            _target[block] = Sum(part);
        }
    });

    [GlobalCleanup]
    public void Close() => (_source, _target) = ([], []);

    static double Sum(ReadOnlySpan<double> values)
    {
        Vector512<double> s0 = default, s1 = default, s2 = default, s3 = default;
        for (; values.Length >= 4 * Vector512<double>.Count; values = values[(4 * Vector512<double>.Count)..])
        {
            s0 += Vector512.Create(values);
            s1 += Vector512.Create(values[8..]);
            s2 += Vector512.Create(values[16..]);
            s3 += Vector512.Create(values[24..]);
        }

        return Vector512.Sum(s0 + s1 + s2 + s3);
    }
}
