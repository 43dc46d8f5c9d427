using CausalMixFT.Kernels.Diffusion;

namespace CausalMixFT.Kernels.Tests.Diffusion;

public class DiffusionScheduleFacts
{
    [Theory, InlineData(1), InlineData(3), InlineData(100), InlineData(1000)]
    public void The_last_step_leaves_next_to_nothing_of_a_row(int steps)
    {
        var schedule = DiffusionSchedule.Cosine(steps);
        Assert.Equal(steps, schedule.Steps);
        Assert.All(Enumerable.Range(0, steps), t => Assert.InRange(schedule.AlphaBar(t), 0, schedule.AlphaBar(t - 1)));

        // One step takes 0.999 at most, so that q(x_T) is within 0.032 x₀ of the standard normal.
        Assert.InRange(schedule.AlphaBar(steps - 1), 0, 1.0001e-3);
        Assert.Equal(0, schedule.Step(0).Deviation);
    }

    [Fact]
    public void A_respaced_schedule_keeps_the_signal_of_the_steps_that_are_left()
    {
        var all = DiffusionSchedule.Cosine(100);
        var some = all.Respaced(12);
        Assert.Equal(12, some.Steps);
        Assert.Equal(0, some.Times[0]);
        Assert.Equal(99, some.Times[^1]);
        for (int t = 0; t < some.Steps; t++)
        {
            Assert.Equal(all.AlphaBar(some.Times[t]), some.AlphaBar(t));
            Assert.Equal(some.AlphaBar(t), some.AlphaBar(t - 1) * some.Alpha(t), 1e-15);
        }

        Assert.Same(all, all.Respaced(100));
        Assert.Equal([99], all.Respaced(1).Times);
    }
}
