using System.Runtime.CompilerServices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Memory that a thread keeps from one piece of work to the next. It grows, it is not cleared, and it does not move.</summary>
sealed unsafe class Scratch<T>
    where T : unmanaged
{
    T[] _array = [];

    /// <summary>The first element; null before the first <see cref="Fit"/>.</summary>
    public T* Start { get; private set; }

    /// <summary>Makes room for <paramref name="length"/> elements; what was there may be gone.</summary>
    public void Fit(int length)
    {
        if (length > _array.Length)
        {
            _array = GC.AllocateUninitializedArray<T>(Math.Max(length, 2 * _array.Length), pinned: true);
            Start = (T*)Unsafe.AsPointer(ref _array[0]);
        }
    }
}
