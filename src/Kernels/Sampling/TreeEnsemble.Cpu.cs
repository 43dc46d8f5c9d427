using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

public abstract partial class TreeEnsemble
{
    // ---- CPU: a grid is searched by eight rows at once; of masks a word is asked for 32 rows, then for the next ----

    internal sealed unsafe class Cpu(CpuDevice device) : TreeEnsemble
    {
        // Rows whose features stay in the first-level cache while all words are asked.
        const int SlabRows = 256;

        // Four vectors hide the latency of one, and read each split once.
        const int AtOnce = 4 * SimdColumns.Lanes;

        public override void Evaluate(TreeEnsembleTable table, Tensor columns, Tensor predictors)
        {
            float* from = columns.Start, to = predictors.Start;
            int rows = predictors.Width;
            if (table.Grid is { } grid)
            {
                device.For(
                    SimdColumns.Chunks(rows),
                    chunk => GridChunk(table, grid, from, to, chunk * SimdColumns.ChunkRows, rows));
            }
            else if (table.Masks is { } masks)
            {
                device.For(
                    (rows + SlabRows - 1) / SlabRows, slab => MasksSlab(table, masks, from, to, slab * SlabRows, rows));
            }
        }

        static void GridChunk(
            TreeEnsembleTable table, TreeGridTable grid, float* columns, float* predictors, int start, int rows)
        {
            int count = Math.Min(SimdColumns.ChunkRows, rows - start), padded = SimdColumns.Padded(count);
            float* x = stackalloc float[SimdColumns.ChunkRows];
            int* cells = stackalloc int[SimdColumns.ChunkRows];
            new Span<int>(cells, padded).Clear();
            for (int f = 0; f < grid.Count; f++)
            {
                SimdColumns.CopyPadded(columns + (long)table.Columns.Start[f] * rows + start, x, count);
                var axis = grid.Axes.Start[f];
                float* thresholds = grid.Thresholds.Start + axis.Thresholds;
                for (int row = 0; row < padded; row += SimdColumns.Lanes)
                {
                    var v = Vector256.Load(x + row);
                    var place = axis.FirstStep > 0 ? Search(thresholds, axis.FirstStep, v) : Code(v, axis.Last);
                    (Vector256.Load(cells + row) + place * axis.Stride).Store(cells + row);
                }
            }

            for (int output = 0; output < table.Outputs; output++)
            {
                for (int row = 0; row < padded; row += SimdColumns.Lanes)
                {
                    SimdColumns.Gather(grid.Cells.Start + output, Vector256.Load(cells + row)).Store(x + row);
                }

                new Span<float>(x, count).CopyTo(new Span<float>(predictors + (long)output * rows + start, count));
            }
        }

        // How many thresholds lie below x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<int> Search(float* thresholds, int firstStep, Vector256<float> x)
        {
            var place = Vector256<int>.Zero;
            for (int step = firstStep; step > 0; step >>= 1)
            {
                var threshold = SimdColumns.Gather(thresholds, place + Vector256.Create(step - 1));
                place += Vector256.LessThan(threshold, x).AsInt32() & Vector256.Create(step);
            }

            return place;
        }

        static Vector256<int> Code(Vector256<float> x, int last) => Vector256.Max(
            Vector256.Min(Vector256.ConvertToInt32(x), Vector256.Create(last)), Vector256<int>.Zero);

        static void MasksSlab(
            TreeEnsembleTable table, LeafMasksTable masks, float* columns, float* predictors, int start, int rows)
        {
            int count = Math.Min(SlabRows, rows - start), features = table.Columns.Length;
            float[] scratch = ArrayPool<float>.Shared.Rent((features + 1) * SlabRows);
            fixed (float* x = scratch)
            {
                for (int f = 0; f < features; f++)
                {
                    var slab = new Span<float>(x + f * SlabRows, SlabRows);
                    new Span<float>(columns + (long)table.Columns.Start[f] * rows + start, count).CopyTo(slab);
                    slab[count..].Clear();
                }

                int* sums = (int*)(x + features * SlabRows);
                for (int output = 0; output < table.Outputs; output++)
                {
                    new Span<int>(sums, SlabRows).Clear();
                    for (int w = masks.OutputStarts.Start[output]; w < masks.OutputStarts.Start[output + 1]; w++)
                    {
                        for (int row = 0; row < count; row += AtOnce)
                        {
                            Word(masks, w, x + row, sums + row);
                        }
                    }

                    var unit = Vector256.Create(masks.Scale);
                    var middle = Vector256.Create(masks.Bases.Start[output]);
                    for (int row = 0; row < count; row += SimdColumns.Lanes)
                    {
                        var sum = Vector256.ConvertToSingle(Vector256.Load(sums + row));
                        (middle + unit * sum).Store((float*)sums + row);
                    }

                    new Span<float>(sums, count).CopyTo(new Span<float>(predictors + (long)output * rows + start, count));
                }
            }

            ArrayPool<float>.Shared.Return(scratch);
        }

