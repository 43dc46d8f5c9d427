using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Transformer;

public abstract partial class LinearAttention
{
    internal sealed class Gpu(GpuDevice device) : LinearAttention
    {
        // Two matrices of 64² and two tiles of 8 rows are 36 KiB of shared memory, under the 48 that any GPU gives.
        const int TileRows = 8, MostHeadWidth = 64, GroupSize = 128;

        readonly Action<KernelConfig, ForwardArgs> _forward = device.Accelerator.LoadStreamKernel<ForwardArgs>(ForwardKernel);
        readonly Action<KernelConfig, BackwardArgs> _backward = device.Accelerator.LoadStreamKernel<BackwardArgs>(BackwardKernel);

        internal readonly record struct ForwardArgs(
            Attention.Gpu.Problem Problem, ArrayView<float> Q, ArrayView<float> KeyValue, ArrayView<float> O);

        // one group per set of keys: its threads share out the elements of S, then the queries
        internal static void ForwardKernel(ForwardArgs args)
        {
            var problem = args.Problem;
            int headWidth = problem.HeadWidth;
            var state = SharedMemory.Allocate<float>(MostHeadWidth * MostHeadWidth);
            var sum = SharedMemory.Allocate<float>(MostHeadWidth);
            var features = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var query = LocalMemory.Allocate<float>(MostHeadWidth);
            float scale = 1 / XMath.Sqrt((float)headWidth);
            SumKeys(problem, args.KeyValue, scale, state, sum, features, values);

            for (int s = Group.IdxX; s < problem.QueriesOfSet; s += Group.DimX)
            {
                int at = problem.Slot(s) * headWidth;
                float denominator = Epsilon;
                for (int i = 0; i < headWidth; i++)
                {
                    query[i] = Feature(args.Q[at + i], scale);
                    denominator += query[i] * sum[i];
                }

                for (int e = 0; e < headWidth; e++)
                {
                    float total = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        total += query[i] * state[i * headWidth + e];
                    }

                    args.O[at + e] = total / denominator;
                }
            }
        }

        internal readonly record struct BackwardArgs(
            Attention.Gpu.Problem Problem, ArrayView<float> DAttended, ArrayView<float> Q, ArrayView<float> KeyValue,
            ArrayView<float> O, ArrayView<float> Dq, ArrayView<float> DKeyValue, int Accumulate);

