using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>
/// One token a cell: <c>token = value · weight + bias</c>, the label being the last column with weights of its own.
/// </summary>
/// <remarks>
/// A cell's value is <c>(x − mean) / (std + 1e-20)</c> clipped to ±100, with mean and standard deviation (n − 1) of its
/// column over the context rows; a label's value is the label itself, or the mean context label where it is asked for.
/// A missing or infinite cell takes no part in the statistics and is the mean. Statistics are summed in double.
/// Shapes: cells are (tables · rows, features); labels (tables · rows, 1); statistics (tables · columns, 2), mean and
/// deviation, columns = features + 1; values (tables · rows · columns, 1); tokens, dTokens (tables · rows · columns,
/// width); each weight (width, 1), each bias (1, width).
/// </remarks>
public abstract class FeatureEmbedding
{
    /// <summary>Standardised values are clipped to ± this.</summary>
    public const float Clip = 100;

    /// <summary>nanoTabPFN's guard against a zero deviation; it changes no other.</summary>
    internal const float TinyDeviation = 1e-20f;

    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static FeatureEmbedding On(ComputeDevice device) =>
        device.Choose<FeatureEmbedding>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the statistics of the context rows; each of <paramref name="tables"/> has the same number of them.</summary>
    public abstract void Statistics(int tables, Tensor cells, Tensor labels, Tensor statistics);

    /// <summary>Writes the values of rows of the same tables; null labels are asked for, so their value is the mean label.</summary>
    /// <param name="tables">Number of tables; their rows lie together, in equal numbers.</param>
    /// <param name="cells">Raw cells.</param>
    /// <param name="labels">The rows' labels, or null where they are to be predicted.</param>
    /// <param name="statistics">What <see cref="Statistics"/> wrote.</param>
    /// <param name="zeroConstants">Whether a column that is constant in the context has value 0 everywhere.</param>
    /// <param name="values">Written.</param>
    public abstract void Standardize(
        int tables, Tensor cells, Tensor? labels, Tensor statistics, bool zeroConstants, Tensor values);

    /// <summary>Writes the tokens.</summary>
    public abstract void Forward(
        int columns, Tensor values,
        Tensor featureWeight, Tensor featureBias, Tensor labelWeight, Tensor labelBias, Tensor tokens);

    /// <summary>Adds to the gradients of weights and biases.</summary>
    public abstract void Backward(
        int columns, Tensor dTokens, Tensor values,
        Tensor dFeatureWeight, Tensor dFeatureBias, Tensor dLabelWeight, Tensor dLabelBias);

    // ---- GPU: one thread per column for the statistics, per token or element for the rest ----

    internal sealed class Gpu(GpuDevice device) : FeatureEmbedding
    {
        readonly Action<Index1D, StatisticsArgs> _statistics =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, StatisticsArgs>(StatisticsKernel);

        readonly Action<Index1D, StandardizeArgs> _standardize =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, StandardizeArgs>(StandardizeKernel);

        readonly Action<Index1D, ForwardArgs> _forward =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ForwardArgs>(ForwardKernel);

        readonly Action<KernelConfig, BackwardArgs> _backward = device.Accelerator.LoadStreamKernel<BackwardArgs>(BackwardKernel);

        internal readonly record struct StatisticsArgs(
            ArrayView<float> Cells, ArrayView<float> Labels, ArrayView<float> Statistics, int Rows, int Features);

        internal static void StatisticsKernel(Index1D index, StatisticsArgs args)
        {
            int columns = args.Features + 1, table = index / columns, column = index % columns;
            bool label = column == args.Features;
            var source = label ? args.Labels : args.Cells;
            int stride = label ? 1 : args.Features;
            int first = label ? table * args.Rows : table * args.Rows * args.Features + column;

            // In double: a column like a year or an amount loses its small deviations in a float's sum.
            double sum = 0, squares = 0;
            int count = 0;
            for (int row = 0; row < args.Rows; row++)
            {
                float x = source[first + row * stride];
                if (x - x == 0)
                {
                    sum += x;
                    count++;
                }
            }

            double mean = count == 0 ? 0 : sum / count;
            for (int row = 0; row < args.Rows; row++)
            {
                float x = source[first + row * stride];
                if (x - x == 0)
                {
                    squares += (x - mean) * (x - mean);
                }
            }

            args.Statistics[2 * index] = (float)mean;
            args.Statistics[2 * index + 1] = count < 2 ? 0 : (float)XMath.Sqrt(squares / (count - 1));
        }

        internal readonly record struct StandardizeArgs(
            ArrayView<float> Cells, ArrayView<float> Labels, ArrayView<float> Statistics, ArrayView<float> Values,
            int RowsPerTable, int Features, int HasLabels, int ZeroConstants);

        internal static void StandardizeKernel(Index1D index, StandardizeArgs args)
        {
            int columns = args.Features + 1, row = index / columns, column = index % columns;
            int at = (row / args.RowsPerTable * columns + column) * 2;
            float mean = args.Statistics[at];
            args.Values[index] = column < args.Features
                ? Standardized(args.Cells[row * args.Features + column], mean, args.Statistics[at + 1], args.ZeroConstants != 0)
                : args.HasLabels != 0 ? args.Labels[row] : mean;
        }

