using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The random numbers of one diffusion step: a standard normal for each number of a row and a uniform for each category.</summary>
/// <remarks>
/// Shapes: ids, groups are (rows) or longer; draws is (rows, numeric + categorical). A pure function of the generator, the row's
/// id and group, and the time: neither the rows beside it nor the number of threads matter.
/// </remarks>
public abstract class RowNoise
{
    /// <summary>The operation on <paramref name="device"/>, with its kernels compiled.</summary>
    public static RowNoise On(ComputeDevice device) => device.Choose<RowNoise>(gpu => new Gpu(gpu), cpu => new Cpu(cpu));

    /// <summary>Writes draws.</summary>
    public abstract void Fill(
        Philox random, DeviceArray<int> ids, DeviceArray<int> groups, int time, DiffusionColumns columns, Tensor draws);

    static float Uniform(uint word) => (word >> 8) * (1f / (1 << 24));

    // 23 bits and a half, as Philox.Normal takes them.
    static float StandardNormal(uint word) => Normal.Quantile(((word >> 9) + 0.5f) * (1f / (1 << 23)));

    // ---- GPU: one thread per block of four draws ----

    internal sealed class Gpu(GpuDevice device) : RowNoise
    {
        readonly Action<Index1D, FillArgs> _fill = device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, FillArgs>(FillKernel);

        internal readonly record struct FillArgs(
            Philox Random, ArrayView<int> Ids, ArrayView<int> Groups, ArrayView<float> Draws, int Step, int Width, int Numeric);

        internal static void FillKernel(Index1D index, FillArgs args)
        {
            int blocks = (args.Width + 3) / 4, row = index / blocks, block = index % blocks;
            var (a, b, c, d) = args.Random.Block((uint)args.Ids[row], (uint)args.Step, (uint)block, (uint)args.Groups[row]);
            for (int i = 0; i < 4; i++)
            {
                int column = 4 * block + i;
                if (column < args.Width)
                {
                    uint word = i == 0 ? a : i == 1 ? b : i == 2 ? c : d;
                    args.Draws[row * args.Width + column] = column < args.Numeric ? StandardNormal(word) : Uniform(word);
                }
            }
        }

        public override void Fill(
            Philox random, DeviceArray<int> ids, DeviceArray<int> groups, int time, DiffusionColumns columns, Tensor draws)
        {
            if (draws.Length > 0)
            {
                _fill(
                    draws.Rows * ((draws.Width + 3) / 4),
                    new(random, ids.View, groups.View, draws.View, time, draws.Width, columns.Numeric));
            }
        }
    }

    // ---- CPU: blocks of rows in parallel; a row's draws are a tenth of the time of its way through the denoiser ----

    internal sealed class Cpu(CpuDevice device) : RowNoise
    {
        const int RowsPerBlock = 128;

        public override void Fill(
            Philox random, DeviceArray<int> ids, DeviceArray<int> groups, int time, DiffusionColumns columns, Tensor draws) =>
            device.For((draws.Rows + RowsPerBlock - 1) / RowsPerBlock, block =>
            {
                int width = draws.Width;
                for (int row = block * RowsPerBlock; row < Math.Min(draws.Rows, (block + 1) * RowsPerBlock); row++)
                {
                    var target = draws.Span.Slice(row * width, width);
                    for (int column = 0; column < width; column += 4)
                    {
                        var (a, b, c, d) = random.Block(
                            (uint)ids.Span[row], (uint)time, (uint)column / 4, (uint)groups.Span[row]);
                        ReadOnlySpan<uint> words = [a, b, c, d];
                        for (int i = 0; i < Math.Min(4, width - column); i++)
                        {
                            target[column + i] = column + i < columns.Numeric ? StandardNormal(words[i]) : Uniform(words[i]);
                        }
                    }
                }
            });
    }
}
