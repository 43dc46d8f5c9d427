using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Generators;

/// <summary>The energy of rows under an in-context model that reads a class's rows against corner points: E(x) = −log Σₖ exp f(x)ₖ.</summary>
/// <remarks>
/// f is the model's two logits for "of the class" (0) and "a corner" (1). Its context are the class's rows alone, so that each class
/// has an energy of its own although the weights are one model's. Rows to judge attend to the context, never to one another.
/// </remarks>
sealed class EnergyFunction : IDisposable
{
    // Of the class, or a corner point.
    const int Kinds = 2;

    readonly TabularTransformer _model;
    readonly float[] _context, _labels;
    readonly int _columns;
    readonly Workspace _workspace;

    /// <summary>The energy over the columns of a class.</summary>
    /// <param name="model">The model, borrowed.</param>
    /// <param name="own">The class's rows (rows, columns), standardised; NaN is missing.</param>
    /// <param name="corners">The corner points (points, columns).</param>
    /// <param name="columns">Columns.</param>
    public EnergyFunction(TabularTransformer model, float[] own, float[] corners, int columns)
    {
        (_model, _columns) = (model, columns);
        _context = [.. own, .. corners];
        _labels = new float[_context.Length / columns];
        _labels.AsSpan(own.Length / columns).Fill(1);
        _workspace = new(model.Device);
    }

    /// <summary>The energy of each row; writes each energy's gradient by its own row, which is 0 where a cell is missing.</summary>
    /// <param name="rows">Rows (rows, columns).</param>
    /// <param name="gradient">Written: (rows, columns).</param>
    public double[] Evaluate(ReadOnlySpan<float> rows, Span<float> gradient)
    {
        int count = rows.Length / _columns;
        var batch = new EpisodeBatch(1, _labels.Length, count, _columns, (float[])[.. _context, .. rows], _labels);
        _workspace.Reset();
        var logits = _model.Forward(batch, _workspace);
        var (energies, slopes) = OfLogits(logits.ToArray(), logits.Width);
        var dLogits = _workspace.Take(count, logits.Width);
        dLogits.CopyFrom(slopes);

        // The weights' gradients come with it. Nothing reads them, but they add up.
        var dCells = new float[batch.Cells.Length];
        _model.Backward(dLogits, dCells);
        _model.Parameters.ClearGradients();
        dCells.AsSpan(_context.Length).CopyTo(gradient);
        return energies;
    }

    /// <summary>Of logits (rows, width), row by row: the energy, and its gradient by the logits, minus the softmax of the two.</summary>
    internal static (double[] Energies, float[] Slopes) OfLogits(ReadOnlySpan<float> logits, int width)
    {
        var energies = new double[logits.Length / width];
        var slopes = new float[logits.Length];
        for (int row = 0; row < energies.Length; row++)
        {
            var own = logits.Slice(row * width, Kinds);
            double most = Math.Max(own[0], own[1]), sum = Math.Exp(own[0] - most) + Math.Exp(own[1] - most);
            energies[row] = -(most + Math.Log(sum));
            for (int k = 0; k < Kinds; k++)
            {
                slopes[row * width + k] = (float)(-Math.Exp(own[k] - most) / sum);
            }
        }

        return (energies, slopes);
    }

    /// <inheritdoc/>
    public void Dispose() => _workspace.Dispose();
}
