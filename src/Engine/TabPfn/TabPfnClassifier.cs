using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>Predicts the classes of a task with TabPFN's ensemble around a network.</summary>
/// <remarks>
/// Discrete columns are categories, as if the Python package were given names and told so; numbers and days are numbers, and
/// become categories by its rules. It numbers classes in the order of their values, numbers by size, names by
/// their characters; the network sees that order, and what comes out is again in the task's.
/// </remarks>
public sealed class TabPfnClassifier
{
    readonly TypedFeatures _features;
    readonly int[] _order;
    readonly TabPfnEnsemble _ensemble;

    /// <summary>Learns from some rows of a task.</summary>
    /// <param name="task">The table and its classes.</param>
    /// <param name="trainRows">The rows to learn from.</param>
    /// <param name="options">How to predict.</param>
    /// <exception cref="InputException">The table is beyond TabPFN's limits, or no column varies.</exception>
    public TabPfnClassifier(ClassificationTask task, ReadOnlySpan<int> trainRows, TabPfnOptions? options = null)
        : this(task.Features.Select(trainRows), Picked(task.Labels, trainRows), task.ClassNames, options)
    { }

    /// <summary>Learns from rows.</summary>
    /// <param name="features">Their columns to predict from.</param>
    /// <param name="labels">The class of each.</param>
    /// <param name="classNames">What the classes are called.</param>
    /// <param name="options">How to predict.</param>
    /// <exception cref="InputException">The table is beyond TabPFN's limits, or no column varies.</exception>
    public TabPfnClassifier(Table features, int[] labels, IReadOnlyList<string> classNames, TabPfnOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(features);
        _features = new(features);
        _order = ClassOrder(classNames);
        _ensemble = new(
            RawFeatures.Of(features), Array.ConvertAll(labels, label => Array.IndexOf(_order, label)), _order.Length, options);
    }

    /// <summary>The tables that the network is to be shown for <paramref name="rows"/>.</summary>
    public IEnumerable<TabPfnMember> Members(Table rows) => _ensemble.Members(_features.Raw(rows));

    /// <summary>The table that one member is to be shown for <paramref name="rows"/>, with the task's classes.</summary>
    internal ShownTable Show(Table rows, int member)
    {
        var shown = _ensemble.Member(_features.Raw(rows), member);
        var names = new int[_order.Length];
        for (int k = 0; k < names.Length; k++)
        {
            int place = Array.BinarySearch(_ensemble.Present, k);
            names[_order[k]] = place < 0 ? -1 : shown.ClassPermutation[place];
        }

        return new(shown.Batch, names, _ensemble.Present.Length);
    }

    /// <summary>Probabilities (rows, classes) in the order of the task's class names; each row sums to 1.</summary>
    /// <param name="rows">The rows to predict, which have the task's columns in any order.</param>
    /// <param name="network">A member's logits (rows, outputs), row-major, for at least as many outputs as classes.</param>
    public float[] Probabilities(Table rows, Func<TabPfnMember, float[]> network)
    {
        var ordered = _ensemble.Probabilities(_features.Raw(rows), network);
        var probabilities = new float[ordered.Length];
        for (int i = 0; i < ordered.Length; i++)
        {
            probabilities[i - i % _order.Length + _order[i % _order.Length]] = ordered[i];
        }

        return probabilities;
    }

    /// <summary>The classes in the order in which TabPFN numbers them.</summary>
    internal static int[] ClassOrder(IReadOnlyList<string> names)
    {
        int[] classes = [.. Enumerable.Range(0, names.Count)];
        double[] numbers = [.. names.Select(name => double.TryParse(
            name, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN)];
        return numbers.Any(double.IsNaN)
            ? [.. classes.OrderBy(k => names[k], StringComparer.Ordinal)]
            : [.. classes.OrderBy(k => numbers[k])];
    }

    static int[] Picked(int[] labels, ReadOnlySpan<int> rows)
    {
        var picked = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            picked[i] = labels[rows[i]];
        }

        return picked;
    }
}
