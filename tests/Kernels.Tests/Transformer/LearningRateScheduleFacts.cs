using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class LearningRateScheduleFacts
{
    public static IEnumerable<TheoryDataRow<LearningRateShape, int>> Shapes() =>
        from shape in Enum.GetValues<LearningRateShape>()
        from steps in (int[])[1, 2, 9]
        select new TheoryDataRow<LearningRateShape, int>(shape, steps);

    [Fact]
    public void The_cosine_is_its_definition_bit_for_bit()
    {
        foreach (var (steps, warmUp) in ((int, int)[])[(1, 1), (20, 0), (1000, 50), (777, 233)])
        {
            var schedule = new LearningRateSchedule(3e-4, steps) { WarmUp = warmUp };
            for (int step = 0; step < steps; step++)
            {
                double rise = Math.Max(1, warmUp), cosine = 0.5 * (1 + Math.Cos(Math.PI * step / steps));
                Assert.Equal((float)(3e-4 * Math.Min(1, (step + 1) / rise) * cosine), schedule.At(step));
            }
        }
    }

    [Theory]
    [InlineData(LearningRateShape.Linear, new[] { 0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125 })]
    [InlineData(LearningRateShape.Trapezoid, new[] { 0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25 })]
    [InlineData(LearningRateShape.Constant, new[] { 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1 })]
    public void Ten_steps_rise_over_two_and_fall_by_their_shape(LearningRateShape shape, double[] shares)
    {
        var schedule = new LearningRateSchedule(Peak: 8, Steps: 10) { Shape = shape, WarmUp = 2, Decay = 0.4 };
        for (int step = 0; step < 10; step++)
        {
            Assert.Equal(8 * shares[step], schedule.At(step), 1e-6);
        }
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Every_step_of_any_run_moves_and_none_exceeds_the_peak(LearningRateShape shape, int steps)
    {
        var schedule = new LearningRateSchedule(1, steps) { Shape = shape, WarmUp = steps, Decay = 0 };
        Assert.All(Enumerable.Range(0, steps), step => Assert.InRange(schedule.At(step), 1e-9f, 1));
    }
}
