using System.Numerics.Tensors;

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
    /// <summary>Writes k(row, t) for every row t of <paramref name="points"/>, (rows, dimensions), column by column.</summary>
    public void Column(ReadOnlySpan<double> points, int rows, int row, Span<double> scratch, Span<double> values)
    {
        values.Clear();
        for (int start = 0; start < points.Length; start += rows)
        {
            var column = points.Slice(start, rows);
            if (Kind == KernelKind.Gaussian)
            {
                TensorPrimitives.Subtract(column, column[row], scratch);
                TensorPrimitives.MultiplyAdd(scratch, scratch, values, values);
            }
            else
            {
                TensorPrimitives.MultiplyAdd(column, column[row], values, values);
            }
        }

        switch (Kind)
        {
            case KernelKind.Gaussian:
                TensorPrimitives.Multiply(values, -0.5 * Scale, values);
                TensorPrimitives.Exp<double>(values, values);
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
}