        internal readonly record struct ForwardArgs(
            ArrayView<float> Values, ArrayView<float> FeatureWeight, ArrayView<float> FeatureBias,
            ArrayView<float> LabelWeight, ArrayView<float> LabelBias, ArrayView<float> Tokens, int Columns, int Width);

        internal static void ForwardKernel(Index1D index, ForwardArgs args)
        {
            int token = index / args.Width, i = index % args.Width;
            bool label = token % args.Columns == args.Columns - 1;
            args.Tokens[index] = args.Values[token] * (label ? args.LabelWeight[i] : args.FeatureWeight[i])
                + (label ? args.LabelBias[i] : args.FeatureBias[i]);
        }

        internal readonly record struct BackwardArgs(
            ArrayView<float> DTokens, ArrayView<float> Values, ArrayView<float> DFeatureWeight, ArrayView<float> DFeatureBias,
            ArrayView<float> DLabelWeight, ArrayView<float> DLabelBias, int Count, int Columns, int Width);

        // one group per element of the width; its threads stride over the tokens
        internal static void BackwardKernel(BackwardArgs args)
        {
            int i = Grid.IdxX;
            float featureWeight = 0, featureBias = 0, labelWeight = 0, labelBias = 0;
            for (int token = Group.IdxX; token < args.Count; token += Group.DimX)
            {
                float gradient = args.DTokens[token * args.Width + i], product = gradient * args.Values[token];
                bool label = token % args.Columns == args.Columns - 1;
                featureWeight += label ? 0 : product;
                featureBias += label ? 0 : gradient;
                labelWeight += label ? product : 0;
                labelBias += label ? gradient : 0;
            }

            featureWeight = GroupExtensions.AllReduce<float, AddFloat>(featureWeight);
            featureBias = GroupExtensions.AllReduce<float, AddFloat>(featureBias);
            labelWeight = GroupExtensions.AllReduce<float, AddFloat>(labelWeight);
            labelBias = GroupExtensions.AllReduce<float, AddFloat>(labelBias);
            if (Group.IsFirstThread)
            {
                args.DFeatureWeight[i] += featureWeight;
                args.DFeatureBias[i] += featureBias;
                args.DLabelWeight[i] += labelWeight;
                args.DLabelBias[i] += labelBias;
            }
        }

        public override void Statistics(int tables, Tensor cells, Tensor labels, Tensor statistics) => _statistics(
            tables * (cells.Width + 1), new(cells.View, labels.View, statistics.View, cells.Rows / tables, cells.Width));

        public override void Standardize(
            int tables, Tensor cells, Tensor? labels, Tensor statistics, bool zeroConstants, Tensor values)
        {
            if (values.Rows > 0)
            {
                _standardize(
                    values.Rows,
                    new(cells.View, (labels ?? cells).View, statistics.View, values.View,
                        cells.Rows / tables, cells.Width, labels is null ? 0 : 1, zeroConstants ? 1 : 0));
            }
        }

        public override void Forward(
            int columns, Tensor values,
            Tensor featureWeight, Tensor featureBias, Tensor labelWeight, Tensor labelBias, Tensor tokens)
        {
            if (tokens.Length > 0)
            {
                _forward(
                    tokens.Length,
                    new(values.View, featureWeight.View, featureBias.View, labelWeight.View, labelBias.View,
                        tokens.View, columns, tokens.Width));
            }
        }

        public override void Backward(
            int columns, Tensor dTokens, Tensor values,
            Tensor dFeatureWeight, Tensor dFeatureBias, Tensor dLabelWeight, Tensor dLabelBias) => _backward(
            (dTokens.Width, device.GroupSize(256)),
            new(dTokens.View, values.View, dFeatureWeight.View, dFeatureBias.View, dLabelWeight.View, dLabelBias.View,
                values.Rows, columns, dTokens.Width));
    }

    // ---- CPU: a column at a time for the statistics, blocks of rows for the rest ----

    internal sealed unsafe class Cpu(CpuDevice device) : FeatureEmbedding
    {
        const int TokensPerBlock = 256;

        float[] _partials = [];

        public override void Statistics(int tables, Tensor cells, Tensor labels, Tensor statistics)
        {
            int features = cells.Width, columns = features + 1, rows = cells.Rows / tables;
            device.For(tables, table =>
            {
                for (int column = 0; column < columns; column++)
                {
                    float* first = column < features
                        ? cells.Start + (long)table * rows * features + column
                        : labels.Start + (long)table * rows;
                    int stride = column < features ? features : 1;
                    var (mean, deviation) = MeanAndDeviation(first, stride, rows);
                    statistics.Span[(table * columns + column) * 2] = (float)mean;
                    statistics.Span[(table * columns + column) * 2 + 1] = (float)deviation;
                }
            });
        }

