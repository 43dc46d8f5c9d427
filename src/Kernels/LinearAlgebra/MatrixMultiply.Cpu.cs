using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.LinearAlgebra;

public abstract partial class MatrixMultiply
{
    // The packed product of Goto and van de Geijn (2008): panels of B stay in L2, slivers of A in L1, and a 6 × 16 tile
    // of C in twelve vector registers (two more for B, one for A, of the sixteen that AVX2 has).
    internal sealed unsafe class Cpu(CpuDevice device) : MatrixMultiply
    {
        const int TileRows = 6, TileColumns = 16;

        // BlockK · TileColumns floats of B are 16 KiB (half of L1); BlockRows · BlockK of A are 144 KiB (in L2).
        const int BlockK = 256, BlockRows = 24 * TileRows, BlockColumns = 48 * TileColumns;

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
            int rowsPerBlock = m >= 2 * BlockRows ? BlockRows : Math.Max(TileRows, (m / 2 + TileRows - 1) / TileRows * TileRows);
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
                                        Tile(depth, tileA, tileB, edge, TileColumns, add: false);
                                        CopyEdge(edge, target, ldc, Math.Min(TileRows, rows - i), Math.Min(TileColumns, columns - j), add);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }

        // Slivers of six rows, k by k: packed[(row / 6) · 6 · depth + p · 6 + row % 6]; short slivers are filled with zeros.
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
                    for (int r = 0; r < count; r++)
                    {
                        float* source = a + (long)(i + r) * lda;
                        for (int p = 0; p < depth; p++)
                        {
                            packed[p * TileRows + r] = source[p];
                        }
                    }
                }
            }
        }

        // Slivers of sixteen columns, k by k, short ones filled with zeros.
        static void PackB(float* b, int ldb, bool transposed, int depth, int columns, float* packed)
        {
            for (int j = 0; j < columns; j += TileColumns, packed += TileColumns * depth)
            {
                int count = Math.Min(TileColumns, columns - j);
                if (count < TileColumns)
                {
                    new Span<float>(packed, TileColumns * depth).Clear();
                }

                if (transposed)
                {
                    for (int r = 0; r < count; r++)
                    {
                        float* source = b + (long)(j + r) * ldb;
                        for (int p = 0; p < depth; p++)
                        {
                            packed[p * TileColumns + r] = source[p];
                        }
                    }
                }
                else
                {
                    for (int p = 0; p < depth; p++)
                    {
                        new ReadOnlySpan<float>(b + (long)p * ldb + j, count).CopyTo(new Span<float>(packed + p * TileColumns, count));
                    }
                }
            }
        }

        static void CopyEdge(float* edge, float* target, int ldc, int rows, int columns, bool add)
        {
            for (int r = 0; r < rows; r++)
            {
                for (int j = 0; j < columns; j++)
                {
                    float value = edge[r * TileColumns + j];
                    target[(long)r * ldc + j] = add ? target[(long)r * ldc + j] + value : value;
                }
            }
        }

        // Twelve accumulators, named: an array of vectors would live on the stack.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        static void Tile(int depth, float* a, float* b, float* c, int ldc, bool add)
        {
            Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
            Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
            for (int p = 0; p < depth; p++, a += TileRows, b += TileColumns)
            {
                var b0 = Vector256.Load(b);
                var b1 = Vector256.Load(b + 8);
                var x = Vector256.Create(a[0]);
                c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
                c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
                x = Vector256.Create(a[1]);
                c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
                c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
                x = Vector256.Create(a[2]);
                c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
                c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
                x = Vector256.Create(a[3]);
                c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
                c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
                x = Vector256.Create(a[4]);
                c40 = Vector256.FusedMultiplyAdd(x, b0, c40);
                c41 = Vector256.FusedMultiplyAdd(x, b1, c41);
                x = Vector256.Create(a[5]);
                c50 = Vector256.FusedMultiplyAdd(x, b0, c50);
                c51 = Vector256.FusedMultiplyAdd(x, b1, c51);
            }

            Write(c, c00, c01, add);
            Write(c + ldc, c10, c11, add);
            Write(c + 2L * ldc, c20, c21, add);
            Write(c + 3L * ldc, c30, c31, add);
            Write(c + 4L * ldc, c40, c41, add);
            Write(c + 5L * ldc, c50, c51, add);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Write(float* c, Vector256<float> low, Vector256<float> high, bool add)
        {
            if (add)
            {
                low += Vector256.Load(c);
                high += Vector256.Load(c + 8);
            }

            low.Store(c);
            high.Store(c + 8);
        }
    }
}
