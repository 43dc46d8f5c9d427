using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace CausalMixFT.Engine.TabPfn;

/// <summary>Projections of the rows on the first right singular vectors of the training rows.</summary>
/// <remarks>
/// Gaps are filled with the training mean and columns divided by their standard deviation (of the population), but not
/// centred. There are min(n / 10 + 1, columns / 2) vectors, at least 1, and none of a single column. The sign of each makes
/// its entry of largest magnitude positive, as in scikit-learn since 1.5; before, the entry was that of the left vector.
/// Vectors of singular values that are equal, or 0 to rounding, are any basis of their space; so they are upstream.
/// </remarks>
sealed class SingularFeatures
{
    const int RowsPerVector = 10, ColumnsPerVector = 2;

    readonly double[] _means, _scales;
    readonly double[][] _vectors;

    internal SingularFeatures(double[][] train)
    {
        int rows = train[0].Length;
        _means = Array.ConvertAll(train, Mean);
        _scales = [.. train.Zip(_means, Scale)];
        int count = VectorCount(rows, train.Length);
        _vectors = count == 0 ? [] : Vectors(Scaled(train), count);
    }

    /// <summary>How many vectors there are.</summary>
    internal static int VectorCount(int rows, int columns) =>
        columns < 2 ? 0 : Math.Max(1, Math.Min(rows / RowsPerVector + 1, columns / ColumnsPerVector));

    /// <summary>The right singular vectors, of the largest singular value first.</summary>
    internal IReadOnlyList<double[]> RightVectors => _vectors;

    /// <summary>A column of projections for each vector.</summary>
    internal double[][] Apply(double[][] columns)
    {
        double[][] scaled = Scaled(columns);
        return Array.ConvertAll(_vectors, vector => Combined(scaled, vector));
    }

    double[][] Scaled(double[][] columns) => [.. columns.Select((column, c) =>
        Array.ConvertAll(column, value => (double.IsNaN(value) ? _means[c] : value) / _scales[c]))];

    static double Mean(double[] column)
    {
        double sum = 0;
        int present = 0;
        foreach (double value in column)
        {
            if (!double.IsNaN(value))
            {
                sum += value;
                present++;
            }
        }

        return present == 0 ? 0 : sum / present;
    }

    // A filled gap lies at the mean, so that it adds nothing but counts as a row. A variance that rounding could have made
    // counts as none, and leaves the column as it is.
    static double Scale(double[] column, double mean)
    {
        double squares = 0, correction = 0;
        foreach (double value in column)
        {
            double distance = double.IsNaN(value) ? 0 : value - mean;
            squares += distance * distance;
            correction += distance;
        }

        int rows = column.Length;
        double variance = (squares - correction * correction / rows) / rows;
        double rounding = rows * (Math.BitIncrement(1.0) - 1);
        return variance <= rounding * variance + rounding * mean * (rounding * mean) ? 1 : Math.Sqrt(variance);
    }

    static double[] Combined(double[][] columns, ReadOnlySpan<double> weights)
    {
        var sum = new double[columns[0].Length];
        for (int c = 0; c < columns.Length; c++)
        {
            TensorPrimitives.MultiplyAdd(columns[c], weights[c], sum, sum);
        }

        return sum;
    }

    static double[][] Vectors(double[][] columns, int count)
    {
        // The smaller of the two products has the singular values' squares; what its squaring lost in the vectors of the
        // smaller ones is regained in the space that the vectors span.
        double[][] right = columns[0].Length >= columns.Length
            ? LargestEigenvectors(Products(columns), count)
            : Array.ConvertAll(
                LargestEigenvectors(Products(Transposed(columns)), count),
                left => Array.ConvertAll(columns, column => TensorPrimitives.Dot<double>(column, left)));
        Orthonormalise(right);
        double[][] projected = Array.ConvertAll(right, vector => Combined(columns, vector));
        RotateApart(projected, right);
        var order = Enumerable.Range(0, count).OrderByDescending(i => TensorPrimitives.SumOfSquares<double>(projected[i]));
        return [.. order.Select(i => Signed(right[i]))];
    }

    static double[][] Products(double[][] columns) =>
        Array.ConvertAll(columns, a => Array.ConvertAll(columns, b => TensorPrimitives.Dot<double>(a, b)));

    static double[][] Transposed(double[][] columns) =>
        [.. Enumerable.Range(0, columns[0].Length).Select(row => Array.ConvertAll(columns, column => column[row]))];

    static double[][] LargestEigenvectors(double[][] symmetric, int count)
    {
        var vectors = Matrix<double>.Build.DenseOfColumnArrays(symmetric).Evd(Symmetricity.Symmetric).EigenVectors;
        return [.. Enumerable.Range(1, count).Select(i => vectors.Column(vectors.ColumnCount - i).ToArray())];
    }

    // Gram and Schmidt, twice, which is enough (Kahan and Parlett).
    static void Orthonormalise(double[][] vectors)
    {
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < vectors.Length; i++)
            {
                for (int j = 0; j < i; j++)
                {
                    TensorPrimitives.MultiplyAdd(
                        vectors[j], -TensorPrimitives.Dot<double>(vectors[i], vectors[j]), vectors[i], vectors[i]);
                }

                double norm = TensorPrimitives.Norm<double>(vectors[i]);
                TensorPrimitives.Multiply(vectors[i], norm > 0 ? 1 / norm : 0, vectors[i]);
            }
        }
    }

    // Hestenes (1958): turns pairs until the projections are orthogonal; few turns are left to make.
    static void RotateApart(double[][] projected, double[][] right)
    {
        const int MostSweeps = 30;
        const double Orthogonal = 1e-15;
        bool turned = true;
        for (int sweep = 0; sweep < MostSweeps && turned; sweep++)
        {
            turned = false;
            for (int i = 0; i < projected.Length; i++)
            {
                for (int j = i + 1; j < projected.Length; j++)
                {
                    double product = TensorPrimitives.Dot<double>(projected[i], projected[j]);
                    double first = TensorPrimitives.SumOfSquares<double>(projected[i]);
                    double second = TensorPrimitives.SumOfSquares<double>(projected[j]);
                    if (Math.Abs(product) > Orthogonal * Math.Sqrt(first * second))
                    {
                        turned = true;
                        double half = (second - first) / (2 * product);
                        double tangent = Math.CopySign(1, half) / (Math.Abs(half) + Math.Sqrt(1 + half * half));
                        double cosine = 1 / Math.Sqrt(1 + tangent * tangent);
                        Turn(projected[i], projected[j], cosine, cosine * tangent);
                        Turn(right[i], right[j], cosine, cosine * tangent);
                    }
                }
            }
        }
    }

    static void Turn(double[] a, double[] b, double cosine, double sine)
    {
        for (int k = 0; k < a.Length; k++)
        {
            (a[k], b[k]) = (cosine * a[k] - sine * b[k], sine * a[k] + cosine * b[k]);
        }
    }

    static double[] Signed(double[] vector)
    {
        double largest = vector.MaxBy(Math.Abs);
        return largest < 0 ? Array.ConvertAll(vector, value => -value) : vector;
    }
}
