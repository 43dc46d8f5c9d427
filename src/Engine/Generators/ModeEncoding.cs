using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Generative;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>A task's features as rows of one-hot blocks and numbers, and the way back from a network's outputs to a table.</summary>
/// <remarks>Rows are kept as an entry and a number a column, and spread out a batch at a time: half a million rows stay small.</remarks>
sealed class ModeEncoding
{
    readonly ClassificationTask _task;
    readonly ModeColumn[] _columns;
    readonly int[][] _entries;
    readonly float[][] _numbers;

    /// <summary>Finds the entries of every feature and encodes the rows.</summary>
    internal ModeEncoding(ClassificationTask task, Philox random)
    {
        _task = task;
        var features = task.Features.Columns;
        _columns = new ModeColumn[features.Count];
        _entries = new int[features.Count][];
        _numbers = new float[features.Count][];
        Parallel.For(0, features.Count, column =>
        {
            _columns[column] = ModeColumn.Of(features[column], task.Labels, Classes);
            (_entries[column], _numbers[column]) = _columns[column].Encode(random, (uint)column);
        });

        int start = 0;
        Heads = new OutputHead[features.Count];
        for (int column = 0; column < Heads.Length; column++)
        {
            Heads[column] = _columns[column].Head(start);
            start += Heads[column].Width;
        }

        Width = start;
    }

    /// <summary>The outputs of each feature.</summary>
    internal OutputHead[] Heads { get; }

    /// <summary>Outputs of a row.</summary>
    internal int Width { get; }

    /// <summary>Classes of the task.</summary>
    internal int Classes => _task.ClassNames.Count;

    /// <summary>Rows that were encoded.</summary>
    internal int Rows => _task.Rows;

    /// <summary>The class of each row.</summary>
    internal int[] Labels => _task.Labels;

    /// <summary>The entry of a feature in each row.</summary>
    internal int[] EntriesOf(int feature) => _entries[feature];

    /// <summary>Writes a row's one-hot blocks and numbers; the span must hold zeros.</summary>
    internal void Spread(int row, Span<float> outputs)
    {
        for (int column = 0; column < Heads.Length; column++)
        {
            var head = Heads[column];
            outputs[head.Start + _entries[column][row]] = 1;
            if (head.Modes > 0)
            {
                outputs[head.Number] = _numbers[column][row];
            }
        }
    }

    /// <summary>
    /// Draws cells from a network's outputs: each head's entry from the softmax of its block, a mode's number as
    /// <c>tanh x + σ ε</c>.
    /// </summary>
    /// <param name="outputs">The outputs of one row.</param>
    /// <param name="deviations">σ of each output that is a number; empty for none.</param>
    /// <param name="label">The row's class.</param>
    /// <param name="random">The generator of the sample.</param>
    /// <param name="row">The row's number in the sample.</param>
    /// <param name="cells">The cells of each feature, written at the row's place.</param>
    internal void Decode(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> deviations, int label, Philox random, int row, double[][] cells)
    {
        for (int column = 0; column < Heads.Length; column++)
        {
            var head = Heads[column];
            uint stream = (uint)column;
            int entry = Pick(outputs.Slice(head.Start, head.Levels), random.Uniform((uint)row, stream));
            double number = 0;
            if (head.Modes > 0)
            {
                number = Math.Tanh(outputs[head.Number]);
                number += deviations.IsEmpty ? 0 : deviations[head.Number] * random.Normal((uint)row, stream, 1);
            }

            cells[column][row] = _columns[column].Decode(entry, number, label, random.Uniform((uint)row, stream, 2));
        }
    }

    static int Pick(ReadOnlySpan<float> logits, float uniform)
    {
        float most = float.NegativeInfinity;
        double sum = 0;
        foreach (float logit in logits)
        {
            most = Math.Max(most, logit);
        }

        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - most);
        }

        double left = uniform * sum;
        for (int i = 0; i < logits.Length - 1; i++)
        {
            left -= Math.Exp(logits[i] - most);
            if (left < 0)
            {
                return i;
            }
        }

        return logits.Length - 1;
    }

    /// <summary>The table of decoded cells and the classes that they were drawn for, the target last.</summary>
    internal Table Table(double[][] cells, int[] labels) => new(
    [
        .. _columns.Select((column, i) => column.With(cells[i])),
        new Column(
            _task.Target, ColumnKind.Categorical, Array.ConvertAll(labels, label => (double)label), _task.ClassNames),
    ]);
}
