using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class Attention
{
    internal sealed class Gpu(GpuDevice device) : Attention
    {
        // Two tiles of 32 keys by 64 are 16 KiB of shared memory; a thread keeps a query, or a key and a value, for itself.
        const int TileRows = 32, MostHeadWidth = 64, GroupSize = 64;

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _query = device.Accelerator.LoadStreamKernel<BackwardArgs>(QueryKernel);
        readonly Action<KernelConfig, BackwardArgs> _key = device.Accelerator.LoadStreamKernel<BackwardArgs>(KeyKernel);

        // A group of threads serves one set of keys, Grid.IdxX: a problem and one of its heads, or with FirstKeyHead a problem,
        // whose queries are then those of all heads.
        internal readonly record struct Problem(int Inner, int Queries, int Keys, int Heads, int HeadWidth, int KeyWidth, int FirstKeyHead)
        {
            internal int KeyHeads => FirstKeyHead != 0 ? 1 : Heads;

            internal int QueriesOfSet => FirstKeyHead != 0 ? Queries * Heads : Queries;

            // Where the set's keys begin in a row of them.
            internal int KeyColumn => Grid.IdxX % KeyHeads * HeadWidth;

            // A query's token · Heads + head: its element of logSumExp, and times HeadWidth that of q and o.
            internal int Slot(int query)
            {
                int heads = Heads / KeyHeads, problem = Grid.IdxX / KeyHeads;
                int token = (problem / Inner * Queries + query / heads) * Inner + problem % Inner;
                return token * Heads + (heads > 1 ? query % heads : Grid.IdxX % KeyHeads);
            }

            internal int Key(int j)
            {
                int problem = Grid.IdxX / KeyHeads;
                return (problem / Inner * Keys + j) * Inner + problem % Inner;
            }
        }

        internal readonly record struct ForwardArgs(
            Problem Problem, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O, ArrayView<float> LogSumExp);

        // one group per set of keys and tile of its queries, a thread each; keys and values pass by in shared tiles
        internal static void ForwardKernel(ForwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.KeyWidth, headWidth = problem.HeadWidth, column = problem.KeyColumn;
            var keys = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var query = LocalMemory.Allocate<float>(MostHeadWidth);
            var sum = LocalMemory.Allocate<float>(MostHeadWidth);

            int s = Grid.IdxY * Group.DimX + Group.IdxX;
            bool active = s < problem.QueriesOfSet;
            int slot = active ? problem.Slot(s) : 0;
            float scale = 1 / XMath.Sqrt((float)headWidth);
            for (int i = 0; i < headWidth; i++)
            {
                query[i] = active ? args.Q[slot * headWidth + i] * scale : 0;
                sum[i] = 0;
            }

            float maximum = float.NegativeInfinity, denominator = 0;
            for (int first = 0; first < problem.Keys; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.Keys - first);
                Group.Barrier();
                LoadKeys(problem, args.KeyValue, first, rows, column, keys, values);
                Group.Barrier();
                for (int j = 0; j < rows; j++)
                {
                    float score = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        score += query[i] * keys[j * headWidth + i];
                    }

                    // The running maximum: everything summed so far is scaled down when it rises.
                    if (score > maximum)
                    {
                        float correction = XMath.Exp(maximum - score);
                        denominator *= correction;
                        for (int i = 0; i < headWidth; i++)
                        {
                            sum[i] *= correction;
                        }

                        maximum = score;
                    }

                    float p = XMath.Exp(score - maximum);
                    denominator += p;
                    for (int i = 0; i < headWidth; i++)
                    {
                        sum[i] += p * values[j * headWidth + i];
                    }
                }
            }

            if (active)
            {
                for (int i = 0; i < headWidth; i++)
                {
                    args.O[slot * headWidth + i] = sum[i] / denominator;
                }

                args.LogSumExp[slot] = maximum + XMath.Log(denominator);
            }
        }

        internal readonly record struct BackwardArgs(
            Problem Problem, ArrayView<float> DAttended, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O,
            ArrayView<float> LogSumExp, ArrayView<float> Dq, ArrayView<float> DKeyValue, int Accumulate);

        // one group per problem, head and tile of queries, a thread each: dq
        internal static void QueryKernel(BackwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.KeyWidth, headWidth = problem.HeadWidth, column = problem.KeyColumn;
            var keys = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var query = LocalMemory.Allocate<float>(MostHeadWidth);
            var gradient = LocalMemory.Allocate<float>(MostHeadWidth);
            var sum = LocalMemory.Allocate<float>(MostHeadWidth);

            int s = Grid.IdxY * Group.DimX + Group.IdxX;
            bool active = s < problem.QueriesOfSet;
            int slot = active ? problem.Slot(s) : 0;
            float scale = 1 / XMath.Sqrt((float)headWidth);
            float delta = 0;
            for (int i = 0; i < headWidth; i++)
            {
                int at = slot * headWidth + i;
                query[i] = active ? args.Q[at] * scale : 0;
                gradient[i] = active ? args.DAttended[at] : 0;
                delta += active ? args.O[at] * gradient[i] : 0;
                sum[i] = 0;
            }

            float logSumExp = active ? args.LogSumExp[slot] : 0;
            for (int first = 0; first < problem.Keys; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.Keys - first);
                Group.Barrier();
                LoadKeys(problem, args.KeyValue, first, rows, column, keys, values);
                Group.Barrier();
                for (int j = 0; j < rows; j++)
                {
                    float score = 0, dp = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        score += query[i] * keys[j * headWidth + i];
                        dp += gradient[i] * values[j * headWidth + i];
                    }

                    float ds = XMath.Exp(score - logSumExp) * (dp - delta) * scale;
                    for (int i = 0; i < headWidth; i++)
                    {
                        sum[i] += ds * keys[j * headWidth + i];
                    }
                }
            }

            if (active)
            {
                for (int i = 0; i < headWidth; i++)
                {
                    args.Dq[slot * headWidth + i] = sum[i];
                }
            }
        }

        // one group per problem, head and tile of keys, a thread each: dk and dv; queries pass by in shared tiles
        internal static void KeyKernel(BackwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.KeyWidth, headWidth = problem.HeadWidth, column = problem.KeyColumn;
            var queries = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var gradients = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var deltas = SharedMemory.Allocate<float>(TileRows);
            var sums = SharedMemory.Allocate<float>(TileRows);
            var key = LocalMemory.Allocate<float>(MostHeadWidth);
            var value = LocalMemory.Allocate<float>(MostHeadWidth);
            var dKey = LocalMemory.Allocate<float>(MostHeadWidth);
            var dValue = LocalMemory.Allocate<float>(MostHeadWidth);

            int j = Grid.IdxY * Group.DimX + Group.IdxX;
            bool active = j < problem.Keys;
            int at = active ? problem.Key(j) * 2 * width + column : 0;
            float scale = 1 / XMath.Sqrt((float)headWidth);
            for (int i = 0; i < headWidth; i++)
            {
                key[i] = active ? args.KeyValue[at + i] : 0;
                value[i] = active ? args.KeyValue[at + width + i] : 0;
                dKey[i] = 0;
                dValue[i] = 0;
            }

            for (int first = 0; first < problem.QueriesOfSet; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.QueriesOfSet - first);
                Group.Barrier();
                for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
                {
                    int source = problem.Slot(first + element / headWidth) * headWidth + element % headWidth;
                    queries[element] = args.Q[source] * scale;
                    gradients[element] = args.DAttended[source];
                }

                for (int r = Group.IdxX; r < rows; r += Group.DimX)
                {
                    int slot = problem.Slot(first + r);
                    float delta = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        int source = slot * headWidth + i;
                        delta += args.O[source] * args.DAttended[source];
                    }

                    deltas[r] = delta;
                    sums[r] = args.LogSumExp[slot];
                }

                Group.Barrier();
                for (int r = 0; r < rows; r++)
                {
                    float score = 0, dp = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        score += queries[r * headWidth + i] * key[i];
                        dp += gradients[r * headWidth + i] * value[i];
                    }

                    float p = XMath.Exp(score - sums[r]), ds = p * (dp - deltas[r]);
                    for (int i = 0; i < headWidth; i++)
                    {
                        dKey[i] += ds * queries[r * headWidth + i];
                        dValue[i] += p * gradients[r * headWidth + i];
                    }
                }
            }

            if (active)
            {
                for (int i = 0; i < headWidth; i++)
                {
                    float k = dKey[i], v = dValue[i];
                    args.DKeyValue[at + i] = args.Accumulate != 0 ? args.DKeyValue[at + i] + k : k;
                    args.DKeyValue[at + width + i] = args.Accumulate != 0 ? args.DKeyValue[at + width + i] + v : v;
                }

                // With FirstKeyHead no query read the rest of the row: its gradient is zero.
                int rest = problem.FirstKeyHead != 0 && args.Accumulate == 0 ? width : headWidth;
                for (int i = headWidth; i < rest; i++)
                {
                    args.DKeyValue[at + i] = 0;
                    args.DKeyValue[at + width + i] = 0;
                }
            }
        }

        static void LoadKeys(
            Problem problem, ArrayView<float> keyValue, int first, int rows, int column,
            ArrayView<float> keys, ArrayView<float> values)
        {
            int headWidth = problem.HeadWidth;
            for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
            {
                int source = problem.Key(first + element / headWidth) * 2 * problem.KeyWidth + column + element % headWidth;
                keys[element] = keyValue[source];
                values[element] = keyValue[source + problem.KeyWidth];
            }
        }

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            var problem = Describe(shape, q, keyValue);
            if (shape.QueryTokens > 0)
            {
                _forward(Launch(shape, shape.QueriesOfSet), new(problem, q.View, keyValue.View, o.View, logSumExp.View));
            }
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            var args = new BackwardArgs(
                Describe(shape, q, keyValue), dAttended.View, q.View, keyValue.View, o.View, logSumExp.View, dq.View, dKeyValue.View,
                accumulate ? 1 : 0);
            if (shape.QueryTokens > 0)
            {
                _query(Launch(shape, shape.QueriesOfSet), args);
                _key(Launch(shape, shape.Keys), args);
            }
        }

        internal static Problem Describe(AttentionShape shape, Tensor q, Tensor keyValue)
        {
            int headWidth = q.Width / shape.Heads;
            return headWidth <= MostHeadWidth
                ? new(
                    shape.Inner, shape.Queries, shape.Keys, shape.Heads, headWidth, keyValue.Width / 2, shape.FirstKeyHead ? 1 : 0)
                : throw new ArgumentException(
                    $"Heads of width {headWidth} are wider than the {MostHeadWidth} a GPU thread holds.");
        }

        KernelConfig Launch(AttentionShape shape, int rows)
        {
            int group = device.GroupSize(Math.Min(GroupSize, (rows + 31) / 32 * 32));
            return new(new Index2D(shape.KeySets, (rows + group - 1) / group), new Index2D(group, 1));
        }
    }
}
