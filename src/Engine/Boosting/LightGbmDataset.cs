using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace CausalMixFT.Engine.Boosting;

/// <summary>Binned features with their targets, held by LightGBM.</summary>
sealed unsafe class LightGbmDataset : SafeHandleZeroOrMinusOneIsInvalid
{
    LightGbmDataset(nint handle, int rows)
        : base(ownsHandle: true)
    {
        SetHandle(handle);
        Rows = rows;
    }

    public int Rows { get; }

    public nint Handle => handle;

    /// <summary>Bins columns of equal length; the flags tell which hold category codes.</summary>
    public static LightGbmDataset FromColumns<T>(T[][] columns, bool[] isCategorical, string parameters)
        where T : unmanaged
    {
        LightGbm.Enter();
        int rows = columns[0].Length;
        string categorical = string.Join(',', Enumerable.Range(0, columns.Length).Where(c => isCategorical[c])
            .Select(c => c.ToString(CultureInfo.InvariantCulture)));
        if (categorical.Length > 0)
        {
            parameters += " categorical_feature=" + categorical;
        }

        fixed (T* data = Matrix(columns, 0, rows))
        {
            LightGbm.Check(LightGbm.DatasetCreateFromMat(
                data, TypeOf<T>(), rows, columns.Length, 0, parameters, 0, out nint handle));
            return new(handle, rows);
        }
    }

    /// <summary>Some of the rows, in rising order, in the same bins.</summary>
    public LightGbmDataset Subset(ReadOnlySpan<int> rows, string parameters)
    {
        LightGbm.Enter();
        fixed (int* indices = rows)
        {
            LightGbm.Check(LightGbm.DatasetGetSubset(handle, indices, rows.Length, parameters, out nint subset));
            return new(subset, rows.Length);
        }
    }

    /// <summary>Sets what the trees are to predict: numbers, or classes from 0.</summary>
    public void SetTarget(ReadOnlySpan<float> target) => SetField("label", target);

    /// <summary>Sets how much each row counts.</summary>
    public void SetWeights(ReadOnlySpan<float> weights) => SetField("weight", weights);

    /// <summary>Rows <paramref name="start"/> to <paramref name="end"/> of columns as one column-major matrix.</summary>
    public static T[] Matrix<T>(T[][] columns, int start, int end)
    {
        int rows = end - start;
        var matrix = new T[(long)rows * columns.Length];
        for (int c = 0; c < columns.Length; c++)
        {
            columns[c].AsSpan(start, rows).CopyTo(matrix.AsSpan(c * rows));
        }

        return matrix;
    }

    /// <summary>LightGBM's number for an element's type.</summary>
    public static int TypeOf<T>() => typeof(T) == typeof(float) ? LightGbm.Float32 : LightGbm.Float64;

    void SetField(string field, ReadOnlySpan<float> values)
    {
        fixed (float* data = values)
        {
            LightGbm.Check(LightGbm.DatasetSetField(handle, field, data, values.Length, LightGbm.Float32));
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LightGbm.DatasetFree(handle) == 0;
}
