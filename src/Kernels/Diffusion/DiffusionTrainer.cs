using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Diffusion;

/// <summary>The two parts of a diffusion loss, means over rows.</summary>
/// <param name="Numbers">The squared error of the noise.</param>
/// <param name="Levels">The variational bound of the categorical columns, a mean over columns.</param>
public readonly record struct DiffusionLosses(double Numbers, double Levels)
{
    /// <summary>What training lowers.</summary>
    public double Total => Numbers + Levels;
}

/// <summary>Trains a <see cref="Denoiser"/>: noise, forward, loss and backward of a batch, then one step of AdamW.</summary>
/// <remarks>Owns the optimiser's state and one workspace; borrows the denoiser and the tables.</remarks>
public sealed class DiffusionTrainer : IDisposable
{
    readonly Denoiser _denoiser;
    readonly DiffusionTables _tables;
    readonly RowNoise _rowNoise;
    readonly ForwardNoise _forwardNoise;
    readonly DiffusionLoss _loss;
    readonly AdamWOptimizer _optimizer;
    readonly Workspace _workspace;
    readonly double _prior;

    /// <summary>A trainer that has taken no step.</summary>
    public DiffusionTrainer(Denoiser denoiser, DiffusionTables tables, AdamWOptions options)
    {
        var device = denoiser.Device;
        (_denoiser, _tables) = (denoiser, tables);
        (_rowNoise, _forwardNoise, _loss) = (RowNoise.On(device), ForwardNoise.On(device), DiffusionLoss.On(device));
        _optimizer = new AdamWOptimizer(device, denoiser.Parameters, options);
        _workspace = new Workspace(device);
        _prior = DiffusionLoss.Prior(tables);
    }

    /// <summary>Takes one step on the batch, with noise of <paramref name="random"/> at <paramref name="step"/>, and returns its loss.</summary>
    public DiffusionLosses Step(DiffusionBatch batch, Philox random, int step, float learningRate)
    {
        var (losses, dOutput) = Measure(batch, random, step);
        _denoiser.Backward(dOutput, _workspace);
        _optimizer.Step(learningRate);
        return Means(losses);
    }

    /// <summary>The loss of a batch, with noise of <paramref name="random"/> at <paramref name="step"/>.</summary>
    public DiffusionLosses Loss(DiffusionBatch batch, Philox random, int step) => Means(Measure(batch, random, step).Losses);

    (Tensor Losses, Tensor DOutput) Measure(DiffusionBatch batch, Philox random, int step)
    {
        _workspace.Reset();
        var columns = batch.Columns;
        var draws = _workspace.Take(batch.Rows, columns.Draws);
        _rowNoise.Fill(random, batch.Ids, batch.Groups, step, columns, draws);
        return Measure(batch, draws);
    }

    // With the workspace reset and the draws in it.
    (Tensor Losses, Tensor DOutput) Measure(DiffusionBatch batch, Tensor draws)
    {
        var columns = batch.Columns;
        Tensor input = _workspace.Take(batch.Rows, columns.Width), dOutput = _workspace.Take(batch.Rows, columns.Width);
        var losses = _workspace.Take(batch.Rows, 1 + columns.Categorical);
        _forwardNoise.Apply(_tables, batch.Numbers, batch.Levels, batch.Times, draws, input, batch.NoisyLevels);
        _denoiser.Embed(_workspace);
        var output = _denoiser.Forward(input, batch.Times, batch.Labels, _workspace);
        _loss.Measure(_tables, output, draws, batch.Levels, batch.NoisyLevels, batch.Times, losses, dOutput);
        return (losses, dOutput);
    }

    DiffusionLosses Means(Tensor losses)
    {
        double numbers = 0, levels = 0;
        float[] values = losses.ToArray();
        for (int i = 0; i < values.Length; i++)
        {
            if (i % losses.Width == 0)
            {
                numbers += values[i];
            }
            else
            {
                levels += values[i];
            }
        }

        return new(numbers / losses.Rows, levels / losses.Rows + _prior);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _workspace.Dispose();
    }
}
