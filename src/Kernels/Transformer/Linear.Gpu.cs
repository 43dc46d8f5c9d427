using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Linear
{
    // The bias is laid into y first and the product added to it, so that y is written once less.
    internal sealed class Gpu(GpuDevice device) : Linear
    {
        readonly MatrixMultiply _product = MatrixMultiply.On(device);
        readonly ColumnSums.Gpu _columnSums = new(device);

        readonly Action<Index1D, BiasArgs> _bias =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, BiasArgs>(BiasKernel);

        internal readonly record struct BiasArgs(ArrayView<float> Bias, ArrayView<float> Y, int Width, int Accumulate);

        // one thread per element
        internal static void BiasKernel(Index1D index, BiasArgs args) =>
            args.Y[index] = args.Bias[index % args.Width] + (args.Accumulate != 0 ? args.Y[index] : 0);

        public override void Forward(Tensor x, Tensor weight, Tensor? bias, Tensor y, bool accumulate)
        {
            if (x.Rows == 0)
            {
                return;
            }

            if (bias is { } b)
            {
                _bias(y.Length, new(b.View, y.View, y.Width, accumulate ? 1 : 0));
            }

            _product.Multiply(x, weight, y, transposeB: true, accumulate: accumulate || bias is not null);
        }

        internal override Tensor Pack(Tensor weight, Workspace workspace) => weight;

        internal override void ForwardPacked(Tensor x, Tensor packed, Tensor? bias, Tensor y, bool accumulate) =>
            Forward(x, packed, bias, y, accumulate);

        public override void Backward(
            Tensor dy, Tensor x, Tensor weight, Tensor dx, Tensor dWeight, Tensor? dBias, bool accumulate)
        {
            if (x.Rows > 0)
            {
                _product.Multiply(dy, weight, dx, accumulate: accumulate);
                BackwardWeights(dy, x, dWeight, dBias);
            }
        }

        public override void BackwardWeights(Tensor dy, Tensor x, Tensor dWeight, Tensor? dBias)
        {
            if (x.Rows > 0)
            {
                _product.Multiply(dy, x, dWeight, transposeA: true, accumulate: true);
                if (dBias is { } sums)
                {
                    _columnSums.Add(dy, sums);
                }
            }
        }
    }
}
