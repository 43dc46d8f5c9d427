namespace CausalMixFT.Kernels.Tests.Independence;

/// <summary>Textbook matrix algebra in double, for definitions.</summary>
static class Matrices
{
    public static double[,] Select(double[] matrix, int width, int[] indices)
    {
        var part = new double[indices.Length, indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            for (int j = 0; j < indices.Length; j++)
            {
                part[i, j] = matrix[indices[i] * width + indices[j]];
            }
        }

        return part;
    }

    /// <summary>Gauss and Jordan, with the largest pivot.</summary>
    public static double[,] Inverse(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        var a = (double[,])matrix.Clone();
        var inverse = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            inverse[i, i] = 1;
        }

        for (int column = 0; column < n; column++)
        {
            int pivot = Enumerable.Range(column, n - column).MaxBy(row => Math.Abs(a[row, column]));
            for (int j = 0; j < n; j++)
            {
                (a[column, j], a[pivot, j]) = (a[pivot, j], a[column, j]);
                (inverse[column, j], inverse[pivot, j]) = (inverse[pivot, j], inverse[column, j]);
            }

            double value = a[column, column];
            for (int j = 0; j < n; j++)
            {
                a[column, j] /= value;
                inverse[column, j] /= value;
            }

            for (int row = 0; row < n; row++)
            {
                double factor = a[row, column];
                for (int j = 0; row != column && j < n; j++)
                {
                    a[row, j] -= factor * a[column, j];
                    inverse[row, j] -= factor * inverse[column, j];
                }
            }
        }

        return inverse;
    }

    /// <summary>The determinant of a positive definite matrix, 1 when it is empty.</summary>
    public static double Determinant(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        var a = (double[,])matrix.Clone();
        double determinant = 1;
        for (int column = 0; column < n; column++)
        {
            determinant *= a[column, column];
            for (int row = column + 1; row < n; row++)
            {
                double factor = a[row, column] / a[column, column];
                for (int j = column; j < n; j++)
                {
                    a[row, j] -= factor * a[column, j];
                }
            }
        }

        return determinant;
    }

    /// <summary>L Lᵀ scaled to ones on the diagonal, row by row.</summary>
    public static double[] CorrelationOfLoadings(double[,] loadings)
    {
        int n = loadings.GetLength(0), factors = loadings.GetLength(1);
        var correlation = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double both = 0, first = 0, second = 0;
                for (int k = 0; k < factors; k++)
                {
                    both += loadings[i, k] * loadings[j, k];
                    first += loadings[i, k] * loadings[i, k];
                    second += loadings[j, k] * loadings[j, k];
                }

                correlation[i * n + j] = i == j ? 1 : both / Math.Sqrt(first * second);
            }
        }

        return correlation;
    }
}
