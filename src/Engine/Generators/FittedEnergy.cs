using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Generators;

/// <summary>Runs chains on the energies of classes.</summary>
sealed class FittedEnergy : IFittedGenerator
{
    // The streams of a chain's start, of the noise on it, and of the first step's.
    const uint StartStream = 0, StartNoiseStream = 1, FirstStepStream = 2;

    readonly TabularModel _model;
    readonly ComputeDevice _device;
    readonly EnergyOptions _options;
    readonly Table _features;
    readonly Column _target;
    readonly EnergyClass[] _classes;
    readonly NumberGrid?[] _grids;

    // Where a number may end, and which cells stay as they are.
    sealed record NumberGrid(double Least, double Most, int? Decimals, HashSet<double> Held)
    {
        public static NumberGrid? Of(Column column, bool keepsRepeatedValues)
        {
            double[] present = [.. column.Values.ToArray().Where(value => !double.IsNaN(value))];
            return column.IsDiscrete || present.Length == 0 ? null : new(
                present.Min(), present.Max(), RepeatedValues.StepOf(column) > 0 ? column.Decimals : null,
                keepsRepeatedValues ? RepeatedValues.Of(column) : []);
        }

        public double Nearest(double value) =>
            Math.Clamp(Decimals is { } decimals ? Math.Round(value, decimals) : value, Least, Most);
    }

    // Chains of one class: which real row each started at, where each is, and which of its cells may move.
    sealed record Chains(int First, int[] Starts, float[] Cells, bool[] Moves);

    public FittedEnergy(TabularModel model, ComputeDevice device, EnergyOptions options, ClassificationTask task, EnergyClass[] classes)
    {
        (_model, _device, _options, _features, _classes) = (model, device, options, task.Features, classes);
        _target = task.Table.Columns[^1];
        _grids = [.. task.Features.Columns.Select(column => NumberGrid.Of(column, options.KeepsRepeatedValues))];
    }

    /// <inheritdoc/>
    public Table Sample(
        IReadOnlyList<int> rowsOfClass, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rowsOfClass);
        using var transformer = _model.Load(_device);
        int rows = rowsOfClass.Sum(), done = 0;
        var cells = new double[_features.Columns.Count + 1][];
        for (int c = 0; c < cells.Length; c++)
        {
            cells[c] = new double[rows];
        }

        for (int k = 0, first = 0; k < rowsOfClass.Count; first += rowsOfClass[k++])
        {
            var random = new Philox(seed).Branch((uint)k);
            double weight = _options.Reduction == EnergyReduction.Sum ? 1 : 1.0 / Math.Max(1, rowsOfClass[k]);
            using var energy = EnergyOf(transformer, _classes[k]);
            for (int start = 0; start < rowsOfClass[k]; start += _options.ChainsAtOnce)
            {
                int count = Math.Min(_options.ChainsAtOnce, rowsOfClass[k] - start), before = done;
                var chains = Start(_classes[k], random, start, count);
                Run(chains, energy, random, weight, share => progress?.Report((before + share * count) / rows), cancellation);
                Write(chains, _classes[k], k, first + start, cells);
                done += count;
            }
        }

        Column[] columns = [.. _features.Columns, _target];
        return new([.. columns.Select((column, c) => new Column(
            column.Name, column.Kind, cells[c], column.IsDiscrete ? column.Levels : null, column.Decimals))]);
    }

    /// <summary>The energy of a class, or null where no number of it varies.</summary>
    internal static EnergyFunction? EnergyOf(TabularTransformer transformer, EnergyClass own) => own.Columns.Length == 0
        ? null
        : new(transformer, own.Context, own.Corners, own.Columns.Length);

    Chains Start(EnergyClass own, Philox random, int first, int count)
    {
        int columns = own.Columns.Length;
        var chains = new Chains(first, new int[count], new float[count * columns], new bool[count * columns]);
        for (int chain = 0; chain < count; chain++)
        {
            uint number = (uint)(first + chain);
            int row = own.Rows[random.Below(own.Rows.Length, number, StartStream)];
            chains.Starts[chain] = row;
            own.Standardised(_features, row).CopyTo(chains.Cells, chain * columns);
            for (int i = 0; i < columns; i++)
            {
                double value = _features.Columns[own.Columns[i]].Values[row];
                int at = chain * columns + i;
                chains.Moves[at] = !double.IsNaN(value) && !_grids[own.Columns[i]]!.Held.Contains(value);
                chains.Cells[at] += chains.Moves[at] ? (float)_options.StartNoise * random.Normal(number, StartNoiseStream, (uint)i) : 0;
            }
        }

        return chains;
    }

    // x ← x − α w ∇E(x) + σ N(0, 1), with w = 1, or one over the rows asked for.
    void Run(
        Chains chains, EnergyFunction? energy, Philox random, double weight, Action<double> progress, CancellationToken cancellation)
    {
        if (energy is null || !chains.Moves.Contains(true))
        {
            return;
        }

        int columns = chains.Cells.Length / chains.Starts.Length;
        float step = (float)(_options.StepSize * weight), noise = (float)_options.Noise;
        var gradient = new float[chains.Cells.Length];
        for (int number = 0; number < _options.Steps; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            energy.Evaluate(chains.Cells, gradient);
            for (int at = 0; at < gradient.Length; at++)
            {
                if (chains.Moves[at])
                {
                    uint chain = (uint)(chains.First + at / columns);
                    chains.Cells[at] += noise * random.Normal(chain, FirstStepStream + (uint)number, (uint)(at % columns))
                        - step * gradient[at];
                }
            }

            progress((number + 1.0) / _options.Steps);
        }
    }

    // The start row, with what moved in its place.
    void Write(Chains chains, EnergyClass own, int label, int first, double[][] cells)
    {
        int columns = own.Columns.Length;
        for (int chain = 0; chain < chains.Starts.Length; chain++)
        {
            for (int c = 0; c < _features.Columns.Count; c++)
            {
                cells[c][first + chain] = _features.Columns[c].Values[chains.Starts[chain]];
            }

            for (int i = 0; i < columns; i++)
            {
                if (chains.Moves[chain * columns + i])
                {
                    int c = own.Columns[i];
                    cells[c][first + chain] = _grids[c]!.Nearest(own.Number(i, chains.Cells[chain * columns + i]));
                }
            }

            cells[^1][first + chain] = label;
        }
    }
}
