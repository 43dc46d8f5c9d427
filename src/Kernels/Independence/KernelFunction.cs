using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Independence;

/// <summary>Which kernel compares two rows.</summary>
public enum KernelKind
{
    /// <summary>exp(−½ θ ‖a − b‖²): sees every kind of dependence.</summary>
    Gaussian,

    /// <summary>a · b: sees straight lines only.</summary>
    Linear,

    /// <summary>(1 + a · b)²: sees straight lines, squares and products.</summary>
    Polynomial,
}

/// <summary>A kernel between rows.</summary>
/// <param name="Kind">Its form.</param>
/// <param name="Scale">θ = 1 / width² of the Gaussian; not used by the others.</param>
readonly record struct KernelFunction(KernelKind Kind, double Scale)
{
    /// <summary>Writes k(row, t) for the rows t from <paramref name="row"/> on.</summary>
    /// <remarks><paramref name="points"/> are (rows, dimensions), column by column.</remarks>
    public void Column(ReadOnlySpan<double> points, int rows, int row, Span<double> scratch, Span<double> values)
    {
        values.Clear();
        scratch = scratch[..values.Length];
        for (int start = 0; start < points.Length; start += rows)
        {
            var column = points.Slice(start + row, rows - row);
            if (Kind == KernelKind.Gaussian)
            {
                TensorPrimitives.Subtract(column, column[0], scratch);
                TensorPrimitives.MultiplyAdd(scratch, scratch, values, values);
            }
            else
            {
                TensorPrimitives.MultiplyAdd(column, column[0], values, values);
            }
        }

        switch (Kind)
        {
            case KernelKind.Gaussian:
                Exponentials(values, -0.5 * Scale);
                break;
            case KernelKind.Polynomial:
                TensorPrimitives.Add(values, 1, values);
                TensorPrimitives.Multiply(values, values, values);
                break;
        }
    }

    /// <summary>Writes k(t, t) for every row.</summary>
    public void Diagonal(ReadOnlySpan<double> points, int rows, Span<double> values)
    {
        values.Clear();
        if (Kind == KernelKind.Gaussian)
        {
            values.Fill(1);
            return;
        }

        for (int start = 0; start < points.Length; start += rows)
        {
            var column = points.Slice(start, rows);
            TensorPrimitives.MultiplyAdd(column, column, values, values);
        }

        if (Kind == KernelKind.Polynomial)
        {
            TensorPrimitives.Add(values, 1, values);
            TensorPrimitives.Multiply(values, values, values);
        }
    }

    // exp(scale · value), the product ≤ 0. TensorPrimitives.Exp computes an element one way or another by what stands beside
    // it in a vector once a value is below −708, as an outlier's is, and so by the address: two runs differ in last bits.
    static void Exponentials(Span<double> values, double scale)
    {
        int i = 0;
        for (; i <= values.Length - 4; i += 4)
        {
            Exponential(Vector256.Create<double>(values[i..]) * scale).CopyTo(values[i..]);
        }

        if (i < values.Length)
        {
            Span<double> last = stackalloc double[4];
            last.Clear();
            values[i..].CopyTo(last);
            Exponential(Vector256.Create<double>(last) * scale).CopyTo(last);
            last[..(values.Length - i)].CopyTo(values[i..]);
        }
    }

    // x = n ln 2 + r with |r| ≤ ½ ln 2, ln 2 in two parts (Cody and Waite 1980), and the series of eʳ, whose next term is
    // below 5e-18; 2ⁿ is put into the exponent. What would be no normal number is 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Exponential(Vector256<double> x)
    {
        var within = Vector256.GreaterThan(x, Vector256.Create(-708.0));
        x = Vector256.Max(x, Vector256.Create(-708.0));
        var n = Vector256.Round(x * 1.4426950408889634);
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-0.6931471805599453), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-2.3190468138462996e-17), r);
        var sum = Vector256.Create(1.0 / 6227020800);
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 479001600));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 39916800));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 3628800));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 362880));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 40320));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 5040));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 720));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 120));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 24));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(1.0 / 6));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256.Create(0.5));
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256<double>.One);
        sum = Vector256.FusedMultiplyAdd(sum, r, Vector256<double>.One);
        var power = (Vector256.ConvertToInt64(n) + Vector256.Create(1023L)) << 52;
        return Vector256.ConditionalSelect(within, sum * power.AsDouble(), Vector256<double>.Zero);
    }
}
