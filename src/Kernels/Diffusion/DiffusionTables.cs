using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>A schedule and the columns of a row on a device, as the operations of this folder read them.</summary>
public sealed class DiffusionTables : IDisposable
{
    /// <summary>log 10⁻³⁰, which stands for log 0 in TabDDPM's own code.</summary>
    const float LogNever = -69.0775528f;

    /// <summary>Copies both to the device.</summary>
    /// <param name="device">Where they go.</param>
    /// <param name="columns">The columns of a row.</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="logInputs">
    /// Whether the denoiser reads a level as the logarithm of an indicator, 0 and log 10⁻³⁰ = −69, as TabDDPM's code does,
    /// and not as 1 and 0.
    /// </param>
    public DiffusionTables(ComputeDevice device, DiffusionColumns columns, DiffusionSchedule schedule, bool logInputs = false)
    {
        (Columns, Schedule) = (columns, schedule);
        Steps = device.Allocate<DiffusionStep>([.. Enumerable.Range(0, schedule.Steps).Select(schedule.Step)]);
        Starts = device.Allocate<int>([.. columns.Starts]);
        (Hot, Cold) = logInputs ? (0, LogNever) : (1, 0);
    }

    /// <summary>The columns of a row.</summary>
    public DiffusionColumns Columns { get; }

    /// <summary>The schedule.</summary>
    public DiffusionSchedule Schedule { get; }

    /// <summary>What the denoiser reads in the cell of a row's level.</summary>
    public float Hot { get; }

    /// <summary>What it reads in the cells of the other levels.</summary>
    public float Cold { get; }

    internal DeviceArray<DiffusionStep> Steps { get; }

    internal DeviceArray<int> Starts { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Steps.Dispose();
        Starts.Dispose();
    }
}
