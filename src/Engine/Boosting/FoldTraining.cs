namespace CausalMixFT.Engine.Boosting;

/// <summary>Trees of all rows but one fold's, with the loss of that fold's rows after every round.</summary>
sealed class FoldTraining : IDisposable
{
    readonly BoostingTask _task;
    readonly int _start, _end;
    readonly LightGbmDataset _rest, _leftOut;
    readonly LightGbmBooster _booster;
    readonly double[] _predictions;
    readonly List<double> _losses = [];

    bool _isFinished;

    /// <summary>Splits off rows <paramref name="start"/> to <paramref name="end"/> of a dataset.</summary>
    public FoldTraining(BoostingTask task, LightGbmDataset all, int start, int end, string parameters)
    {
        (_task, _start, _end) = (task, start, end);
        _rest = all.Subset([.. Enumerable.Range(0, start), .. Enumerable.Range(end, task.Rows - end)], parameters);
        _leftOut = all.Subset([.. Enumerable.Range(start, end - start)], parameters);
        _booster = new(_rest, parameters);
        _booster.Follow(_leftOut);
        _predictions = new double[(end - start) * task.Outputs];
    }

    /// <summary>The left-out rows' summed loss after each round.</summary>
    public IReadOnlyList<double> Losses => _losses;

    /// <summary>Trains on to <paramref name="rounds"/>; once no split helps, the loss stays as it is.</summary>
    public void Advance(int rounds)
    {
        while (_losses.Count < rounds)
        {
            if (!_isFinished)
            {
                _isFinished = !_booster.Update();
                _booster.Followed(_predictions);
                _losses.Add(BoostingLoss.Sum(_task, _start, _predictions));
            }
            else
            {
                _losses.Add(_losses[^1]);
            }
        }
    }

    /// <summary>Writes the left-out rows' raw scores after <paramref name="rounds"/>.</summary>
    public void Scores(int rounds, Span<double> outOfFold) =>
        _booster.Predict<float>(
            LightGbmDataset.Matrix(_task.Columns, _start, _end), _task.Columns.Length, LightGbm.PredictRawScore, rounds,
            outOfFold[(_start * _task.Outputs)..(_end * _task.Outputs)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _booster.Dispose();
        _leftOut.Dispose();
        _rest.Dispose();
    }
}
