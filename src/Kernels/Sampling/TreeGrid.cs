using System.Numerics.Tensors;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Sampling;

/// <summary>
/// Trees as a table of all their sums: one cell for each combination of the features' places (<see
/// cref="TreeFeatures"/>) and output, however many trees there are.
/// </summary>
/// <remarks>
/// A leaf covers a box of cells, so it is added as differences at the box's corners, and running sums along each
/// feature then fill the table: its cost hardly depends on the number of trees. The sums are of whole numbers, leaf
/// values times a power of two, hence exact; a cell is rounded to float once.
/// </remarks>
sealed class TreeGrid
{
    /// <summary>Most cells: 4 MiB of floats, which take some 10 ms to fill.</summary>
    /// <remarks>
    /// Of a hundred trees of 31 leaves, a row of so large a grid takes a seventh of the time of its masks, so that 50,000
    /// rows pay for the filling.
    /// </remarks>
    public const int MostCells = 1 << 20;

    // The leaf values of all trees sum to less than this in size, within a long.
    const int SumBits = 62;

    readonly TreeFeatures _features;
    readonly long[] _sums;

    /// <summary>Fills the table.</summary>
    public TreeGrid(TreeEnsembleTerms terms, TreeFeatures features)
    {
        _features = features;
        Strides = new int[features.Used.Length];
        int cells = terms.Outputs;
        for (int f = Strides.Length - 1; f >= 0; f--)
        {
            Strides[f] = cells;
            cells *= features.Places[f];
        }

        _sums = new long[cells];
        int shift = SumBits - FixedPoint.BitsOf(terms.Trees.Sum(tree => tree.Leaves.Max(Math.Abs)));
        for (int t = 0; t < terms.Trees.Count; t++)
        {
            var everywhere = features.Places.Select(places => Enumerable.Repeat(true, places).ToArray()).ToArray();
            var edges = features.Places.Select(places => (int[])[0, places]).ToArray();
            AddBelow(terms.Trees[t], terms.Trees[t].Root, everywhere, edges, t % terms.Outputs, shift);
        }

        for (int f = 0; f < Strides.Length; f++)
        {
            SumAlong(f);
        }

        double unit = Math.ScaleB(1, -shift);
        Cells = new float[cells];
        for (int cell = 0; cell < cells; cell++)
        {
            Cells[cell] = (float)(_sums[cell] * unit);
        }
    }

    /// <summary>The sums: the features' places, the last fastest, then the outputs.</summary>
    public float[] Cells { get; }

    /// <summary>Cells from one place of a feature to its next.</summary>
    public int[] Strides { get; }

    /// <summary>The features' thresholds and places.</summary>
    public TreeFeatures Features => _features;

    /// <summary>How many cells the table of an ensemble has.</summary>
    public static double CellsOf(TreeEnsembleTerms terms, TreeFeatures features) =>
        features.Places.Aggregate((double)terms.Outputs, (cells, places) => cells * places);

    // The places that reach a node are a set for each feature; its edges are where runs of members begin and end.
    void AddBelow(Tree tree, int node, bool[][] reached, int[][] edges, int output, int shift)
    {
        if (node < 0)
        {
            AddCorners(0, output, (long)Math.Round(Math.ScaleB(tree.Leaves[~node], shift)), edges);
            return;
        }

        var split = tree.Splits[node];
        int f = _features.SlotOf(split.Feature);
        var (all, allEdges) = (reached[f], edges[f]);
        bool[] goesLeft = GoesLeft(split, f);
        foreach (bool left in (ReadOnlySpan<bool>)[true, false])
        {
            var part = new bool[all.Length];
            for (int place = 0; place < part.Length; place++)
            {
                part[place] = all[place] && goesLeft[place] == left;
            }

            reached[f] = part;
            edges[f] = Edges(part);
            AddBelow(tree, left ? split.Left : split.Right, reached, edges, output, shift);
        }

        (reached[f], edges[f]) = (all, allEdges);
    }

    bool[] GoesLeft(TreeSplit split, int f)
    {
        var left = new bool[_features.Places[f]];
        if (split.LeftCodes is null)
        {
            Array.Fill(left, true, 0, Array.BinarySearch(_features.Thresholds[f]!, split.Threshold) + 1);
        }
        else
        {
            foreach (int code in split.LeftCodes)
            {
                left[code] = true;
            }
        }

        return left;
    }

    static int[] Edges(bool[] members)
    {
        var edges = new List<int>();
        for (int place = 0; place <= members.Length; place++)
        {
            bool before = place > 0 && members[place - 1], here = place < members.Length && members[place];
            if (before != here)
            {
                edges.Add(place);
            }
        }

        return [.. edges];
    }

    // A run begins with the value and ends with its negative; an end beyond the last place is not needed.
    void AddCorners(int f, int cell, long value, int[][] edges)
    {
        if (f == edges.Length)
        {
            _sums[cell] += value;
            return;
        }

        for (int e = 0; e < edges[f].Length; e++)
        {
            if (edges[f][e] < _features.Places[f])
            {
                AddCorners(f + 1, cell + edges[f][e] * Strides[f], (e & 1) == 0 ? value : -value, edges);
            }
        }
    }

    void SumAlong(int f)
    {
        int stride = Strides[f], length = _features.Places[f] * stride;
        for (int start = 0; start < _sums.Length; start += length)
        {
            var line = _sums.AsSpan(start, length);
            if (stride == 1)
            {
                for (int cell = 1; cell < length; cell++)
                {
                    line[cell] += line[cell - 1];
                }
            }
            else
            {
                for (int cell = stride; cell < length; cell += stride)
                {
                    var place = line.Slice(cell, stride);
                    TensorPrimitives.Add(place, line.Slice(cell - stride, stride), place);
                }
            }
        }
    }
}

/// <summary>One feature's way into a <see cref="TreeGrid"/>.</summary>
/// <param name="Thresholds">Where its thresholds start, padded with +∞ to a power of two; for codes unused.</param>
/// <param name="FirstStep">The first step of the search, a power of two; 0 for codes, which need none.</param>
/// <param name="Last">Its last place.</param>
/// <param name="Stride">Cells from one place to the next.</param>
readonly record struct GridAxis(int Thresholds, int FirstStep, int Last, int Stride);

/// <summary>A <see cref="TreeGrid"/> on a device.</summary>
sealed class TreeGridTable : IDisposable
{
    public TreeGridTable(ComputeDevice device, TreeGrid grid)
    {
        var thresholds = new List<float>();
        var axes = new List<GridAxis>();
        for (int f = 0; f < grid.Strides.Length; f++)
        {
            int step = 0, start = thresholds.Count;
            if (grid.Features.Thresholds[f] is { } own)
            {
                step = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)own.Length + 1) / 2;
                thresholds.AddRange(own);
                thresholds.AddRange(Enumerable.Repeat(float.PositiveInfinity, 2 * step - own.Length));
            }

            axes.Add(new(start, step, grid.Features.Places[f] - 1, grid.Strides[f]));
        }

        Count = axes.Count;
        Axes = device.Allocate<GridAxis>([.. axes]);
        Thresholds = device.Allocate<float>([.. thresholds]);
        Cells = device.Allocate<float>(grid.Cells);
    }

    public int Count { get; }

    public DeviceArray<GridAxis> Axes { get; }

    public DeviceArray<float> Thresholds { get; }

    public DeviceArray<float> Cells { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Axes.Dispose();
        Thresholds.Dispose();
        Cells.Dispose();
    }
}