        static (double Mean, double Deviation) MeanAndDeviation(float* first, int stride, int rows)
        {
            double sum = 0, squares = 0;
            int count = 0;
            for (int row = 0; row < rows; row++)
            {
                float x = first[(long)row * stride];
                if (float.IsFinite(x))
                {
                    sum += x;
                    count++;
                }
            }

            double mean = count == 0 ? 0 : sum / count;
            for (int row = 0; row < rows; row++)
            {
                float x = first[(long)row * stride];
                if (float.IsFinite(x))
                {
                    squares += (x - mean) * (x - mean);
                }
            }

            return (mean, count < 2 ? 0 : Math.Sqrt(squares / (count - 1)));
        }

        public override void Standardize(
            int tables, Tensor cells, Tensor? labels, Tensor statistics, bool zeroConstants, Tensor values)
        {
            int features = cells.Width, columns = features + 1, rows = cells.Rows, rowsPerTable = rows / tables;
            int rowsPerBlock = Math.Max(1, TokensPerBlock * 8 / columns);
            device.For((rows + rowsPerBlock - 1) / rowsPerBlock, block =>
            {
                for (int row = block * rowsPerBlock; row < Math.Min(rows, (block + 1) * rowsPerBlock); row++)
                {
                    float* table = statistics.Start + (long)(row / rowsPerTable) * columns * 2;
                    float* x = cells.Start + (long)row * features, value = values.Start + (long)row * columns;
                    for (int column = 0; column < features; column++)
                    {
                        value[column] = Standardized(x[column], table[2 * column], table[2 * column + 1], zeroConstants);
                    }

                    value[features] = labels is { } known ? known.Start[row] : table[2 * features];
                }
            });
        }

        public override void Forward(
            int columns, Tensor values,
            Tensor featureWeight, Tensor featureBias, Tensor labelWeight, Tensor labelBias, Tensor tokens)
        {
            int count = values.Rows, width = tokens.Width;
            device.For((count + TokensPerBlock - 1) / TokensPerBlock, block =>
            {
                for (int token = block * TokensPerBlock; token < Math.Min(count, (block + 1) * TokensPerBlock); token++)
                {
                    bool label = token % columns == columns - 1;
                    float* weight = label ? labelWeight.Start : featureWeight.Start;
                    float* bias = label ? labelBias.Start : featureBias.Start;
                    float* target = tokens.Start + (long)token * width;
                    float value = values.Start[token];
                    int i = 0;
                    for (; i + 8 <= width; i += 8)
                    {
                        Vector256.FusedMultiplyAdd(Vector256.Create(value), Vector256.Load(weight + i), Vector256.Load(bias + i))
                            .Store(target + i);
                    }

                    for (; i < width; i++)
                    {
                        target[i] = value * weight[i] + bias[i];
                    }
                }
            });
        }

        public override void Backward(
            int columns, Tensor dTokens, Tensor values,
            Tensor dFeatureWeight, Tensor dFeatureBias, Tensor dLabelWeight, Tensor dLabelBias)
        {
            int count = values.Rows, width = dTokens.Width, blocks = (count + TokensPerBlock - 1) / TokensPerBlock;
            if (_partials.Length < blocks * 4 * width)
            {
                _partials = GC.AllocateUninitializedArray<float>(blocks * 4 * width, pinned: true);
            }

            fixed (float* partials = _partials)
            {
                float* sums = partials;
                device.For(blocks, block =>
                {
                    float* mine = sums + (long)block * 4 * width;
                    new Span<float>(mine, 4 * width).Clear();
                    for (int token = block * TokensPerBlock; token < Math.Min(count, (block + 1) * TokensPerBlock); token++)
                    {
                        float* dw = token % columns == columns - 1 ? mine + 2 * width : mine, db = dw + width;
                        float* gradient = dTokens.Start + (long)token * width;
                        float value = values.Start[token];
                        int i = 0;
                        for (; i + 8 <= width; i += 8)
                        {
                            var g = Vector256.Load(gradient + i);
                            Vector256.FusedMultiplyAdd(Vector256.Create(value), g, Vector256.Load(dw + i)).Store(dw + i);
                            (Vector256.Load(db + i) + g).Store(db + i);
                        }

                        for (; i < width; i++)
                        {
                            dw[i] += value * gradient[i];
                            db[i] += gradient[i];
                        }
                    }
                });

                for (int block = 0; block < blocks; block++)
                {
                    float* mine = sums + (long)block * 4 * width;
                    Add(mine, dFeatureWeight);
                    Add(mine + width, dFeatureBias);
                    Add(mine + 2 * width, dLabelWeight);
                    Add(mine + 3 * width, dLabelBias);
                }
            }
        }

        static void Add(float* values, Tensor target)
        {
            var span = target.Span;
            for (int i = 0; i < span.Length; i++)
            {
                span[i] += values[i];
            }
        }
    }

    /// <summary>A cell's value; one body for kernel and twin.</summary>
    internal static float Standardized(float x, float mean, float deviation, bool zeroConstants)
    {
        // x − x is NaN for what is missing or infinite.
        if (!(x - x == 0) || (zeroConstants && deviation == 0))
        {
            return 0;
        }

        float value = (x - mean) / (deviation + TinyDeviation);
        return value > Clip ? Clip : value < -Clip ? -Clip : value;
    }
}
