using System.Runtime.InteropServices.Marshalling;
using Microsoft.Win32.SafeHandles;

namespace CausalMixFT.Engine.Boosting;

/// <summary>Trees in training, held by LightGBM. Its datasets must outlive the training.</summary>
sealed unsafe class LightGbmBooster : SafeHandleZeroOrMinusOneIsInvalid
{
    readonly string _parameters;

    public LightGbmBooster(LightGbmDataset dataset, string parameters)
        : base(ownsHandle: true)
    {
        LightGbm.Enter();
        _parameters = parameters;
        LightGbm.Check(LightGbm.BoosterCreate(dataset.Handle, parameters, out nint booster));
        SetHandle(booster);
    }

    /// <summary>Keeps predictions for <paramref name="dataset"/> up to date in every round.</summary>
    public void Follow(LightGbmDataset dataset) =>
        LightGbm.Check(LightGbm.BoosterAddValidData(handle, dataset.Handle));

    /// <summary>Adds one round of trees; false when no split is left that helps.</summary>
    public bool Update()
    {
        LightGbm.Enter();
        LightGbm.Check(LightGbm.BoosterUpdateOneIter(handle, out int isFinished));
        return isFinished == 0;
    }

    /// <summary>Predictions for the followed dataset, (outputs, rows): means or probabilities, not raw scores.</summary>
    public void Followed(Span<double> predictions)
    {
        fixed (double* result = predictions)
        {
            LightGbm.Check(LightGbm.BoosterGetPredict(handle, 1, out _, result));
        }
    }

    /// <summary>
    /// Predictions of the first <paramref name="rounds"/> rounds for a column-major matrix, (rows, outputs).
    /// </summary>
    public void Predict<T>(ReadOnlySpan<T> matrix, int columns, int kind, int rounds, Span<double> predictions)
        where T : unmanaged
    {
        LightGbm.Enter();
        fixed (T* data = matrix)
        fixed (double* result = predictions)
        {
            LightGbm.Check(LightGbm.BoosterPredictForMat(
                handle, data, LightGbmDataset.TypeOf<T>(), matrix.Length / columns, columns, 0, kind, 0, rounds,
                _parameters, out _, result));
        }
    }

    /// <summary>The trees in LightGBM's text format.</summary>
    public string ModelText()
    {
        LightGbm.Check(LightGbm.BoosterSaveModelToString(handle, 0, -1, 0, 0, out long length, null));
        var text = new byte[length];
        fixed (byte* start = text)
        {
            LightGbm.Check(LightGbm.BoosterSaveModelToString(handle, 0, -1, 0, length, out _, start));
            return Utf8StringMarshaller.ConvertToManaged(start) ?? "";
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LightGbm.BoosterFree(handle) == 0;
}
