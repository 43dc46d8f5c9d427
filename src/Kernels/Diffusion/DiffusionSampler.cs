using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>Draws rows from a trained <see cref="Denoiser"/>: from pure noise back through every step.</summary>
/// <remarks>
/// A row is a function of the generator, its id, group and label: it is the same in any batch. Owns two workspaces; borrows the
/// denoiser and the tables, whose schedule may leave out steps of the one that the denoiser was trained on.
/// </remarks>
public sealed class DiffusionSampler : IDisposable
{
    readonly Denoiser _denoiser;
    readonly DiffusionTables _tables;
    readonly RowNoise _rowNoise;
    readonly ReverseStep _reverse;
    readonly DeviceArray<float> _bounds;
    readonly Workspace _embeddings, _workspace;

    /// <summary>A sampler; x̂₀ of number j is held within <c>low[j]</c> … <c>high[j]</c>, which may be infinite.</summary>
    public DiffusionSampler(Denoiser denoiser, DiffusionTables tables, ReadOnlySpan<float> low, ReadOnlySpan<float> high)
    {
        var device = denoiser.Device;
        (_denoiser, _tables) = (denoiser, tables);
        (_rowNoise, _reverse) = (RowNoise.On(device), ReverseStep.On(device));
        _bounds = device.Allocate<float>([.. low, .. high]);
        (_embeddings, _workspace) = (new Workspace(device), new Workspace(device));
        _denoiser.Embed(_embeddings);
    }

    /// <summary>Draws the batch's rows, for the labels, ids and groups it has, into its numbers and levels.</summary>
    public void Sample(DiffusionBatch batch, Philox random, CancellationToken cancellation = default)
    {
        var columns = batch.Columns;
        var schedule = _tables.Schedule;
        _workspace.Reset();
        Tensor draws = _workspace.Take(batch.Rows, columns.Draws), input = _workspace.Take(batch.Rows, columns.Width);
        Start(batch, random, draws, input);

        // Those of the step that is in work; the input outlives the step, so it is taken anew at the same place.
        for (int t = schedule.Steps - 1; t >= 0; t--)
        {
            cancellation.ThrowIfCancellationRequested();
            _workspace.Reset();
            draws = _workspace.Take(batch.Rows, columns.Draws);
            input = _workspace.Take(batch.Rows, columns.Width);
            batch.Times.CopyFrom([.. Enumerable.Repeat(schedule.Times[t], batch.Rows)]);
            var output = _denoiser.Forward(input, batch.Times, batch.Labels, _workspace);
            _rowNoise.Fill(random, batch.Ids, batch.Groups, t, columns, draws);
            _reverse.Apply(_tables, t, output, draws, Bound(0), Bound(1), input, batch.Levels);
        }

        Keep(batch, input);
    }

    Tensor Bound(int which) => new(_bounds, which * (_bounds.Length / 2), 1, _bounds.Length / 2);

    // Standard normals and uniform levels, laid out on the host: once a batch, and T steps follow.
    void Start(DiffusionBatch batch, Philox random, Tensor draws, Tensor input)
    {
        var columns = batch.Columns;
        _rowNoise.Fill(random, batch.Ids, batch.Groups, _tables.Schedule.Steps, columns, draws);
        float[] noise = draws.ToArray();
        var cells = new float[input.Length];
        var levels = new int[batch.Rows * columns.Categorical];
        for (int row = 0; row < batch.Rows; row++)
        {
            var from = noise.AsSpan(row * columns.Draws, columns.Draws);
            var to = cells.AsSpan(row * columns.Width, columns.Width);
            from[..columns.Numeric].CopyTo(to);
            to[columns.Numeric..].Fill(_tables.Cold);
            for (int category = 0; category < columns.Categorical; category++)
            {
                int count = columns.Levels[category];
                int level = Math.Min((int)(from[columns.Numeric + category] * count), count - 1);
                levels[row * columns.Categorical + category] = level;
                to[columns.Starts[category] + level] = _tables.Hot;
            }
        }

        input.CopyFrom(cells);
        batch.Levels.CopyFrom(levels);
    }

    static void Keep(DiffusionBatch batch, Tensor input)
    {
        int numeric = batch.Columns.Numeric;
        float[] cells = input.ToArray();
        var numbers = new float[batch.Rows * numeric];
        for (int row = 0; row < batch.Rows; row++)
        {
            cells.AsSpan(row * input.Width, numeric).CopyTo(numbers.AsSpan(row * numeric));
        }

        batch.Numbers.CopyFrom(numbers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bounds.Dispose();
        _embeddings.Dispose();
        _workspace.Dispose();
    }
}
