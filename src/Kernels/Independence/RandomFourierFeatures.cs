using System.Numerics.Tensors;
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

                    TensorPrimitives.Cos<double>(values, values);
                    TensorPrimitives.Multiply(values, Math.Sqrt(2), values);
                }
            });
        }
    }
}
