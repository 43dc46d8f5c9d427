namespace CausalMixFT.Engine.Pretraining;

/// <summary>Batches in order, drawn on other threads while the model trains on those before.</summary>
/// <remarks>A batch depends on its number alone, so that how many are under way changes nothing but the time.</remarks>
sealed class TablesAhead
{
    // A large device takes milliseconds for a step, about a tenth of the time of drawing one batch on one thread.
    static readonly int MostAhead = Math.Clamp(Environment.ProcessorCount, 2, 16);

    readonly Func<int, PriorTables> _draw;
    readonly int _end;
    readonly Queue<Task<PriorTables>> _underWay = new();
    int _next;

    /// <summary>Starts to draw batches <paramref name="first"/> … <paramref name="end"/> − 1.</summary>
    public TablesAhead(Func<int, PriorTables> draw, int first, int end)
    {
        (_draw, _next, _end) = (draw, first, end);
        Fill();
    }

    /// <summary>The next batch; waits for it where it is not yet drawn.</summary>
    public PriorTables Next()
    {
        var batch = _underWay.Dequeue();
        Fill();
        return batch.GetAwaiter().GetResult();
    }

    void Fill()
    {
        while (_underWay.Count < MostAhead && _next < _end)
        {
            int number = _next++;
            _underWay.Enqueue(Task.Run(() => _draw(number)));
        }
    }
}
