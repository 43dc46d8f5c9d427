using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The bias gradient of the GPU twins: <c>sums[j] += Σ values[r, j]</c> over rows r.</summary>
/// <remarks>Shapes: values is (rows, width), sums is (1, width). The CPU twins sum while they pass over the rows anyway.</remarks>
static class ColumnSums
{
    // One group per column; its threads stride over the rows and meet in a group reduction: one fixed order of sums.
    internal sealed class Gpu(GpuDevice device)
    {
        readonly Action<KernelConfig, SumArgs> _sum = device.Accelerator.LoadStreamKernel<SumArgs>(SumKernel);

        internal readonly record struct SumArgs(ArrayView<float> Values, ArrayView<float> Sums, int Rows, int Width);

        internal static void SumKernel(SumArgs args)
        {
            int column = Grid.IdxX;
            float sum = 0;
            for (int row = Group.IdxX; row < args.Rows; row += Group.DimX)
            {
                sum += args.Values[row * args.Width + column];
            }

            sum = GroupSum.Of(sum);
            if (Group.IsFirstThread)
            {
                args.Sums[column] += sum;
            }
        }

        internal void Add(Tensor values, Tensor sums)
        {
            if (values.Rows > 0)
            {
                _sum((values.Width, device.GroupSize(256)), new(values.View, sums.View, values.Rows, values.Width));
            }
        }
    }
}
