namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>A matrix in double precision, row by row.</summary>
public sealed record Matrix(int Rows, int Width, double[] Values)
{
    public Matrix(int rows, int width) : this(rows, width, new double[rows * width]) { }

    public double this[int row, int column]
    {
        get => Values[row * Width + column];
        set => Values[row * Width + column] = value;
    }

    public Span<double> Row(int row) => Values.AsSpan(row * Width, Width);

    public static Matrix operator +(Matrix a, Matrix b)
    {
        var sum = new Matrix(a.Rows, a.Width);
        for (int i = 0; i < sum.Values.Length; i++)
        {
            sum.Values[i] = a.Values[i] + b.Values[i];
        }

        return sum;
    }
}
