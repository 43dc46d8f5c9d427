using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    // A group of threads holds a block of rows (queries, or keys and values) in shared memory, and tiles of what they meet (keys and
    // values, or queries) pass by. A thread computes a patch of 4 × 4 scores, so that one element read from shared memory serves four
    // products, and keeps 4 rows of results in registers: in each some of the elements of a head, 4 or for wide heads 8.
    internal sealed class Gpu(GpuDevice device) : Attention
    {
        // Threads that share rows; they are neighbours in a warp. A tile has 4 rows for each of them.
        const int Lanes = 8, Tile = 4 * Lanes;

        // Elements of a head that patches of 4 and of 8 elements a row reach.
        const int MostOfQuads = 4 * Lanes, MostHeadWidth = 8 * Lanes;

        // Threads down a group, where heads are wide and where not; a block has 4 rows for each of them.
        const int MostDownWide = 8, MostDown = 16;

        // Shared memory: rows of a head's width made odd, so that reads down a column meet all banks; and weights, tile by block.
        const int BlockElements = 4 * MostDown * (MostOfQuads + 1), TileElements = Tile * (MostHeadWidth + 1);
        const int WeightElements = Tile * (4 * MostDown + 4);

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, ForwardArgs> _wideForward = device.Accelerator.LoadStreamKernel<ForwardArgs>(WideForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _query = device.Accelerator.LoadStreamKernel<BackwardArgs>(QueryKernel);
        readonly Action<KernelConfig, BackwardArgs> _wideQuery = device.Accelerator.LoadStreamKernel<BackwardArgs>(WideQueryKernel);
        readonly Action<KernelConfig, BackwardArgs> _key = device.Accelerator.LoadStreamKernel<BackwardArgs>(KeyKernel);
        readonly Action<KernelConfig, BackwardArgs> _wideKey = device.Accelerator.LoadStreamKernel<BackwardArgs>(WideKeyKernel);

        // A group of threads serves one set of keys, Grid.IdxX: a problem and one of its heads, or with FirstKeyHead a problem,
        // whose queries are then those of all heads.
        internal readonly record struct Problem(int Inner, int Queries, int Keys, int Heads, int HeadWidth, int KeyWidth, int FirstKeyHead)
        {
            internal int KeyHeads => FirstKeyHead != 0 ? 1 : Heads;

            internal int QueriesOfSet => FirstKeyHead != 0 ? Queries * Heads : Queries;

            // A row of shared memory.
            internal int Pitch => HeadWidth | 1;

            internal float Scale => 1 / XMath.Sqrt((float)HeadWidth);

            // A query's token · Heads + head: its element of logSumExp, and times HeadWidth that of q and o.
            internal int Slot(int query)
            {
                int heads = Heads / KeyHeads, problem = Grid.IdxX / KeyHeads;
                int token = (problem / Inner * Queries + query / heads) * Inner + problem % Inner;
                return token * Heads + (heads > 1 ? query % heads : Grid.IdxX % KeyHeads);
            }

            // Where a key begins in keyValue; its value begins KeyWidth later.
            internal int Key(int j)
            {
                int problem = Grid.IdxX / KeyHeads;
                return ((problem / Inner * Keys + j) * Inner + problem % Inner) * 2 * KeyWidth + Grid.IdxX % KeyHeads * HeadWidth;
            }
        }

        internal readonly record struct ForwardArgs(
            Problem Problem, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O, ArrayView<float> LogSumExp);

        internal static void ForwardKernel(ForwardArgs args) => Forward<Quad>(args);

        internal static void WideForwardKernel(ForwardArgs args) => Forward<Octet>(args);

        // one group per set of keys and block of its queries
        static void Forward<TRow>(ForwardArgs args)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            var problem = args.Problem;
            var queries = SharedMemory.Allocate<float>(BlockElements);
            var keys = SharedMemory.Allocate<float>(TileElements);
            var values = SharedMemory.Allocate<float>(TileElements);
            var weights = SharedMemory.Allocate<float>(WeightElements);
            int block = Grid.IdxY * 4 * Group.DimY;
            LoadQueries(problem, args.Q, problem.Scale, block, 4 * Group.DimY, queries);

            Quad maximum = Quad.All(float.NegativeInfinity), denominator = default;
            Patch<TRow> sums = default;
            for (int first = 0; first < problem.Keys; first += Tile)
            {
                Group.Barrier();
                LoadKeys(problem, args.KeyValue, first, Tile, keys, values);
                Group.Barrier();

                // The running maxima: everything summed so far is scaled down when they rise.
                var scores = KeyScores(problem, queries, keys, problem.Keys - first);
                var peaks = LargestOfLanes(scores.Largest()).Max(maximum);
                var correction = maximum.Minus(peaks).Exp();
                maximum = peaks;

                var p = scores.MinusRows(maximum).Exp();
                denominator = denominator.Times(correction).Plus(p.Sums());
                Share(p, weights);
                sums = Weighted(problem, weights, values, sums.Times(correction));
            }

            denominator = SumOfLanes(denominator);
            int row = block + Group.IdxY, down = Group.DimY;
            Finish(args, row, sums.First, maximum.First, denominator.First);
            Finish(args, row + down, sums.Second, maximum.Second, denominator.Second);
            Finish(args, row + 2 * down, sums.Third, maximum.Third, denominator.Third);
            Finish(args, row + 3 * down, sums.Fourth, maximum.Fourth, denominator.Fourth);
        }

        static void Finish<TRow>(ForwardArgs args, int query, TRow sum, float maximum, float denominator)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            if (query < args.Problem.QueriesOfSet)
            {
                int slot = args.Problem.Slot(query);
                WriteHead(args.Problem, sum.Times(1 / denominator), args.O, slot * args.Problem.HeadWidth, accumulate: 0);
                if (Group.IdxX == 0)
                {
                    args.LogSumExp[slot] = maximum + XMath.Log(denominator);
                }
            }
        }

        internal readonly record struct BackwardArgs(
            Problem Problem, ArrayView<float> DAttended, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O,
            ArrayView<float> LogSumExp, ArrayView<float> Dq, ArrayView<float> DKeyValue, int Accumulate);

        internal static void QueryKernel(BackwardArgs args) => QueryGradients<Quad>(args);

        internal static void WideQueryKernel(BackwardArgs args) => QueryGradients<Octet>(args);

        // one group per set of keys and block of its queries: dq
        static void QueryGradients<TRow>(BackwardArgs args)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            var problem = args.Problem;
            var queries = SharedMemory.Allocate<float>(BlockElements);
            var gradients = SharedMemory.Allocate<float>(BlockElements);
            var keys = SharedMemory.Allocate<float>(TileElements);
            var values = SharedMemory.Allocate<float>(TileElements);
            var weights = SharedMemory.Allocate<float>(WeightElements);
            int block = Grid.IdxY * 4 * Group.DimY, row = block + Group.IdxY, down = Group.DimY;
            LoadQueries(problem, args.Q, problem.Scale, block, 4 * Group.DimY, queries);
            LoadQueries(problem, args.DAttended, 1, block, 4 * Group.DimY, gradients);
            var logSumExp = new Quad(
                LogSumExp(args, row), LogSumExp(args, row + down), LogSumExp(args, row + 2 * down), LogSumExp(args, row + 3 * down));
            var delta = new Quad(
                Delta(args, row), Delta(args, row + down), Delta(args, row + 2 * down), Delta(args, row + 3 * down));

            Patch<TRow> sums = default;
            for (int first = 0; first < problem.Keys; first += Tile)
            {
                Group.Barrier();
                LoadKeys(problem, args.KeyValue, first, Tile, keys, values);
                Group.Barrier();
                var scores = KeyScores(problem, queries, keys, problem.Keys - first);
                var dp = Scores(problem, gradients, values);
                Share(scores.MinusRows(logSumExp).Exp().Times(dp.MinusRows(delta)), weights);
                sums = Weighted(problem, weights, keys, sums);
            }

            sums = sums.Times(Quad.All(problem.Scale));
            WriteQuery(args, row, sums.First);
            WriteQuery(args, row + down, sums.Second);
            WriteQuery(args, row + 2 * down, sums.Third);
            WriteQuery(args, row + 3 * down, sums.Fourth);
        }

        // An infinite one makes all weights of a query that is not there zero.
        static float LogSumExp(BackwardArgs args, int query) =>
            query < args.Problem.QueriesOfSet ? args.LogSumExp[args.Problem.Slot(query)] : float.PositiveInfinity;

        // o · dAttended of a query, which its lanes share out.
        static float Delta(BackwardArgs args, int query)
        {
            float sum = 0;
            if (query < args.Problem.QueriesOfSet)
            {
                int width = args.Problem.HeadWidth, at = args.Problem.Slot(query) * width;
                for (int i = Group.IdxX; i < width; i += Lanes)
                {
                    sum += args.O[at + i] * args.DAttended[at + i];
                }
            }

            return SumOfLanes(sum);
        }

        static void WriteQuery<TRow>(BackwardArgs args, int query, TRow sum)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            if (query < args.Problem.QueriesOfSet)
            {
                WriteHead(args.Problem, sum, args.Dq, args.Problem.Slot(query) * args.Problem.HeadWidth, accumulate: 0);
            }
        }

        internal static void KeyKernel(BackwardArgs args) => KeyGradients<Quad>(args);

        internal static void WideKeyKernel(BackwardArgs args) => KeyGradients<Octet>(args);

        // one group per set of keys and block of them: dk and dv
        static void KeyGradients<TRow>(BackwardArgs args)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            var problem = args.Problem;
            var keys = SharedMemory.Allocate<float>(BlockElements);
            var values = SharedMemory.Allocate<float>(BlockElements);
            var queries = SharedMemory.Allocate<float>(TileElements);
            var gradients = SharedMemory.Allocate<float>(TileElements);
            var weights = SharedMemory.Allocate<float>(WeightElements);
            var logSumExps = SharedMemory.Allocate<float>(Tile);
            var deltas = SharedMemory.Allocate<float>(Tile);
            int block = Grid.IdxY * 4 * Group.DimY;
            LoadKeys(problem, args.KeyValue, block, 4 * Group.DimY, keys, values);

            Patch<TRow> dKeys = default, dValues = default;
            for (int first = 0; first < problem.QueriesOfSet; first += Tile)
            {
                Group.Barrier();
                LoadQueries(problem, args.Q, problem.Scale, first, Tile, queries);
                LoadQueries(problem, args.DAttended, 1, first, Tile, gradients);
                for (int r = Group.IdxY; r < Tile; r += Group.DimY)
                {
                    float delta = Delta(args, first + r);
                    if (Group.IdxX == 0)
                    {
                        deltas[r] = delta;
                        logSumExps[r] = LogSumExp(args, first + r);
                    }
                }

                Group.Barrier();
                var p = Scores(problem, keys, queries).MinusColumns(Quad.Read(logSumExps, Group.IdxX, Lanes)).Exp();
                Share(p, weights);
                dValues = Weighted(problem, weights, gradients, dValues);

                var dp = Scores(problem, values, gradients).MinusColumns(Quad.Read(deltas, Group.IdxX, Lanes));
                Warp.Barrier();
                Share(p.Times(dp), weights);
                dKeys = Weighted(problem, weights, queries, dKeys);
            }

            int row = block + Group.IdxY, down = Group.DimY;
            WriteKey(args, row, dKeys.First, dValues.First);
            WriteKey(args, row + down, dKeys.Second, dValues.Second);
            WriteKey(args, row + 2 * down, dKeys.Third, dValues.Third);
            WriteKey(args, row + 3 * down, dKeys.Fourth, dValues.Fourth);
        }

        static void WriteKey<TRow>(BackwardArgs args, int key, TRow dKey, TRow dValue)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            var problem = args.Problem;
            if (key < problem.Keys)
            {
                int at = problem.Key(key), width = problem.KeyWidth;
                WriteHead(problem, dKey, args.DKeyValue, at, args.Accumulate);
                WriteHead(problem, dValue, args.DKeyValue, at + width, args.Accumulate);

                // With FirstKeyHead no query read the rest of the row: its gradient is zero.
                int rest = problem.FirstKeyHead != 0 && args.Accumulate == 0 ? width : 0;
                for (int i = problem.HeadWidth + Group.IdxX; i < rest; i += Lanes)
                {
                    args.DKeyValue[at + i] = 0;
                    args.DKeyValue[at + width + i] = 0;
                }
            }
        }

        static void WriteHead<TRow>(Problem problem, TRow row, ArrayView<float> to, int at, int accumulate)
            where TRow : unmanaged, IPatchRow<TRow> =>
            row.Write(to, at + Group.IdxX, Lanes, at + problem.HeadWidth, accumulate);

        // Zeros where there are no such queries.
        static void LoadQueries(Problem problem, ArrayView<float> source, float scale, int first, int rows, ArrayView<float> to)
        {
            for (int row = Group.IdxY; row < rows; row += Group.DimY)
            {
                bool there = first + row < problem.QueriesOfSet;
                int at = there ? problem.Slot(first + row) * problem.HeadWidth : 0;
                for (int i = Group.IdxX; i < problem.HeadWidth; i += Lanes)
                {
                    to[row * problem.Pitch + i] = there ? source[at + i] * scale : 0;
                }
            }
        }

        static void LoadKeys(
            Problem problem, ArrayView<float> keyValue, int first, int rows, ArrayView<float> keys, ArrayView<float> values)
        {
            for (int row = Group.IdxY; row < rows; row += Group.DimY)
            {
                bool there = first + row < problem.Keys;
                int at = there ? problem.Key(first + row) : 0;
                for (int i = Group.IdxX; i < problem.HeadWidth; i += Lanes)
                {
                    keys[row * problem.Pitch + i] = there ? keyValue[at + i] : 0;
                    values[row * problem.Pitch + i] = there ? keyValue[at + problem.KeyWidth + i] : 0;
                }
            }
        }

        // This thread's rows of the block times its rows of the tile.
        static Patch<Quad> Scores(Problem problem, ArrayView<float> block, ArrayView<float> tile)
        {
            int pitch = problem.Pitch, row = Group.IdxY * pitch, column = Group.IdxX * pitch;
            Patch<Quad> sums = default;
            for (int i = 0; i < problem.HeadWidth; i++)
            {
                sums = sums.Add(
                    Quad.Read(block, row + i, Group.DimY * pitch), Quad.Read(tile, column + i, Lanes * pitch));
            }

            return sums;
        }

        // The same of queries and keys, of which so many are left: weights of those that are not there become zero.
        static Patch<Quad> KeyScores(Problem problem, ArrayView<float> queries, ArrayView<float> keys, int left) =>
            Scores(problem, queries, keys).Before(left - Group.IdxX, Lanes, float.NegativeInfinity);

        // Shows the lanes of the same rows these weights; they are all of one warp.
        static void Share(Patch<Quad> patch, ArrayView<float> weights)
        {
            int pitch = 4 * Group.DimY + 4, at = Group.IdxX * pitch + Group.IdxY, down = Group.DimY;
            patch.First.Write(weights, at, Lanes * pitch);
            patch.Second.Write(weights, at + down, Lanes * pitch);
            patch.Third.Write(weights, at + 2 * down, Lanes * pitch);
            patch.Fourth.Write(weights, at + 3 * down, Lanes * pitch);
            Warp.Barrier();
        }

        // Adds the tile's rows by their weights.
        static Patch<TRow> Weighted<TRow>(Problem problem, ArrayView<float> weights, ArrayView<float> tile, Patch<TRow> sums)
            where TRow : unmanaged, IPatchRow<TRow>
        {
            int pitch = 4 * Group.DimY + 4;
            for (int k = 0; k < Tile; k++)
            {
                sums = sums.Add(
                    Quad.Read(weights, k * pitch + Group.IdxY, Group.DimY),
                    TRow.Read(tile, k * problem.Pitch + Group.IdxX, Lanes));
            }

            return sums;
        }

        // Of each of a thread's four rows, over the lanes that share them; all are given the same bits.
        static Quad LargestOfLanes(Quad rows) => new(
            LargestOfLanes(rows.First), LargestOfLanes(rows.Second), LargestOfLanes(rows.Third), LargestOfLanes(rows.Fourth));

        static Quad SumOfLanes(Quad rows) =>
            new(SumOfLanes(rows.First), SumOfLanes(rows.Second), SumOfLanes(rows.Third), SumOfLanes(rows.Fourth));

        static float LargestOfLanes(float value)
        {
            for (int mask = Lanes / 2; mask > 0; mask >>= 1)
            {
                value = XMath.Max(value, Warp.ShuffleXor(value, mask));
            }

            return value;
        }

        static float SumOfLanes(float value)
        {
            for (int mask = Lanes / 2; mask > 0; mask >>= 1)
            {
                value += Warp.ShuffleXor(value, mask);
            }

            return value;
        }

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            var problem = Describe(shape, q, keyValue);
            if (shape.QueryTokens > 0)
            {
                var kernel = IsWide(problem) ? _wideForward : _forward;
                kernel(
                    Launch(shape, shape.QueriesOfSet, IsWide(problem)), new(problem, q.View, keyValue.View, o.View, logSumExp.View));
            }
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            var problem = Describe(shape, q, keyValue);
            var args = new BackwardArgs(
                problem, dAttended.View, q.View, keyValue.View, o.View, logSumExp.View, dq.View, dKeyValue.View,
                accumulate ? 1 : 0);
            if (shape.QueryTokens > 0)
            {
                bool wide = IsWide(problem);
                (wide ? _wideQuery : _query)(Launch(shape, shape.QueriesOfSet, wide), args);
                (wide ? _wideKey : _key)(Launch(shape, shape.Keys, wide), args);
            }
        }

        internal static Problem Describe(AttentionShape shape, Tensor q, Tensor keyValue)
        {
            int headWidth = q.Width / shape.Heads;
            return headWidth <= MostHeadWidth
                ? new(
                    shape.Inner, shape.Queries, shape.Keys, shape.Heads, headWidth, keyValue.Width / 2, shape.FirstKeyHead ? 1 : 0)
                : throw new ArgumentException(
                    $"Heads of width {headWidth} are wider than the {MostHeadWidth} that a GPU's kernels reach; use the CPU.");
        }

        static bool IsWide(Problem problem) => problem.HeadWidth > MostOfQuads;

        // As few threads down a group as the rows need, by powers of two from a warp on, up to what shared memory holds.
        KernelConfig Launch(AttentionShape shape, int rows, bool wide)
        {
            int down = device.Accelerator.WarpSize / Lanes;
            int most = device.GroupSize(Lanes * (wide ? MostDownWide : MostDown)) / Lanes;
            while (down < most && 4 * down < rows)
            {
                down *= 2;
            }

            return new(new Index2D(shape.KeySets, (rows + 4 * down - 1) / (4 * down)), new Index2D(Lanes, down));
        }
    }
}
