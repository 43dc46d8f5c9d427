using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Sampling;

public class SupportProjectionFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Values_land_on_the_grid_inside_the_range(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        var column = block.Columns(9, [-7, -2, -1.8f, -1.75f, 0, 0.24f, 0.26f, 3, 1e20f]);
        SupportProjection.On(block.Device).Project(column, -2, 3, 0.5f);
        Assert.Equal([-2f, -2, -2, -1.5f, 0, 0, 0.5f, 3, 3], column.ToArray());
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Without_a_grid_values_are_only_clamped(DeviceKind kind)
    {
        using var block = new SamplingBlock(kind);
        var column = block.Columns(3, [-7, 0.123f, 9]);
        SupportProjection.On(block.Device).Project(column, -2, 3, 0);
        Assert.Equal([-2f, 0.123f, 3], column.ToArray());
    }
}
