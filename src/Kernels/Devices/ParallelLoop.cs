using System.Diagnostics.CodeAnalysis;

namespace CausalMixFT.Kernels.Devices;

/// <summary>A loop that threads of the pool share with its caller, and that leaves no garbage: operations start it by the thousand.</summary>
/// <remarks>
/// The caller takes part, so a loop ends though the pool has no thread to spare; it waits for those that began, not for those that never
/// did. One object serves a thread's loops in turn, unless some late helper may still look at it.
/// </remarks>
sealed class ParallelLoop<TState> : IThreadPoolWorkItem
{
    // So many shares for each thread: the last to end keeps the others waiting for a small part of the loop.
    const int SharesPerThread = 32;

    [ThreadStatic]
    static ParallelLoop<TState>? _idle;

    TState _state = default!;
    Action<TState, int>? _body;
    Exception? _fault;
    int _count, _share, _next, _active, _queued;

    /// <summary>Runs <paramref name="body"/> for 0 … <paramref name="count"/> − 1 on at most so many threads.</summary>
    /// <exception cref="AggregateException">A body failed; it holds the first failure, and what had not begun is left out.</exception>
    internal static void Run(int count, int threads, TState state, Action<TState, int> body)
    {
        var loop = _idle ?? new();
        _idle = null;
        int helpers = Math.Min(threads, count) - 1;
        (loop._state, loop._body, loop._fault) = (state, body, null);
        (loop._count, loop._share, loop._next, loop._queued) = (count, Math.Max(1, count / (threads * SharesPerThread)), 0, helpers);
        for (int i = 0; i < helpers; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(loop, preferLocal: false);
        }

        loop.Work();
        loop.AwaitHelpers();
        var fault = loop._fault;
        if (Volatile.Read(ref loop._queued) == 0)
        {
            (loop._state, loop._body, loop._fault) = (default!, null, null);
            _idle = loop;
        }

        if (fault is not null)
        {
            throw new AggregateException(fault);
        }
    }

    // A helper counts as active before it looks for work: when the caller finds none left, whoever still works is counted. After that it
    // at most wakes whoever waits, in vain if that is the next loop, whose caller looks again.
    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Increment(ref _active);
        Work();
        Interlocked.Decrement(ref _queued);
        if (Interlocked.Decrement(ref _active) == 0)
        {
            lock (this)
            {
                Monitor.PulseAll(this);
            }
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The caller throws it.")]
    void Work()
    {
        try
        {
            for (int first; (first = Interlocked.Add(ref _next, _share) - _share) < _count && first >= 0;)
            {
                for (int i = first; i < Math.Min(_count, first + _share); i++)
                {
                    _body!(_state, i);
                }
            }
        }
        catch (Exception fault)
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
            Volatile.Write(ref _next, _count);
        }
    }

    void AwaitHelpers()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref _active) != 0 && !spin.NextSpinWillYield)
        {
            spin.SpinOnce();
        }

        if (Volatile.Read(ref _active) != 0)
        {
            lock (this)
            {
                while (Volatile.Read(ref _active) != 0)
                {
                    Monitor.Wait(this);
                }
            }
        }
    }
}
