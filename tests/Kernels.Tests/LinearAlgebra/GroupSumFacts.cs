using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Tests.Transformer;
using ILGPU;
using ILGPU.Runtime;

namespace CausalMixFT.Kernels.Tests.LinearAlgebra;

public class GroupSumFacts
{
    const int Sets = 5, Groups = 8 * Sets;

    // Two sums, one after the other, kept by the last thread: all threads have them. Warps come late, in every group others.
    internal static void SumKernel(ArrayView<float> values, ArrayView<float> sums)
    {
        float value = values[Grid.IdxX % Sets * Group.DimX + Group.IdxX];
        int turns = (Grid.IdxX / Sets + 3 * Warp.WarpIdx) % 7 * 500;
        for (int i = 0; i < turns; i++)
        {
            value = -value;
        }

        float sum = GroupSum.Of(value);
        double negative = GroupSum.Of(-(double)value);
        if (Group.IdxX == Group.DimX - 1)
        {
            sums[2 * Grid.IdxX] = sum;
            sums[2 * Grid.IdxX + 1] = (float)negative;
        }
    }

    [Fact]
    public void A_set_of_numbers_has_the_same_bits_in_every_group()
    {
        using var device = RealGroups.Open();
        int threads = device.GroupSize(256);
        double[] drawn = Values.Draw(seed: 1, Sets * threads);
        using var values = device.Allocate<float>(Array.ConvertAll(drawn, value => (float)value));
        using var sums = device.Allocate<float>(2 * Groups);
        var kernel = device.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(SumKernel);
        kernel((Groups, threads), values.View, sums.View);
        device.Synchronize();

        float[] found = sums.ToArray();
        for (int set = 0; set < Sets; set++)
        {
            float[] first = found[(2 * set)..(2 * set + 2)];
            double exact = drawn.Skip(set * threads).Take(threads).Sum();
            Assert.Equal(exact, first[0], 6e-8 * threads * Math.Sqrt(threads));
            Assert.Equal((float)-exact, first[1]);
            for (int group = set; group < Groups; group += Sets)
            {
                Assert.Equal(first, found[(2 * group)..(2 * group + 2)]);
            }
        }
    }
}
