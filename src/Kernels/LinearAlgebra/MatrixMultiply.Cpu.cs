using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class MatrixMultiply
{
    // The packed product of Goto and van de Geijn (2008): panels of B stay in L2, slivers of A in L1, and a tile of C in
    // vector registers: 6 × 16 in twelve, or 8 × 32 in sixteen with AVX-512.
    internal sealed unsafe class Cpu(CpuDevice device) : MatrixMultiply
    {
        static readonly int TileRows = Vector512.IsHardwareAccelerated ? 8 : 6, TileColumns = Vector512.IsHardwareAccelerated ? 32 : 16;

        // BlockK · TileColumns floats of B are 16 or 32 KiB (in L1); BlockRows · BlockK of A are 144 KiB (in L2), and a panel
        // of B, once laid out, serves UnitRows rows.
        const int BlockK = 256, BlockRows = 144, UnitRows = 2 * BlockRows, BlockColumns = 768;

        // Whole tiles of either height: where C is cut must not depend on the vectors.
        const int RowStep = 24;

        [ThreadStatic]
        static float[]? _packedA, _packedB;

        public override void Multiply(Tensor a, Tensor b, Tensor c, bool transposeA, bool transposeB, bool accumulate)
        {
            var (m, n, k) = Shape(a, b, c, transposeA, transposeB);
            if (m == 0 || n == 0)
            {
                return;
            }

            // Work is cut into blocks of C by size alone, so that thread counts cannot change a bit. Most products here are
            // (tokens, width) by (width, width), so rows are cut; a C of few rows, as a weight's gradient is, is cut in two.
            int rowsPerBlock = m >= 2 * UnitRows ? UnitRows : Math.Max(RowStep, (m / 2 + RowStep - 1) / RowStep * RowStep);
            int rowBlocks = (m + rowsPerBlock - 1) / rowsPerBlock;
            int columnBlocks = (n + BlockColumns - 1) / BlockColumns;

            void Block(int index)
            {
                int row = index / columnBlocks * rowsPerBlock, column = index % columnBlocks * BlockColumns;
                int rows = Math.Min(rowsPerBlock, m - row), columns = Math.Min(BlockColumns, n - column);
                float* pa = a.Start + (transposeA ? row : row * a.Width);
                float* pb = b.Start + (transposeB ? column * b.Width : column);
                float* pc = c.Start + row * n + column;
                if (device.Blas is { } blas)
                {
                    blas.Multiply(rows, columns, k, pa, a.Width, transposeA, pb, b.Width, transposeB, accumulate ? 1 : 0, pc, n);
                }
                else
                {
                    MultiplyBlock(rows, columns, k, pa, a.Width, transposeA, pb, b.Width, transposeB, pc, n, accumulate);
                }
            }

            // Below about a million multiply-adds (10 µs) waking a second thread costs more than it saves.
            if ((long)m * n * k < 1 << 20)
            {
                for (int i = 0; i < rowBlocks * columnBlocks; i++)
                {
                    Block(i);
                }
            }
            else
            {
                device.For(rowBlocks * columnBlocks, Block);
            }
        }

        /// <summary>C (m, n) = op(A) · op(B) + (accumulate ? C : 0) on this thread; leading dimensions in elements.</summary>
        internal static void MultiplyBlock(
            int m, int n, int k, float* a, int lda, bool transposeA, float* b, int ldb, bool transposeB,
            float* c, int ldc, bool accumulate)
        {
            if (k == 0)
            {
                for (int row = 0; row < m && !accumulate; row++)
                {
                    new Span<float>(c + (long)row * ldc, n).Clear();
                }

                return;
            }

            _packedA ??= GC.AllocateArray<float>(BlockRows * BlockK, pinned: true);
            _packedB ??= GC.AllocateArray<float>(BlockColumns * BlockK, pinned: true);
            fixed (float* packedA = _packedA, packedB = _packedB)
            {
                float* edge = stackalloc float[TileRows * TileColumns];
                for (int k0 = 0; k0 < k; k0 += BlockK)
                {
                    int depth = Math.Min(BlockK, k - k0);
                    bool add = accumulate || k0 > 0;
                    for (int n0 = 0; n0 < n; n0 += BlockColumns)
                    {
                        int columns = Math.Min(BlockColumns, n - n0);
                        PackB(b + (transposeB ? (long)n0 * ldb + k0 : (long)k0 * ldb + n0), ldb, transposeB, depth, columns, packedB);
                        for (int m0 = 0; m0 < m; m0 += BlockRows)
                        {
                            int rows = Math.Min(BlockRows, m - m0);
                            PackA(a + (transposeA ? (long)k0 * lda + m0 : (long)m0 * lda + k0), lda, transposeA, rows, depth, packedA);
                            for (int j = 0; j < columns; j += TileColumns)
                            {
                                for (int i = 0; i < rows; i += TileRows)
                                {
                                    float* tileA = packedA + i * depth, tileB = packedB + j * depth;
                                    float* target = c + (long)(m0 + i) * ldc + n0 + j;
                                    if (rows - i >= TileRows && columns - j >= TileColumns)
                                    {
                                        Tile(depth, tileA, tileB, target, ldc, add);
                                    }
                                    else
                                    {
                                        // Summed onto C as in a whole tile, so that no bit tells where tiles end.
                                        int height = Math.Min(TileRows, rows - i), width = Math.Min(TileColumns, columns - j);
                                        if (add)
                                        {
                                            Copy(target, ldc, edge, TileColumns, height, width);
                                        }

                                        Tile(depth, tileA, tileB, edge, TileColumns, add);
                                        Copy(edge, TileColumns, target, ldc, height, width);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }

        // Slivers of TileRows rows, k by k: packed[row / TileRows][p][row % TileRows]; short slivers are filled with zeros.
        static void PackA(float* a, int lda, bool transposed, int rows, int depth, float* packed)
        {
            for (int i = 0; i < rows; i += TileRows, packed += TileRows * depth)
            {
                int count = Math.Min(TileRows, rows - i);
                if (count < TileRows)
                {
                    new Span<float>(packed, TileRows * depth).Clear();
                }

                if (transposed)
                {
                    for (int p = 0; p < depth; p++)
                    {
                        for (int r = 0; r < count; r++)
                        {
                            packed[p * TileRows + r] = a[(long)p * lda + i + r];
                        }
                    }
                }
                else
                {
                    TileProduct.Transpose(a + (long)i * lda, lda, count, depth, packed, TileRows);
                }
            }
        }

        // Slivers of TileColumns columns, k by k, short ones filled with zeros. Rows of b are read along, because a stride of
        // whole pages meets the same few cache lines again and again.
        static void PackB(float* b, int ldb, bool transposed, int depth, int columns, float* packed)
        {
            int whole = columns - columns % TileColumns;
            if (whole < columns)
            {
                new Span<float>(packed + whole * depth, TileColumns * depth).Clear();
            }

            if (transposed)
            {
                for (int j = 0; j < columns; j += TileColumns)
                {
                    int count = Math.Min(TileColumns, columns - j);
                    TileProduct.Transpose(b + (long)j * ldb, ldb, count, depth, packed + j * depth, TileColumns);
                }

                return;
            }

            for (int p = 0; p < depth; p++, b += ldb)
            {
                for (int j = 0; j < columns; j += TileColumns)
                {
                    float* target = packed + j * depth + p * TileColumns;
                    int r = 0, count = Math.Min(TileColumns, columns - j);
                    for (; r + 8 <= count; r += 8)
                    {
                        Vector256.Load(b + j + r).Store(target + r);
                    }

                    for (; r < count; r++)
                    {
                        target[r] = b[j + r];
                    }
                }
            }
        }

        static void Copy(float* source, int sourceRow, float* target, int targetRow, int rows, int columns)
        {
            for (int r = 0; r < rows; r++)
            {
                new ReadOnlySpan<float>(source + (long)r * sourceRow, columns).CopyTo(new(target + (long)r * targetRow, columns));
            }
        }

        // C = A · B + (add ? C : 0) for one tile of packed slivers.
        static void Tile(int depth, float* a, float* b, float* c, int ldc, bool add)
        {
            float* start = add ? c : null;
            if (Vector512.IsHardwareAccelerated)
            {
                TileProduct.Tile8x32(depth, a, 1, TileRows, b, 32, start, ldc, c, ldc);
            }
            else
            {
                TileProduct.Tile6x16(depth, a, 1, TileRows, b, 16, start, ldc, c, ldc);
            }
        }
    }
}
