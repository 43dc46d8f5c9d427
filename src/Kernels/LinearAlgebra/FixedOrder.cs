using System.Numerics;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Sums in an order that depends on the length alone; the library's depends on how wide the processor's vectors are.</summary>
static class FixedOrder
{
    /// <summary>Σ x² of the elements, in single precision.</summary>
    public static float SumOfSquares(ReadOnlySpan<float> values)
    {
        Vector256<float> first = default, second = default, third = default, fourth = default;
        int i = 0;
        for (; i <= values.Length - 32; i += 32)
        {
            var next = values.Slice(i, 32);
            Vector256<float> a = Vector256.Create(next), b = Vector256.Create(next[8..]);
            Vector256<float> c = Vector256.Create(next[16..]), d = Vector256.Create(next[24..]);
            first = Vector256.FusedMultiplyAdd(a, a, first);
            second = Vector256.FusedMultiplyAdd(b, b, second);
            third = Vector256.FusedMultiplyAdd(c, c, third);
            fourth = Vector256.FusedMultiplyAdd(d, d, fourth);
        }

        float sum = Vector256.Sum(first + second + (third + fourth));
        for (; i < values.Length; i++)
        {
            sum += values[i] * values[i];
        }

        return sum;
    }

    /// <summary>Σ x of the elements, in their own precision.</summary>
    public static T Sum<T>(ReadOnlySpan<T> values)
        where T : struct, INumber<T>
    {
        var sums = Vector256<T>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector256<T>.Count; i += Vector256<T>.Count)
        {
            sums += Vector256.Create(values[i..]);
        }

        T sum = Vector256.Sum(sums);
        for (; i < values.Length; i++)
        {
            sum += values[i];
        }

        return sum;
    }
}