        static void Word(LeafMasksTable masks, int w, float* x, int* sums)
        {
            const int Lanes = SimdColumns.Lanes;
            var word = masks.Words.Start[w];
            Vector256<uint> a = Vector256.Create(word.Leaves), b = a, c = a, d = a;
            var end = masks.Splits.Start + word.EndSplit;
            for (var split = masks.Splits.Start + word.FirstSplit; split < end; split++)
            {
                float* at = x + split->Feature * SlabRows;
                var threshold = Vector256.Create(split->Threshold);
                Vector256<uint> left = Vector256.Create(split->IfLeft), right = Vector256.Create(split->IfRight);
                a &= Keep(Vector256.LessThanOrEqual(Vector256.Load(at), threshold), left, right);
                b &= Keep(Vector256.LessThanOrEqual(Vector256.Load(at + Lanes), threshold), left, right);
                c &= Keep(Vector256.LessThanOrEqual(Vector256.Load(at + 2 * Lanes), threshold), left, right);
                d &= Keep(Vector256.LessThanOrEqual(Vector256.Load(at + 3 * Lanes), threshold), left, right);
            }

            for (int s = word.FirstCodeSplit; s < word.EndCodeSplit; s++)
            {
                var split = masks.CodeSplits.Start[s];
                float* at = x + split.Feature * SlabRows;
                uint* sets = masks.Sets.Start + split.FirstSet;
                Vector256<uint> left = Vector256.Create(split.IfLeft), right = Vector256.Create(split.IfRight);
                a &= Keep(Contains(sets, split.Sets, at), left, right);
                b &= Keep(Contains(sets, split.Sets, at + Lanes), left, right);
                c &= Keep(Contains(sets, split.Sets, at + 2 * Lanes), left, right);
                d &= Keep(Contains(sets, split.Sets, at + 3 * Lanes), left, right);
            }

            float* values = (float*)(masks.Values.Start + w * LeafMasks.WordValues);
            Add(a, values, sums);
            Add(b, values, sums + Lanes);
            Add(c, values, sums + 2 * Lanes);
            Add(d, values, sums + 3 * Lanes);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<uint> Keep(Vector256<float> goesLeft, Vector256<uint> left, Vector256<uint> right) =>
            Vector256.ConditionalSelect(goesLeft.AsUInt32(), left, right);

        // A shift by 32 or more, or by a negative number, gives 0: a code is in at most one word of the set.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<float> Contains(uint* sets, int count, float* at)
        {
            var code = Vector256.ConvertToInt32(Vector256.Load(at));
            var found = Vector256<uint>.Zero;
            for (int s = 0; s < count; s++)
            {
                found |= ShiftRight(Vector256.Create(sets[s]), code - Vector256.Create(s * LeafMasks.WordLeaves));
            }

            return Vector256.Equals(found & Vector256<uint>.One, Vector256<uint>.One).AsSingle();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<uint> ShiftRight(Vector256<uint> word, Vector256<int> by)
        {
            if (Avx2.IsSupported)
            {
                return Avx2.ShiftRightLogicalVariable(word, by.AsUInt32());
            }

            var shifted = Vector256<uint>.Zero;
            for (int lane = 0; lane < SimdColumns.Lanes; lane++)
            {
                shifted = shifted.WithElement(lane, (uint)by[lane] < LeafMasks.WordLeaves ? word[lane] >> by[lane] : 0);
            }

            return shifted;
        }

        // The exponent of a float that is a power of two is the bit's number; zero has the least.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Add(Vector256<uint> leaves, float* values, int* sums)
        {
            var exponent = (Vector256.ConvertToSingle(leaves.AsInt32()).AsInt32() >>> 23) & Vector256.Create(0xFF);
            var place = Vector256.Max(exponent - Vector256.Create(126), Vector256<int>.Zero);
            (Vector256.Load(sums) + SimdColumns.Gather(values, place).AsInt32()).Store(sums);
        }
    }
}
