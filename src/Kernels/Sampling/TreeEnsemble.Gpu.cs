using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

public abstract partial class TreeEnsemble
{
    // ---- GPU: one thread a row of a grid, or a row and output of masks; all threads read the same splits at once ----

    internal sealed class Gpu(GpuDevice device) : TreeEnsemble
    {
        readonly Action<Index1D, GridArgs> _grid =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, GridArgs>(GridKernel);
        readonly Action<Index1D, MasksArgs> _masks =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, MasksArgs>(MasksKernel);

        internal readonly record struct GridArgs(
            int Rows,
            int Outputs,
            int Count,
            ArrayView<int> FeatureColumns,
            ArrayView<GridAxis> Axes,
            ArrayView<float> Thresholds,
            ArrayView<float> Cells,
            ArrayView<float> Columns,
            ArrayView<float> Predictors);

        internal readonly record struct MasksArgs(
            int Rows,
            float Scale,
            ArrayView<int> FeatureColumns,
            ArrayView<LeafWord> Words,
            ArrayView<int> OutputStarts,
            ArrayView<MaskSplit> Splits,
            ArrayView<MaskCodeSplit> CodeSplits,
            ArrayView<uint> Sets,
            ArrayView<int> Values,
            ArrayView<float> Bases,
            ArrayView<float> Columns,
            ArrayView<float> Predictors);

        internal static void GridKernel(Index1D row, GridArgs args)
        {
            int cell = 0;
            for (int f = 0; f < args.Count; f++)
            {
                var axis = args.Axes[f];
                float x = args.Columns[args.FeatureColumns[f] * args.Rows + row];
                int place = 0;
                for (int step = axis.FirstStep; step > 0; step >>= 1)
                {
                    place += args.Thresholds[axis.Thresholds + place + step - 1] < x ? step : 0;
                }

                place = axis.FirstStep > 0 ? place : XMath.Max(XMath.Min((int)x, axis.Last), 0);
                cell += place * axis.Stride;
            }

            for (int output = 0; output < args.Outputs; output++)
            {
                args.Predictors[output * args.Rows + row] = args.Cells[cell + output];
            }
        }

        internal static void MasksKernel(Index1D index, MasksArgs args)
        {
            int output = index / args.Rows, row = index - output * args.Rows;
            int sum = 0;
            for (int w = args.OutputStarts[output]; w < args.OutputStarts[output + 1]; w++)
            {
                var word = args.Words[w];
                uint leaves = word.Leaves;
                for (int s = word.FirstSplit; s < word.EndSplit; s++)
                {
                    var split = args.Splits[s];
                    float x = args.Columns[args.FeatureColumns[split.Feature] * args.Rows + row];
                    leaves &= x <= split.Threshold ? split.IfLeft : split.IfRight;
                }

                for (int s = word.FirstCodeSplit; s < word.EndCodeSplit; s++)
                {
                    var split = args.CodeSplits[s];
                    int code = (int)args.Columns[args.FeatureColumns[split.Feature] * args.Rows + row];
                    bool isLeft = code >= 0 && code < split.Sets * LeafMasks.WordLeaves
                        && (args.Sets[split.FirstSet + (code >> 5)] >> (code & 31) & 1) != 0;
                    leaves &= isLeft ? split.IfLeft : split.IfRight;
                }

                // The exponent of a float that is a power of two is the bit's number; zero has the least.
                int exponent = (int)(Interop.FloatAsInt((float)(int)leaves) >> 23 & 0xFF);
                sum += args.Values[w * LeafMasks.WordValues + XMath.Max(exponent - 126, 0)];
            }

            args.Predictors[index] = args.Bases[output] + args.Scale * sum;
        }

        public override void Evaluate(TreeEnsembleTable table, Tensor columns, Tensor predictors)
        {
            if (table.Grid is { } grid)
            {
                _grid(predictors.Width, new(
                    predictors.Width, table.Outputs, grid.Count, table.Columns.View, grid.Axes.View,
                    grid.Thresholds.View, grid.Cells.View, columns.View, predictors.View));
            }
            else if (table.Masks is { } masks)
            {
                _masks(predictors.Length, new(
                    predictors.Width, masks.Scale, table.Columns.View, masks.Words.View, masks.OutputStarts.View,
                    masks.Splits.View, masks.CodeSplits.View, masks.Sets.View, masks.Values.View, masks.Bases.View,
                    columns.View, predictors.View));
            }
        }
    }
}
