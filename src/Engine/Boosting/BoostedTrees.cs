namespace CausalMixFT.Engine.Boosting;

/// <summary>Gradient-boosted trees: trained by LightGBM, kept as plain data.</summary>
/// <remarks>
/// Ke et al., LightGBM (NeurIPS 2017). Each training runs on one thread, and the same seed gives the same trees;
/// several may run at once.
/// </remarks>
public static class BoostedTrees
{
    /// <summary>Trains <see cref="BoostingOptions.Rounds"/> rounds, fewer where no split is left that helps.</summary>
    /// <exception cref="Tables.InputException">LightGBM's library cannot be loaded.</exception>
    public static TreeModel Train(BoostingTask task, BoostingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var dataset = Dataset(task, options);
        return Train(dataset, task.Parameters(options), options.Rounds);
    }

    /// <summary>
    /// Chooses by cross-validation how many rounds to train, at most <see cref="BoostingOptions.Rounds"/>, and trains
    /// them on all rows.
    /// </summary>
    /// <param name="task">The rows, ordered by fold.</param>
    /// <param name="foldStarts">Each fold's first row, and the number of rows at the end.</param>
    /// <param name="options">The shape of the trees.</param>
    /// <param name="forEach">Runs a body for 0 … count − 1 in any order, on any threads.</param>
    /// <exception cref="Tables.InputException">LightGBM's library cannot be loaded.</exception>
    public static CrossValidatedTrees CrossValidate(
        BoostingTask task, ReadOnlySpan<int> foldStarts, BoostingOptions options, Action<int, Action<int>> forEach)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(forEach);
        int[] starts = [.. foldStarts];
        if (starts.Length < 3 || starts[0] != 0 || starts[^1] != task.Rows
            || !starts.Zip(starts.Skip(1)).All(fold => fold.First < fold.Second))
        {
            throw new ArgumentException(
                $"Folds must start at rising rows, from 0 on, and end at the {task.Rows} rows; two folds at least.",
                nameof(foldStarts));
        }

        // Bins are of all rows: the left-out rows tell where their features lie, nothing of their targets.
        using var dataset = Dataset(task, options);
        string parameters = task.Parameters(options);
        var folds = new FoldTraining[starts.Length - 1];
        try
        {
            forEach(folds.Length, fold =>
                folds[fold] = new(task, dataset, starts[fold], starts[fold + 1], parameters));
            var (rounds, loss) = ChooseRounds(folds, options, forEach);
            var outOfFold = new double[task.Rows * task.Outputs];
            forEach(folds.Length, fold => folds[fold].Scores(rounds, outOfFold));
            double weight = task.Weights?.Sum(w => (double)w) ?? task.Rows;
            return new(Train(dataset, parameters, rounds), rounds, loss / weight, outOfFold);
        }
        finally
        {
            foreach (var fold in folds)
            {
                fold?.Dispose();
            }
        }
    }

    // All folds advance by the patience before their losses are compared: that wastes few rounds, and folds need not
    // wait for each other in every one.
    static (int Rounds, double Loss) ChooseRounds(
        FoldTraining[] folds, BoostingOptions options, Action<int, Action<int>> forEach)
    {
        int best = 0;
        double least = double.PositiveInfinity;
        for (int done = 0; done < options.Rounds && done - best < options.Patience;)
        {
            int next = Math.Min(done + options.Patience, options.Rounds);
            forEach(folds.Length, fold => folds[fold].Advance(next));
            for (; done < next; done++)
            {
                double loss = folds.Sum(fold => fold.Losses[done]);
                if (loss < least)
                {
                    (best, least) = (done + 1, loss);
                }
            }
        }

        return (best, least);
    }

    static TreeModel Train(LightGbmDataset dataset, string parameters, int rounds)
    {
        using var booster = new LightGbmBooster(dataset, parameters);
        for (int round = 0; round < rounds && booster.Update(); round++) { }

        return LightGbmModelText.Parse(booster.ModelText());
    }

    static LightGbmDataset Dataset(BoostingTask task, BoostingOptions options)
    {
        ArgumentNullException.ThrowIfNull(task);
        task.Check();
        var dataset = LightGbmDataset.FromColumns(task.Columns, task.IsCategorical, task.Parameters(options));
        dataset.SetTarget(task.Target);
        if (task.Weights is not null)
        {
            dataset.SetWeights(task.Weights);
        }

        return dataset;
    }
}
