using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Generative;

/// <summary>
/// The cross-entropy of one head of each row, <c>log Σ eˣ − x[level]</c>: what makes a generator give the level that it is asked for.
/// </summary>
/// <remarks>
/// Shapes: x, dx are (rows, outputs); chosen is (2 rows), the head of each row and the level in it; a head of −1 is none. losses is
/// (rows, 1). <c>dx += weight (softmax(x) − 1[level])</c> in that head.
/// </remarks>
public abstract class ChosenHeadLoss
{
    /// <summary>The operation on <paramref name="device"/>, with its kernel compiled.</summary>
    public static ChosenHeadLoss On(ComputeDevice device) =>
        device.Choose<ChosenHeadLoss>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the losses and adds to dx.</summary>
    public abstract void Measure(
        DeviceArray<OutputHead> heads, DeviceArray<int> chosen, Tensor x, float weight, Tensor losses, Tensor dx);

    // ---- GPU: one thread per row ----

    internal sealed class Gpu(GpuDevice device) : ChosenHeadLoss
    {
        readonly Action<Index1D, MeasureArgs> _measure =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MeasureArgs>(MeasureKernel);

        internal readonly record struct MeasureArgs(
            ArrayView<OutputHead> Heads, ArrayView<int> Chosen, ArrayView<float> X, ArrayView<float> Losses, ArrayView<float> Dx,
            int Width, float Weight);

        internal static void MeasureKernel(Index1D row, MeasureArgs args)
        {
            int choice = args.Chosen[2 * row], level = args.Chosen[2 * row + 1];
            if (choice < 0)
            {
                args.Losses[row] = 0;
                return;
            }

            var head = args.Heads[choice];
            int x = row * args.Width + head.Start;
            float most = float.NegativeInfinity, sum = 0;
            for (int i = 0; i < head.Levels; i++)
            {
                most = XMath.Max(most, args.X[x + i]);
            }

            for (int i = 0; i < head.Levels; i++)
            {
                sum += XMath.Exp(args.X[x + i] - most);
            }

            args.Losses[row] = most + XMath.Log(sum) - args.X[x + level];
            for (int i = 0; i < head.Levels; i++)
            {
                args.Dx[x + i] += args.Weight * (XMath.Exp(args.X[x + i] - most) / sum - (i == level ? 1 : 0));
            }
        }

        public override void Measure(
            DeviceArray<OutputHead> heads, DeviceArray<int> chosen, Tensor x, float weight, Tensor losses, Tensor dx)
        {
            if (x.Rows > 0)
            {
                _measure(x.Rows, new(heads.View, chosen.View, x.View, losses.View, dx.View, x.Width, weight));
            }
        }
    }

    // ---- CPU: one head of a row is a handful of numbers, so plain loops; blocks of rows in parallel ----

    internal sealed unsafe class Cpu(CpuDevice device) : ChosenHeadLoss
    {
        const int RowsPerBlock = 128;

        public override void Measure(
            DeviceArray<OutputHead> heads, DeviceArray<int> chosen, Tensor x, float weight, Tensor losses, Tensor dx) =>
            device.For((x.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                for (int row = block * RowsPerBlock; row < Math.Min(x.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    int choice = chosen.Span[2 * row], level = chosen.Span[2 * row + 1];
                    losses.Start[row] = 0;
                    if (choice >= 0)
                    {
                        var head = heads.Span[choice];
                        long at = (long)row * x.Width + head.Start;
                        losses.Start[row] = MeasureHead(head.Levels, level, x.Start + at, weight, dx.Start + at);
                    }
                }
            });

        static float MeasureHead(int levels, int level, float* x, float weight, float* dx)
        {
            float most = float.NegativeInfinity, sum = 0;
            for (int i = 0; i < levels; i++)
            {
                most = MathF.Max(most, x[i]);
            }

            for (int i = 0; i < levels; i++)
            {
                sum += MathF.Exp(x[i] - most);
            }

            for (int i = 0; i < levels; i++)
            {
                dx[i] += weight * (MathF.Exp(x[i] - most) / sum - (i == level ? 1 : 0));
            }

            return most + MathF.Log(sum) - x[level];
        }
    }
}
