using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// A non-decreasing function of one column, from a table: the g of a post-nonlinear model x := g(f(parents) + noise).
/// </summary>
/// <remarks>
/// Shapes: input and output are (1, rows), and may be the same column. Two forms. <see cref="Codes"/>: the number of
/// thresholds ≤ input, for columns that take a list of values. <see cref="Interpolate"/>: linear between knots and
/// constant outside them, for continuous columns. The search is exact on every device.
/// </remarks>
public abstract class MonotoneLink
{
    /// <summary>The operation on <paramref name="device"/>.</summary>
    public static MonotoneLink On(ComputeDevice device) =>
        device.Choose<MonotoneLink>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes the number of thresholds that are at most the input.</summary>
    public abstract void Codes(LinkTable table, Tensor input, Tensor output);

    /// <summary>Writes the value at the input, interpolated between the table's knots.</summary>
    public abstract void Interpolate(LinkTable table, Tensor input, Tensor output);

    // ---- GPU: one thread a row, a binary search without branches ----

    internal sealed class Gpu(GpuDevice device) : MonotoneLink
    {
        readonly Action<Index1D, LinkArgs> _codes =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, LinkArgs>(CodesKernel);
        readonly Action<Index1D, LinkArgs> _interpolate =
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, LinkArgs>(InterpolateKernel);

        internal readonly record struct LinkArgs(
            int Count,
            int FirstStep,
            ArrayView<float> Knots,
            ArrayView<float> Values,
            ArrayView<float> Slopes,
            ArrayView<float> Input,
            ArrayView<float> Output);

        internal static void CodesKernel(Index1D row, LinkArgs args) =>
            args.Output[row] = XMath.Min(Search(args.Knots, args.FirstStep, args.Input[row]), args.Count);

        internal static void InterpolateKernel(Index1D row, LinkArgs args)
        {
            // Held at the outer knots, so the search finds at least one (a NaN finds none); the last cell has slope 0.
            float x = XMath.Min(XMath.Max(args.Input[row], args.Knots[0]), args.Knots[args.Count - 1]);
            int cell = XMath.Max(Search(args.Knots, args.FirstStep, x) - 1, 0);
            args.Output[row] = args.Values[cell] + args.Slopes[cell] * (x - args.Knots[cell]);
        }

        static int Search(ArrayView<float> knots, int firstStep, float x)
        {
            int position = 0;
            for (int step = firstStep; step > 0; step >>= 1)
            {
                position += knots[position + step - 1] <= x ? step : 0;
            }

            return position;
        }

        public override void Codes(LinkTable table, Tensor input, Tensor output) =>
            _codes(output.Length, Args(table, input, output));

        public override void Interpolate(LinkTable table, Tensor input, Tensor output) =>
            _interpolate(output.Length, Args(table, input, output));

        static LinkArgs Args(LinkTable table, Tensor input, Tensor output) => new(
            table.Count, table.FirstStep, table.Knots.View, table.Values.View, table.Slopes.View, input.View,
            output.View);
    }

    // ---- CPU: eight rows search at once; each step is one gather ----

    internal sealed unsafe class Cpu(CpuDevice device) : MonotoneLink
    {
        public override void Codes(LinkTable table, Tensor input, Tensor output) =>
            Run(table, input, output, codes: true);

        public override void Interpolate(LinkTable table, Tensor input, Tensor output) =>
            Run(table, input, output, codes: false);

        void Run(LinkTable table, Tensor input, Tensor output, bool codes)
        {
            float* from = input.Start, to = output.Start;
            int rows = output.Length;
            device.For(
                SimdColumns.Chunks(rows),
                chunk => Chunk(table, codes, from, to, chunk * SimdColumns.ChunkRows, rows));
        }

        static void Chunk(LinkTable table, bool codes, float* input, float* output, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* x = stackalloc float[SimdColumns.ChunkRows];
            SimdColumns.CopyPadded(input + start, x, count);
            float* knots = table.Knots.Start, values = table.Values.Start, slopes = table.Slopes.Start;
            var low = Vector256.Create(knots[0]);
            var high = Vector256.Create(knots[table.Count - 1]);
            for (int row = 0; row < padded; row += SimdColumns.Lanes)
            {
                var v = Vector256.Load(x + row);
                if (codes)
                {
                    var position = Vector256.Min(Search(knots, table.FirstStep, v), Vector256.Create(table.Count));
                    Vector256.ConvertToSingle(position).Store(x + row);
                }
                else
                {
                    v = Vector256.Min(Vector256.Max(v, low), high);
                    var cell = Vector256.Max(Search(knots, table.FirstStep, v) - Vector256<int>.One, Vector256<int>.Zero);
                    (SimdColumns.Gather(values, cell)
                        + SimdColumns.Gather(slopes, cell) * (v - SimdColumns.Gather(knots, cell))).Store(x + row);
                }
            }

            new Span<float>(x, count).CopyTo(new Span<float>(output + start, count));
        }

        static Vector256<int> Search(float* knots, int firstStep, Vector256<float> x)
        {
            var position = Vector256<int>.Zero;
            for (int step = firstStep; step > 0; step >>= 1)
            {
                var knot = SimdColumns.Gather(knots, position + Vector256.Create(step - 1));
                position += Vector256.LessThanOrEqual(knot, x).AsInt32() & Vector256.Create(step);
            }

            return position;
        }
    }
}

/// <summary>The table of a <see cref="MonotoneLink"/> on a device. Whoever makes it disposes it.</summary>
public sealed class LinkTable : IDisposable
{
    /// <summary>Thresholds for <see cref="MonotoneLink.Codes"/>, in non-decreasing order, at least one.</summary>
    public LinkTable(ComputeDevice device, ReadOnlySpan<float> thresholds)
        : this(device, thresholds, new float[thresholds.Length]) { }

    /// <summary>
    /// Knots and values for <see cref="MonotoneLink.Interpolate"/>, both in non-decreasing order, at least one.
    /// </summary>
    public LinkTable(ComputeDevice device, ReadOnlySpan<float> knots, ReadOnlySpan<float> values)
    {
        if (knots.IsEmpty || values.Length != knots.Length)
        {
            throw new ArgumentException(
                $"A link needs as many values as knots, at least one, not {knots.Length} and {values.Length}.");
        }

        // Padded with +∞ to 2ᵐ − 1 entries, the search takes m steps for every input.
        Count = knots.Length;
        int length = 1;
        while (length <= Count)
        {
            length <<= 1;
        }

        FirstStep = length >> 1;
        var padded = new float[length];
        Array.Fill(padded, float.PositiveInfinity);
        knots.CopyTo(padded);
        var slopes = new float[Count];
        for (int i = 0; i + 1 < Count; i++)
        {
            float width = knots[i + 1] - knots[i];
            slopes[i] = width > 0 ? (values[i + 1] - values[i]) / width : 0;
        }

        Knots = device.Allocate<float>(padded);
        Values = device.Allocate(values);
        Slopes = device.Allocate<float>(slopes);
    }

    internal int Count { get; }

    internal int FirstStep { get; }

    internal DeviceArray<float> Knots { get; }

    internal DeviceArray<float> Values { get; }

    internal DeviceArray<float> Slopes { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Knots.Dispose();
        Values.Dispose();
        Slopes.Dispose();
    }
}
