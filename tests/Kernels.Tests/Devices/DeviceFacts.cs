using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Tests.Devices;

public class DeviceFacts
{
    [Theory, ClassData(typeof(EveryDevice))]
    public void Arrays_start_at_zero_and_keep_what_is_copied(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var array = device.Allocate<double>(7);
        Assert.All(array.ToArray(), value => Assert.Equal(0, value));

        array.CopyFrom([1, 2, 3], offset: 2);
        Assert.Equal([0, 0, 1, 2, 3, 0, 0], array.ToArray());
    }

    // On Linux the second is mapped, the first lies in the C library's heap; what was freed comes back full of sevens if nobody clears it.
    [Theory, InlineData((1 << 18) - 1), InlineData(1 << 18), InlineData((1 << 18) + 5)]
    public void Arrays_of_a_mebibyte_start_at_zero_again(int length)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        for (int round = 0; round < 5; round++)
        {
            using var array = device.Allocate<float>(length);
            Assert.False(array.Span.ContainsAnyExcept(0f));
            unsafe
            {
                Assert.Equal(0, (nint)array.Start % 64);
            }

            array.Span.Fill(7);
        }
    }

    // A copy through an address that is not pinned reads what lies there after a collection: 1 to 5 of these copies, in five runs.
    [Theory, ClassData(typeof(EveryDevice))]
    public void Copies_are_right_while_the_collector_moves_arrays(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var array = device.Allocate<int>(4096);
        bool done = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                GC.Collect(0);
                Thread.Sleep(0);
            }
        });
        collector.Start();
        int wrong = 0;
        try
        {
            for (int copy = 0; copy < 2_000; copy++)
            {
                var values = new int[array.Length];
                Array.Fill(values, copy);
                array.CopyFrom(values);
                wrong += array.ToArray().AsSpan().ContainsAnyExcept(copy) ? 1 : 0;
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            collector.Join();
        }

        Assert.Equal(0, wrong);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Empty_arrays_are_legal(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var array = device.Allocate<float>(0);
        Assert.Empty(array.ToArray());
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Live_bytes_return_to_zero(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using (var workspace = new Workspace(device))
        {
            workspace.Take(10, 10);
            Assert.True(device.LiveBytes >= 400);
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void A_workspace_gives_the_same_memory_after_a_reset_and_never_overlaps(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var workspace = new Workspace(device);
        Tensor a = workspace.Take(3, 5), b = workspace.Take(2, 2);
        a.CopyFrom(Enumerable.Repeat(1f, 15).ToArray());
        b.CopyFrom(Enumerable.Repeat(2f, 4).ToArray());
        Assert.All(a.ToArray(), value => Assert.Equal(1, value));
        var large = workspace.Take(3000, 1000); // more than a block

        long bytes = device.LiveBytes;
        workspace.Reset();
        Assert.Equal(a, workspace.Take(3, 5));
        Assert.Equal(b, workspace.Take(2, 2));
        Assert.Equal(large, workspace.Take(3000, 1000));
        Assert.Equal(bytes, device.LiveBytes);
    }

    [Fact]
    public void A_missing_GPU_is_said_with_the_remedy()
    {
        if (ComputeDevice.Available().Contains(DeviceKind.Cuda))
        {
            Assert.Skip("This machine has a GPU.");
        }

        var e = Assert.Throws<DeviceUnavailableException>(() => ComputeDevice.Open(DeviceKind.Cuda));
        Assert.Contains("--device cpu", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_index_runs_once_on_any_number_of_threads()
    {
        using var device = (CpuDevice)ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = 3 });
        var runs = new int[1000];
        device.For(runs.Length, i => Interlocked.Increment(ref runs[i]));
        Assert.All(runs, n => Assert.Equal(1, n));
    }
}