        // one group per set of keys: S and z, then tiles of queries for dq, dS and dz, then the keys
        internal static void BackwardKernel(BackwardArgs args)
        {
            var problem = args.Problem;
            int headWidth = problem.HeadWidth, width = problem.KeyWidth;
            var state = SharedMemory.Allocate<float>(MostHeadWidth * MostHeadWidth);
            var dState = SharedMemory.Allocate<float>(MostHeadWidth * MostHeadWidth);
            var sum = SharedMemory.Allocate<float>(MostHeadWidth);
            var dSum = SharedMemory.Allocate<float>(MostHeadWidth);
            var features = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var values = SharedMemory.Allocate<float>(TileRows * MostHeadWidth);
            var shares = SharedMemory.Allocate<float>(TileRows);
            float scale = 1 / XMath.Sqrt((float)headWidth);
            SumKeys(problem, args.KeyValue, scale, state, sum, features, values);
            Clear(headWidth, dState, dSum);

            for (int first = 0; first < problem.QueriesOfSet; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.QueriesOfSet - first);
                Group.Barrier();
                for (int r = Group.IdxX; r < rows; r += Group.DimX)
                {
                    int at = problem.Slot(first + r) * headWidth;
                    float denominator = Epsilon, total = 0;
                    for (int i = 0; i < headWidth; i++)
                    {
                        float feature = Feature(args.Q[at + i], scale);
                        features[r * headWidth + i] = feature;
                        denominator += feature * sum[i];
                    }

                    for (int i = 0; i < headWidth; i++)
                    {
                        float n = args.DAttended[at + i] / denominator;
                        values[r * headWidth + i] = n;
                        total -= n * args.O[at + i];
                    }

                    shares[r] = total;
                }

                Group.Barrier();
                for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
                {
                    int r = element / headWidth, i = element % headWidth, at = problem.Slot(first + r) * headWidth + i;
                    float gradient = shares[r] * sum[i];
                    for (int e = 0; e < headWidth; e++)
                    {
                        gradient += values[r * headWidth + e] * state[i * headWidth + e];
                    }

                    args.Dq[at] = args.Q[at] > 0 ? gradient * scale : 0;
                }

                AddOuter(headWidth, rows, features, values, dState);
                for (int i = Group.IdxX; i < headWidth; i += Group.DimX)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        dSum[i] += features[r * headWidth + i] * shares[r];
                    }
                }
            }

            Group.Barrier();
            for (int element = Group.IdxX; element < problem.Keys * headWidth; element += Group.DimX)
            {
                int i = element % headWidth, row = problem.Key(element / headWidth);
                float dKey = dSum[i], dValue = 0;
                for (int e = 0; e < headWidth; e++)
                {
                    dKey += dState[i * headWidth + e] * args.KeyValue[row + width + e];
                    dValue += Feature(args.KeyValue[row + e], scale) * dState[e * headWidth + i];
                }

                dKey = args.KeyValue[row + i] > 0 ? dKey * scale : 0;
                args.DKeyValue[row + i] = args.Accumulate != 0 ? args.DKeyValue[row + i] + dKey : dKey;
                args.DKeyValue[row + width + i] = args.Accumulate != 0 ? args.DKeyValue[row + width + i] + dValue : dValue;

                // With FirstKeyHead no query read the rest of the row: its gradient is zero.
                int rest = problem.FirstKeyHead != 0 && args.Accumulate == 0 ? width : headWidth;
                for (int other = i + headWidth; other < rest; other += headWidth)
                {
                    args.DKeyValue[row + other] = 0;
                    args.DKeyValue[row + width + other] = 0;
                }
            }
        }

        static float Feature(float z, float scale) => XMath.Max(z * scale, 0) + Floor;

        // S and z in shared memory; all threads may read them afterwards.
        static void SumKeys(
            Attention.Gpu.Problem problem, ArrayView<float> keyValue, float scale, ArrayView<float> state, ArrayView<float> sum,
            ArrayView<float> features, ArrayView<float> values)
        {
            int headWidth = problem.HeadWidth;
            Clear(headWidth, state, sum);
            for (int first = 0; first < problem.Keys; first += TileRows)
            {
                int rows = XMath.Min(TileRows, problem.Keys - first);
                Group.Barrier();
                for (int element = Group.IdxX; element < rows * headWidth; element += Group.DimX)
                {
                    int source = problem.Key(first + element / headWidth) + element % headWidth;
                    features[element] = Feature(keyValue[source], scale);
                    values[element] = keyValue[source + problem.KeyWidth];
                }

                Group.Barrier();
                AddOuter(headWidth, rows, features, values, state);
                for (int i = Group.IdxX; i < headWidth; i += Group.DimX)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        sum[i] += features[r * headWidth + i];
                    }
                }
            }

            Group.Barrier();
        }

        static void Clear(int headWidth, ArrayView<float> state, ArrayView<float> sum)
        {
            for (int element = Group.IdxX; element < headWidth * headWidth; element += Group.DimX)
            {
                state[element] = 0;
            }

            for (int i = Group.IdxX; i < headWidth; i += Group.DimX)
            {
                sum[i] = 0;
            }
        }

        // state[i, e] += Σᵣ a[r, i] b[r, e]; each thread has elements of its own.
        static void AddOuter(int headWidth, int rows, ArrayView<float> a, ArrayView<float> b, ArrayView<float> state)
        {
            for (int element = Group.IdxX; element < headWidth * headWidth; element += Group.DimX)
            {
                int i = element / headWidth, e = element % headWidth;
                float total = state[element];
                for (int r = 0; r < rows; r++)
                {
                    total += a[r * headWidth + i] * b[r * headWidth + e];
                }

                state[element] = total;
            }
        }

        public override void Forward(in AttentionShape shape, Tensor q, Tensor keyValue, Tensor o)
        {
            if (shape.QueryTokens > 0)
            {
                _forward(Launch(shape), new(Attention.Gpu.Describe(shape, q, keyValue), q.View, keyValue.View, o.View));
            }
        }

        public override void Backward(
            in AttentionShape shape, Tensor dAttended, Tensor q, Tensor keyValue, Tensor o, Tensor dq, Tensor dKeyValue,
            bool accumulate)
        {
            if (shape.KeySets > 0)
            {
                _backward(
                    Launch(shape),
                    new(Attention.Gpu.Describe(shape, q, keyValue), dAttended.View, q.View, keyValue.View, o.View, dq.View,
                        dKeyValue.View, accumulate ? 1 : 0));
            }
        }

        KernelConfig Launch(AttentionShape shape) => new(shape.KeySets, device.GroupSize(GroupSize));
    }
}
