using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Random Fourier features √2 cos(W x + b): their products approximate a Gaussian kernel (Rahimi and Recht 2007).</summary>
/// <remarks>
/// Shapes: data is (rows, columns), W is (features, columns) and row-major, b is (features), features is (rows, features);
/// data and features lie column by column.
/// </remarks>
abstract class RandomFourierFeatures
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static RandomFourierFeatures On(ComputeDevice device) =>
        device.Choose<RandomFourierFeatures>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the features of <paramref name="data"/>.</summary>
    public abstract void Compute(double[] data, int rows, double[] weights, double[] phases, double[] features);

    internal sealed class Gpu(GpuDevice device) : RandomFourierFeatures
    {
        readonly Action<Index1D, FeatureArgs> _features =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, FeatureArgs>(FeatureKernel);

        internal readonly record struct FeatureArgs(
            ArrayView<double> Data, ArrayView<double> Weights, ArrayView<double> Phases, ArrayView<double> Features, int Rows, int Columns);

        // One thread per feature of a row.
        internal static void FeatureKernel(Index1D index, FeatureArgs args)
        {
            int feature = index / args.Rows, row = index % args.Rows;
            double sum = args.Phases[feature];
            for (int column = 0; column < args.Columns; column++)
            {
                sum += args.Weights[feature * args.Columns + column] * args.Data[column * args.Rows + row];
            }

            args.Features[index] = 1.4142135623730951 * XMath.Cos(sum);
        }

        public override void Compute(double[] data, int rows, double[] weights, double[] phases, double[] features)
        {
            using var from = device.Allocate<double>(data);
            using var w = device.Allocate<double>(weights);
            using var b = device.Allocate<double>(phases);
            using var to = device.Allocate<double>(features.Length);
            _features(features.Length, new(from.View, w.View, b.View, to.View, rows, data.Length / rows));
            to.CopyTo(features);
        }
    }

    internal sealed class Cpu(CpuDevice device) : RandomFourierFeatures
    {
        // 32 KiB of a feature: it stays in the first-level cache from the first product to the cosine.
        const int Block = 4096;

        public override void Compute(double[] data, int rows, double[] weights, double[] phases, double[] features)
        {
            int columns = data.Length / rows, blocks = (rows + Block - 1) / Block;
            device.For(blocks, block =>
            {
                int start = block * Block, count = Math.Min(Block, rows - start);
                for (int feature = 0; feature < phases.Length; feature++)
                {
                    var values = features.AsSpan(feature * rows + start, count);
                    values.Fill(phases[feature]);
                    for (int column = 0; column < columns; column++)
                    {
                        TensorPrimitives.MultiplyAdd(
                            data.AsSpan(column * rows + start, count), weights[feature * columns + column], values, values);
                    }

                    Cosines(values, Math.Sqrt(2));
                }
            });
        }

        // TensorPrimitives.Cos computes an element one way or another by what stands beside it in a vector, and so by the
        // address: two runs differ in last bits, which nearly dependent features of S make 1e-10.
        static void Cosines(Span<double> values, double scale)
        {
            int i = 0;
            for (; i <= values.Length - 4; i += 4)
            {
                (Cosine(Vector256.Create<double>(values[i..])) * scale).CopyTo(values[i..]);
            }

            if (i < values.Length)
            {
                Span<double> last = stackalloc double[4];
                last.Clear();
                values[i..].CopyTo(last);
                (Cosine(Vector256.Create<double>(last)) * scale).CopyTo(last);
                last[..(values.Length - i)].CopyTo(values[i..]);
            }
        }

        // x = kπ + r with |r| ≤ π/2, π in two parts (Cody and Waite 1980), and the series of cos r, whose next term
        // is below 2e-17: an error of 2e-16 for |x| up to a million.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<double> Cosine(Vector256<double> x)
        {
            var k = Vector256.Round(x * (1 / Math.PI));
            var r = Vector256.FusedMultiplyAdd(k, Vector256.Create(-3.141592653589793), x);
            r = Vector256.FusedMultiplyAdd(k, Vector256.Create(-1.2246467991473532e-16), r);
            var square = r * r;
            var sum = Vector256.Create(4.110317623312165e-19);                                                  // 1/20!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(-1.5619206968586225e-16));           // 1/18!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(4.779477332387385e-14));             // 1/16!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(-1.1470745597729725e-11));           // 1/14!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(2.08767569878681e-9));               // 1/12!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(-2.755731922398589e-7));             // 1/10!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(2.48015873015873e-5));               // 1/8!
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(-1.0 / 720));
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(1.0 / 24));
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256.Create(-0.5));
            sum = Vector256.FusedMultiplyAdd(sum, square, Vector256<double>.One);

            // cos(kπ + r) = (−1)ᵏ cos r.
            var half = k * 0.5;
            var odd = k - 2 * Vector256.Floor(half);
            return sum - 2 * odd * sum;
        }
    }
}
