using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class Covariance
{
    // The data are read once. Rows come in groups that fit a cache; each group is copied with its own mean taken out, and
    // half of XᵀX is added up from the copy. What lies between the groups' means, the same sum of their few rows adds
    // (Chan, Golub and LeVeque 1983): as accurate as taking the mean of all rows out first.
    internal sealed unsafe class Cpu(CpuDevice device) : Covariance
    {
        // A block of 256 rows: 4 columns by 3 are 14 KiB, by a strip of 12 they are 32 KiB, a whole first-level cache. The
        // eight doubles between columns keep them from falling on the same cache lines.
        const int Block = 256, Stride = Block + 8, Tall = 4, Wide = 3, Strip = 4 * Wide;

        // Tall tables are cut into chunks of rows with sums of their own, 8 MiB of them at most; wide ones into strips of
        // the result. By size alone, so that the number of threads changes no bit.
        const int Chunks = 64, MostColumnsOfChunk = 256, TallRows = 16 * Block, SumsLength = 1 << 20;

        // 8 MiB of the copy at a time for wide tables.
        const int SlabLength = 1 << 20;

        // Below a million multiply-adds (50 µs) a second thread is not worth waking.
        const long SmallestParallel = 1 << 20;

        private protected override void ComputeOn(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance)
        {
            var starts = new double*[columns];
            for (int column = 0; column < columns; column++)
            {
                starts[column] = data.Start + (long)column * rows;
            }

            fixed (double** start = starts)
            {
                Compute(start, rows, columns, covariance.Start);
            }
        }

        private protected override void ComputeFrom(
            IReadOnlyList<ReadOnlyMemory<double>> columns, int rows, DeviceArray<double> covariance)
        {
            var pins = new MemoryHandle[columns.Count];
            var starts = new double*[columns.Count];
            for (int column = 0; column < columns.Count; column++)
            {
                pins[column] = columns[column].Pin();
                starts[column] = (double*)pins[column].Pointer;
            }

            fixed (double** start = starts)
            {
                Compute(start, rows, columns.Count, covariance.Start);
            }

            foreach (var pin in pins)
            {
                pin.Dispose();
            }
        }

        void Compute(double** columns, int rows, int count, double* covariance)
        {
            int padded = (count + Strip - 1) / Strip * Strip;
            using var sums = device.Allocate<double>(padded * padded);
            AddGroups(columns, rows, count, padded, sums, centre: true);
            for (int j = 0; j < count; j++)
            {
                for (int i = 0; i <= j; i++)
                {
                    covariance[(long)i * count + j] = covariance[(long)j * count + i] = sums.Start[(long)j * padded + i] / (rows - 1);
                }
            }
        }

        void AddGroups(double** columns, int rows, int count, int padded, DeviceArray<double> sums, bool centre)
        {
            bool tall = count <= MostColumnsOfChunk && rows >= TallRows;
            int group = tall ? Block : Math.Max(1, SlabLength / padded / Block) * Block;
            int groups = (rows + group - 1) / group;
            using var means = device.Allocate<double>(groups * count);
            if (tall)
            {
                AddChunks(columns, rows, count, padded, sums, means.Start, centre);
            }
            else
            {
                AddSlabs(columns, rows, count, padded, sums, means.Start, centre, group);
            }

            if (centre && groups > 1)
            {
                AddBetween(rows, count, padded, sums, means.Start, group, groups);
            }
        }

        // The groups' means as rows, each weighted by the root of its group's size.
        void AddBetween(int rows, int count, int padded, DeviceArray<double> sums, double* means, int group, int groups)
        {
            double*[] columns = new double*[count];
            for (int column = 0; column < count; column++)
            {
                double* own = columns[column] = means + (long)column * groups;
                double total = 0;
                for (int g = 0; g < groups; g++)
                {
                    total += own[g] * Math.Min(group, rows - g * group);
                }

                double mean = total / rows;
                for (int g = 0; g < groups; g++)
                {
                    own[g] = (own[g] - mean) * Math.Sqrt(Math.Min(group, rows - g * group));
                }
            }

            fixed (double** start = columns)
            {
                AddGroups(start, groups, count, padded, sums, centre: false);
            }
        }

        void AddChunks(
            double** columns, int rows, int count, int padded, DeviceArray<double> sums, double* means, bool centre)
        {
            int blocks = (rows + Block - 1) / Block, chunks = Math.Min(Chunks, SumsLength / (padded * padded));
            using var parts = device.Allocate<double>(chunks * padded * padded);
            device.For(chunks, chunk =>
            {
                var rented = ArrayPool<double>.Shared.Rent(padded * Stride);
                fixed (double* packed = rented)
                {
                    double* part = parts.Start + (long)chunk * padded * padded;
                    new Span<double>(packed + count * Stride, (padded - count) * Stride).Clear();
                    for (int block = (int)((long)blocks * chunk / chunks); block < (int)((long)blocks * (chunk + 1) / chunks); block++)
                    {
                        int first = block * Block, length = Math.Min(Block, rows - first);
                        for (int column = 0; column < count; column++)
                        {
                            double mean = centre ? Mean(columns[column] + first, length) : 0;
                            means[(long)column * blocks + block] = mean;
                            Pack(columns[column] + first, length, mean, packed + column * Stride);
                        }

                        for (int strip = 0; strip < padded; strip += Strip)
                        {
                            AddStrip(packed, strip, (length + 3) & -4, part, padded);
                        }
                    }
                }

                ArrayPool<double>.Shared.Return(rented);
            });

            for (int chunk = 0; chunk < chunks; chunk++)
            {
                double* part = parts.Start + (long)chunk * padded * padded;
                for (int i = 0; i < padded * padded; i++)
                {
                    sums.Start[i] += part[i];
                }
            }
        }

        void AddSlabs(
            double** columns, int rows, int count, int padded, DeviceArray<double> sums, double* means, bool centre, int slab)
        {
            int slabs = (rows + slab - 1) / slab, blocks = (Math.Min(slab, rows) + Block - 1) / Block;
            using var packed = device.Allocate<double>(blocks * padded * Stride);
            bool parallel = (long)Math.Min(slab, rows) * count * count / 2 >= SmallestParallel;
            for (int s = 0; s < slabs; s++)
            {
                int first = s * slab, length = Math.Min(slab, rows - first);
                For(parallel, count, column =>
                {
                    double mean = centre ? Mean(columns[column] + first, length) : 0;
                    means[(long)column * slabs + s] = mean;
                    for (int row = 0; row < length; row += Block)
                    {
                        Pack(
                            columns[column] + first + row, Math.Min(Block, length - row), mean,
                            packed.Start + (row / Block * padded + column) * (long)Stride);
                    }
                });

                // The last strips are the longest and begin first.
                For(parallel, padded / Strip, strip =>
                {
                    for (int row = 0; row < length; row += Block)
                    {
                        AddStrip(
                            packed.Start + row / Block * padded * (long)Stride, padded - (strip + 1) * Strip,
                            (Math.Min(Block, length - row) + 3) & -4, sums.Start, padded);
                    }
                });
            }
        }

        void For(bool parallel, int count, Action<int> body)
        {
            for (int i = 0; !parallel && i < count; i++)
            {
                body(i);
            }

            if (parallel)
            {
                device.For(count, body);
            }
        }

        static double Mean(double* values, int length)
        {
            Vector256<double> a = default, b = default, c = default, d = default;
            int i = 0;
            for (; i <= length - 16; i += 16)
            {
                a += Vector256.Load(values + i);
                b += Vector256.Load(values + i + 4);
                c += Vector256.Load(values + i + 8);
                d += Vector256.Load(values + i + 12);
            }

            double sum = Vector256.Sum((a + b) + (c + d));
            for (; i < length; i++)
            {
                sum += values[i];
            }

            return sum / length;
        }

        static void Pack(double* values, int length, double mean, double* packed)
        {
            var minus = Vector256.Create(mean);
            int i = 0;
            for (; i <= length - 4; i += 4)
            {
                (Vector256.Load(values + i) - minus).Store(packed + i);
            }

            for (; i < length; i++)
            {
                packed[i] = values[i] - mean;
            }

            for (; (i & 3) != 0; i++)
            {
                packed[i] = 0;
            }
        }

        /// <summary>Adds the products of a strip's 12 columns with all columns up to them.</summary>
        static void AddStrip(double* packed, int strip, int length, double* sums, int padded)
        {
            for (int i = 0; i < strip + Strip; i += Tall)
            {
                for (int j = strip; j < strip + Strip; j += Wide)
                {
                    if (i < j + Wide)
                    {
                        AddTile(packed + i * Stride, packed + j * Stride, length, sums + (long)j * padded + i, padded);
                    }
                }
            }
        }

        // 4 × 3 columns: 12 sums, 7 loads for 12 multiply-adds, in the sixteen registers of AVX2.
        [SkipLocalsInit]
        static void AddTile(double* a, double* b, int length, double* sums, int padded)
        {
            Vector256<double> s00 = default, s10 = default, s20 = default, s30 = default;
            Vector256<double> s01 = default, s11 = default, s21 = default, s31 = default;
            Vector256<double> s02 = default, s12 = default, s22 = default, s32 = default;
            for (double* end = a + length; a < end; a += 4, b += 4)
            {
                var x0 = Vector256.Load(b);
                var x1 = Vector256.Load(b + Stride);
                var x2 = Vector256.Load(b + 2 * Stride);
                var y = Vector256.Load(a);
                s00 = Vector256.FusedMultiplyAdd(y, x0, s00);
                s01 = Vector256.FusedMultiplyAdd(y, x1, s01);
                s02 = Vector256.FusedMultiplyAdd(y, x2, s02);
                y = Vector256.Load(a + Stride);
                s10 = Vector256.FusedMultiplyAdd(y, x0, s10);
                s11 = Vector256.FusedMultiplyAdd(y, x1, s11);
                s12 = Vector256.FusedMultiplyAdd(y, x2, s12);
                y = Vector256.Load(a + 2 * Stride);
                s20 = Vector256.FusedMultiplyAdd(y, x0, s20);
                s21 = Vector256.FusedMultiplyAdd(y, x1, s21);
                s22 = Vector256.FusedMultiplyAdd(y, x2, s22);
                y = Vector256.Load(a + 3 * Stride);
                s30 = Vector256.FusedMultiplyAdd(y, x0, s30);
                s31 = Vector256.FusedMultiplyAdd(y, x1, s31);
                s32 = Vector256.FusedMultiplyAdd(y, x2, s32);
            }

            Add(sums, s00, s10, s20, s30);
            Add(sums + padded, s01, s11, s21, s31);
            Add(sums + 2L * padded, s02, s12, s22, s32);
        }

        /// <summary>Adds the sum of each of four vectors to one of four neighbours.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Add(double* sums, Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d)
        {
            if (Avx.IsSupported)
            {
                var ab = Avx.HorizontalAdd(a, b);
                var cd = Avx.HorizontalAdd(c, d);
                var total = Avx.Permute2x128(ab, cd, 0x20) + Avx.Permute2x128(ab, cd, 0x31);
                (Vector256.Load(sums) + total).Store(sums);
            }
            else
            {
                sums[0] += Vector256.Sum(a);
                sums[1] += Vector256.Sum(b);
                sums[2] += Vector256.Sum(c);
                sums[3] += Vector256.Sum(d);
            }
        }
    }
}
