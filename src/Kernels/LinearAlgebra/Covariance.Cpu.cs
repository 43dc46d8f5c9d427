using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class Covariance
{
    internal sealed unsafe class Cpu(CpuDevice device) : Covariance
    {
        // 16 columns by 16 columns by 256 rows: 64 KiB of data, which stays in the second-level cache.
        const int Tile = 16, RowBlock = 256;

        // 4 × 2 columns: 8 sums, 6 loads for 8 multiply-adds, all in registers.
        const int Tall = 4, Wide = 2;

        private protected override void Centre(DeviceArray<double> data, int rows, int columns) =>
            device.For(columns, column =>
            {
                var values = data.Span.Slice(column * rows, rows);
                TensorPrimitives.Subtract(values, TensorPrimitives.Sum<double>(values) / rows, values);
            });

        private protected override void Multiply(DeviceArray<double> data, int rows, int columns, DeviceArray<double> covariance)
        {
            int tiles = (columns + Tile - 1) / Tile;
            device.For(tiles * (tiles + 1) / 2, pair =>
            {
                // Pairs (0,0), (0,1), (1,1), (0,2), …: the column of tiles is the triangle the pair lies in.
                int second = (int)((Math.Sqrt(8.0 * pair + 1) - 1) / 2);
                MultiplyTile(data.Start, rows, columns, pair - second * (second + 1) / 2, second, covariance.Start);
            });
        }

        static void MultiplyTile(double* data, int rows, int columns, int first, int second, double* covariance)
        {
            double* sums = stackalloc double[Tile * Tile];
            new Span<double>(sums, Tile * Tile).Clear();
            int left = first * Tile, right = second * Tile;
            int tall = Math.Min(Tile, columns - left), wide = Math.Min(Tile, columns - right);
            for (int start = 0; start < rows; start += RowBlock)
            {
                int count = Math.Min(RowBlock, rows - start);
                for (int i = 0; i < tall; i += Tall)
                {
                    for (int j = 0; j < wide; j += Wide)
                    {
                        if (left + i <= right + j + Wide - 1)
                        {
                            AddProducts(
                                data + (long)(left + i) * rows + start, Math.Min(Tall, tall - i),
                                data + (long)(right + j) * rows + start, Math.Min(Wide, wide - j), rows, count, sums + i * Tile + j);
                        }
                    }
                }
            }

            for (int i = 0; i < tall; i++)
            {
                for (int j = 0; j < wide; j++)
                {
                    if (left + i <= right + j)
                    {
                        double value = sums[i * Tile + j] / (rows - 1);
                        covariance[(left + i) * columns + right + j] = value;
                        covariance[(right + j) * columns + left + i] = value;
                    }
                }
            }
        }

        /// <summary>Adds the products of up to 4 columns with up to 2 over a block of rows.</summary>
        [SkipLocalsInit]
        static void AddProducts(double* left, int tall, double* right, int wide, long stride, int count, double* sums)
        {
            // Beyond the last column the last one is read again; its sums are not stored.
            double* a0 = left, a1 = left + (tall > 1 ? stride : 0);
            double* a2 = left + (tall > 2 ? 2 * stride : 0), a3 = left + (tall > 3 ? 3 * stride : 0);
            double* b0 = right, b1 = right + (wide > 1 ? stride : 0);
            Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default;
            Vector256<double> s20 = default, s21 = default, s30 = default, s31 = default;
            int row = 0;
            for (; row <= count - 4; row += 4)
            {
                var x0 = Vector256.Load(b0 + row);
                var x1 = Vector256.Load(b1 + row);
                var y = Vector256.Load(a0 + row);
                s00 = Vector256.FusedMultiplyAdd(y, x0, s00);
                s01 = Vector256.FusedMultiplyAdd(y, x1, s01);
                y = Vector256.Load(a1 + row);
                s10 = Vector256.FusedMultiplyAdd(y, x0, s10);
                s11 = Vector256.FusedMultiplyAdd(y, x1, s11);
                y = Vector256.Load(a2 + row);
                s20 = Vector256.FusedMultiplyAdd(y, x0, s20);
                s21 = Vector256.FusedMultiplyAdd(y, x1, s21);
                y = Vector256.Load(a3 + row);
                s30 = Vector256.FusedMultiplyAdd(y, x0, s30);
                s31 = Vector256.FusedMultiplyAdd(y, x1, s31);
            }

            double* total = stackalloc double[Tall * Wide];
            total[0] = Vector256.Sum(s00);
            total[1] = Vector256.Sum(s01);
            total[2] = Vector256.Sum(s10);
            total[3] = Vector256.Sum(s11);
            total[4] = Vector256.Sum(s20);
            total[5] = Vector256.Sum(s21);
            total[6] = Vector256.Sum(s30);
            total[7] = Vector256.Sum(s31);
            for (; row < count; row++)
            {
                total[0] += a0[row] * b0[row];
                total[1] += a0[row] * b1[row];
                total[2] += a1[row] * b0[row];
                total[3] += a1[row] * b1[row];
                total[4] += a2[row] * b0[row];
                total[5] += a2[row] * b1[row];
                total[6] += a3[row] * b0[row];
                total[7] += a3[row] * b1[row];
            }

            for (int i = 0; i < tall; i++)
            {
                for (int j = 0; j < wide; j++)
                {
                    sums[i * Tile + j] += total[i * Wide + j];
                }
            }
        }
    }
}
