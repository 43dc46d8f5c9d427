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

        internal readonly record struct Problem(int Inner, int Queries, int Keys, int Heads, int HeadWidth)
        {
            internal int Width => Heads * HeadWidth;

            internal int Head => Grid.IdxX % Heads;

            internal int Query(int s)
            {
                int problem = Grid.IdxX / Heads;
                return (problem / Inner * Queries + s) * Inner + problem % Inner;
            }

            internal int Key(int j)
            {
                int problem = Grid.IdxX / Heads;
                return (problem / Inner * Keys + j) * Inner + problem % Inner;
            }
        }

        internal readonly record struct ForwardArgs(
            Problem Problem, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O, ArrayView<float> LogSumExp);

        // one group per problem, head and tile of queries, a thread each; keys and values pass by in shared tiles
        internal static void ForwardKernel(ForwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.Width, headWidth = problem.HeadWidth, column = problem.Head * headWidth;
            var keys = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var query = LocalMemory.Allocate<float>(MostHeadWidth);
            var sum = LocalMemory.Allocate<float>(MostHeadWidth);

            int s = Grid.IdxY * Group.DimX + Group.IdxX;
            bool active = s < problem.Queries;
            int token = active ? problem.Query(s) : 0;
            float scale = 1 / XMath.Sqrt((float)headWidth);
            for (int i = 0; i < headWidth; i++)
            {
                query[i] = active ? args.Q[token * width + column + i] * scale : 0;
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
                    args.O[token * width + column + i] = sum[i] / denominator;
                }

                args.LogSumExp[token * problem.Heads + problem.Head] = maximum + XMath.Log(denominator);
            }
        }

        internal readonly record struct BackwardArgs(
            Problem Problem, ArrayView<float> DAttended, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O,
            ArrayView<float> LogSumExp, ArrayView<float> Dq, ArrayView<float> DKeyValue, int Accumulate);

        // one group per problem, head and tile of queries, a thread each: dq
        internal static void QueryKernel(BackwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.Width, headWidth = problem.HeadWidth, column = problem.Head * headWidth;
            var keys = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var query = LocalMemory.Allocate<float>(MostHeadWidth);
            var gradient = LocalMemory.Allocate<float>(MostHeadWidth);
            var sum = LocalMemory.Allocate<float>(MostHeadWidth);

            int s = Grid.IdxY * Group.DimX + Group.IdxX;
            bool active = s < problem.Queries;
            int token = active ? problem.Query(s) : 0;
            float scale = 1 / XMath.Sqrt((float)headWidth);
            float delta = 0;
            for (int i = 0; i < headWidth; i++)
            {
                int at = token * width + column + i;
                query[i] = active ? args.Q[at] * scale : 0;
                gradient[i] = active ? args.DAttended[at] : 0;
                delta += active ? args.O[at] * gradient[i] : 0;
                sum[i] = 0;
            }

            float logSumExp = active ? args.LogSumExp[token * problem.Heads + problem.Head] : 0;
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
                    args.Dq[token * width + column + i] = sum[i];
                }
            }
        }

        // one group per problem, head and tile of keys, a thread each: dk and dv; queries pass by in shared tiles
        internal static void KeyKernel(BackwardArgs args)
        {
            var problem = args.Problem;
            int width = problem.Width, headWidth = problem.HeadWidth, column = problem.Head * headWidth;
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

            for (int first = 0; first < problem.Queries; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.Queries - first);
                Group.Barrier();
                for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
                {
                    int source = problem.Query(first + element / headWidth) * width + column + element % headWidth;
                    queries[element] = args.Q[source] * scale;
                    gradients[element] = args.DAttended[source];
                }

                for (int r = Group.IdxX; r < rows; r += Group.DimX)
                {
                    int token = problem.Query(first + r);
                    float delta = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        int source = token * width + column + i;
                        delta += args.O[source] * args.DAttended[source];
                    }

                    deltas[r] = delta;
                    sums[r] = args.LogSumExp[token * problem.Heads + problem.Head];
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
            }
        }

        static void LoadKeys(
            Problem problem, ArrayView<float> keyValue, int first, int rows, int column,
            ArrayView<float> keys, ArrayView<float> values)
        {
            int headWidth = problem.HeadWidth;
            for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
            {
                int source = problem.Key(first + element / headWidth) * 2 * problem.Width + column + element % headWidth;
                keys[element] = keyValue[source];
                values[element] = keyValue[source + problem.Width];
            }
        }

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp)
        {
            var problem = Describe(shape, q.Width);
            if (shape.QueryTokens > 0)
            {
                _forward(Launch(shape, shape.Queries), new(problem, q.View, keyValue.View, o.View, logSumExp.View));
            }
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor logSumExp,
            Tensor dq, Tensor dKeyValue, bool accumulate)
        {
            var args = new BackwardArgs(
                Describe(shape, q.Width), dAttended.View, q.View, keyValue.View, o.View, logSumExp.View, dq.View, dKeyValue.View,
                accumulate ? 1 : 0);
            if (shape.QueryTokens > 0)
            {
                _query(Launch(shape, shape.Queries), args);
                _key(Launch(shape, shape.Keys), args);
            }
        }

        static Problem Describe(AttentionShape shape, int width) =>
            width / shape.Heads <= MostHeadWidth
                ? new(shape.Inner, shape.Queries, shape.Keys, shape.Heads, width / shape.Heads)
                : throw new ArgumentException(
                    $"Heads of width {width / shape.Heads} are wider than the {MostHeadWidth} a GPU thread holds.");

        KernelConfig Launch(AttentionShape shape, int rows)
        {
            int group = device.GroupSize(Math.Min(GroupSize, (rows + 31) / 32 * 32));
            return new(new Index2D(shape.Outer * shape.Inner * shape.Heads, (rows + group - 1) / group), new Index2D(group, 1));
        }
    }
}
