using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>Loops that threads share.</summary>
public class ParallelLoopFacts
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(1000, 2)]
    [InlineData(7, 16)]
    [InlineData(100_000, 5)]
    public void Every_index_is_run_once(int count, int threads)
    {
        int[] times = new int[count];
        for (int round = 1; round <= 20; round++)
        {
            ParallelLoop<int[]>.Run(count, threads, times, static (times, i) => Interlocked.Increment(ref times[i]));
            Assert.All(times, time => Assert.Equal(round, time));
        }
    }

    [Fact]
    public void Loops_inside_loops_end()
    {
        int total = 0;
        ParallelLoop<int>.Run(40, 8, 0, (_, _) => ParallelLoop<int>.Run(30, 8, 0, (_, _) => ParallelLoop<int>.Run(
            5, 4, 0, (_, _) => Interlocked.Increment(ref total))));
        Assert.Equal(40 * 30 * 5, total);
    }

    [Fact]
    public async Task Callers_beside_each_other_do_not_mix_their_loops()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(caller => Task.Run(
            () =>
            {
                for (int round = 0; round < 500; round++)
                {
                    int sum = 0, count = 2 + (caller + round) % 50;
                    ParallelLoop<int>.Run(count, 3, caller, (mine, i) => Interlocked.Add(ref sum, mine == caller ? i : 1_000_000));
                    Assert.Equal(count * (count - 1) / 2, sum);
                }
            },
            TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void A_failure_reaches_the_caller_and_the_next_loop_is_whole()
    {
        for (int round = 0; round < 50; round++)
        {
            var failure = Assert.Throws<AggregateException>(
                () => ParallelLoop<int>.Run(100, 4, round, static (_, i) => throw new InvalidOperationException($"{i}")));
            Assert.IsType<InvalidOperationException>(failure.InnerException);
            int times = 0;
            ParallelLoop<int>.Run(100, 4, round, (_, _) => Interlocked.Increment(ref times));
            Assert.Equal(100, times);
        }
    }

    [Fact]
    public void A_loop_leaves_no_garbage_on_its_callers_thread()
    {
        float[] values = new float[64];
        void Run() => ParallelLoop<float[]>.Run(64, 2, values, static (values, i) => values[i]++);
        for (int i = 0; i < 100; i++)
        {
            Run();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Run();
        }

        // A late helper costs a new loop of some 100 bytes now and then; Parallel.For takes 3,000 bytes each time.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000 * 250);
    }
}
