using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Generators;

/// <summary>Rows by descending, with noise, the energy that an in-context model gives to rows of a class (TabEBM).</summary>
/// <remarks>
/// <para>Margeloiu et al., "TabEBM: A Tabular Data Augmentation Method with Distinct Class-Specific Energy-Based Models" (NeurIPS 2024),
/// on any <see cref="TabularModel"/> in place of TabPFN. For each class the model is shown its rows against corner points
/// (<see cref="EnergyFunction"/>). A chain starts at a real row of the class, in standard deviations of the class, and takes steps
/// <c>x ← x − α ∇E(x) + σ N(0, 1)</c>.</para>
/// <para>The paper's code descends on the mean energy of all chains, which divides each one's slope by their number: for a hundred rows or
/// more that is a bootstrap with noise. <see cref="EnergyReduction"/> has both; own energies are the default. They can draw rows together: of
/// 120 rows of Adult, with the shipped model and 64 rows of context, ages ended at 0.59 and 0.67 of their classes' deviations. On the
/// mean energy of 300 rows they stayed at 1.0 to 1.1. Take the mean to stay near real rows.</para>
/// <para>The method is one of numbers. Levels of discrete columns and missing cells are those of the row that a chain starts at, and so
/// are numbers that repeat beyond chance (<see cref="RepeatedValues"/>); the energy does not see discrete columns. A table, or a class of
/// one row, without numbers that vary is copied row by row. Numbers end on the column's grid within its range. Rows of a class that has none
/// are made as if all rows were of it.</para>
/// <para>Each step is a pass of the model over the chains and their context, so that time grows with rows and steps: it is meant for
/// hundreds of rows, or a GPU.</para>
/// </remarks>
/// <param name="model">The model: a classifier.</param>
/// <param name="device">Where it runs; borrowed.</param>
/// <param name="options">Sizes; null for the defaults.</param>
public sealed class EnergyGenerator(TabularModel model, ComputeDevice device, EnergyOptions? options = null) : IRowGenerator
{
    const uint FitPurpose = 0x656E6572; // "ener" in ASCII

    readonly EnergyOptions _options = options ?? new();

    /// <inheritdoc/>
    public string Name => "energy";

    /// <inheritdoc/>
    /// <exception cref="InputException">The model predicts numbers.</exception>
    public IFittedGenerator Fit(
        ClassificationTask rows, ulong seed, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (model.Traits.Task != ModelTask.Classification)
        {
            throw new InputException(
                $"{model.Origin}: this model predicts numbers, but rows are generated from what a classifier says of them; "
                + "name one that predicts classes.");
        }

        int[] all = [.. Enumerable.Range(0, rows.Rows)];
        var random = new Philox(seed).Branch(FitPurpose);
        var classes = new EnergyClass[rows.ClassNames.Count];
        for (int k = 0; k < classes.Length; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] own = [.. all.Where(row => rows.Labels[row] == k)];
            classes[k] = new(rows.Features, own.Length > 0 ? own : all, _options, random.Branch((uint)k));
            progress?.Report((k + 1.0) / classes.Length);
        }

        return new FittedEnergy(model, device, _options, rows, classes);
    }
}
