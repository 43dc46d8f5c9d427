using System.Buffers;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class Covariance
{
    // The data are read once. Rows come in groups that fit a cache; each group is copied with its own mean taken out, and
    // half of XᵀX is added up from the copy. What lies between the groups' means, the same sum of their few rows adds
    // (Chan, Golub and LeVeque 1983): as accurate as taking the mean of all rows out first.
    internal sealed unsafe class Cpu(CpuDevice device, ColumnTiles tiles) : Covariance
    {
        const int Block = ColumnTiles.Block, Stride = ColumnTiles.Stride;

        // Tall tables are cut into chunks of rows with sums of their own, 8 MiB of them at most; wide ones into strips of
        // the result. By size alone, so that the number of threads changes no bit.
        const int Chunks = 64, MostColumnsOfChunk = 256, TallRows = 16 * Block, SumsLength = 1 << 20;

        // Columns of the result that are written beside one another, each with its mirror image's row.
        const int Mirrored = 16;

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
            int padded = tiles.Padded(count);
            using var sums = device.Allocate<double>(padded * padded);
            AddGroups(columns, rows, count, padded, sums, centre: true);
            For(count > MostColumnsOfChunk, (count + Mirrored - 1) / Mirrored, part =>
            {
                int first = part * Mirrored, end = Math.Min(first + Mirrored, count);
                for (int i = 0; i < end; i++)
                {
                    for (int j = Math.Max(i, first); j < end; j++)
                    {
                        double value = sums.Start[(long)j * padded + i] / (rows - 1);
                        covariance[(long)i * count + j] = covariance[(long)j * count + i] = value;
                    }
                }
            });
        }

        void AddGroups(double** columns, int rows, int count, int padded, DeviceArray<double> sums, bool centre)
        {
            bool tall = count <= MostColumnsOfChunk && rows >= TallRows;
            int group = tall ? Block : Math.Max(1, SlabLength / count / Block) * Block;
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
            int blocks = (rows + Block - 1) / Block;
            int chunks = Math.Min(Chunks, Math.Min((blocks + 1) / 2, SumsLength / (count * count)));
            using var parts = device.Allocate<double>(chunks * padded * padded);
            device.For(chunks, chunk =>
            {
                var rented = ArrayPool<double>.Shared.Rent(padded * Stride + 8);
                fixed (double* start = rented)
                {
                    double* packed = (double*)(((nint)start + 63) & -64); // no load crosses a cache line
                    double* part = parts.Start + (long)chunk * padded * padded;
                    new Span<double>(packed + count * Stride, (padded - count) * Stride).Clear();
                    for (int block = (int)((long)blocks * chunk / chunks); block < (int)((long)blocks * (chunk + 1) / chunks); block++)
                    {
                        int first = block * Block, length = Math.Min(Block, rows - first);
                        for (int column = 0; column < count; column++)
                        {
                            double mean = centre ? Mean(columns[column] + first, length) : 0;
                            means[(long)column * blocks + block] = mean;
                            ColumnTiles.Pack(columns[column] + first, length, mean, packed + column * Stride);
                        }

                        var next = new NextColumns(columns, count, first + length, Math.Min(Block, rows - first - length));
                        for (int strip = 0; strip < padded; strip += tiles.Strip)
                        {
                            tiles.AddStripBelow(packed, count, strip, length, part, padded, ref next);
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
                        ColumnTiles.Pack(
                            columns[column] + first + row, Math.Min(Block, length - row), mean,
                            packed.Start + (row / Block * padded + column) * (long)Stride);
                    }
                });

                // The last strips are the longest and begin first.
                For(parallel, padded / tiles.Strip, strip =>
                {
                    var none = default(NextColumns);
                    for (int row = 0; row < length; row += Block)
                    {
                        tiles.AddStripBelow(
                            packed.Start + row / Block * padded * (long)Stride, count, padded - (strip + 1) * tiles.Strip,
                            Math.Min(Block, length - row), sums.Start, padded, ref none);
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
    }
}
