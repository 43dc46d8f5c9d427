using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>Least squares with a ridge, fitted to all rows but one fold from the same sufficient statistics.</summary>
sealed class RidgeRegression
{
    // Keeps the unpenalised intercept's pivot positive whatever the rows.
    const double Tiny = 1e-9;

    readonly Design _design;
    readonly double[][] _gram;

    public RidgeRegression(Design design)
    {
        _design = design;
        _gram = [.. Enumerable.Range(0, design.Folds).Select(GramOfFold)];
    }

    /// <summary>Xᵀy of each fold: made once for a response, however many ridges and bases are tried on it.</summary>
    public double[][] Moments(double[] response) =>
        [.. Enumerable.Range(0, _design.Folds).Select(fold => MomentsOfFold(fold, response))];

    /// <summary>
    /// Weights (width) of the least squares fit to all folds but <paramref name="without"/>; null for all.
    /// </summary>
    /// <param name="set">The basis.</param>
    /// <param name="moments">The response, as <see cref="Moments"/> of it.</param>
    /// <param name="ridge">The weight of the squared coefficients.</param>
    /// <param name="without">The fold to leave out.</param>
    public double[] Fit(BasisSet set, double[][] moments, double ridge, int? without)
    {
        int[] columns = _design.ColumnsOf(set);
        int width = columns.Length;
        var matrix = new double[width * width];
        var right = new double[width];
        for (int fold = 0; fold < _design.Folds; fold++)
        {
            if (fold == without)
            {
                continue;
            }

            for (int i = 0; i < width; i++)
            {
                right[i] += moments[fold][columns[i]];
                for (int j = 0; j <= i; j++)
                {
                    matrix[i * width + j] += _gram[fold][columns[i] * _design.Width + columns[j]];
                }
            }
        }

        for (int i = 0; i < width; i++)
        {
            matrix[i * width + i] += i == 0 ? Tiny : ridge;
        }

        Cholesky.Factor(matrix, width);
        Cholesky.Solve(matrix, width, right);
        var weights = new double[_design.Width];
        for (int i = 0; i < width; i++)
        {
            weights[columns[i]] = right[i];
        }

        return weights;
    }

    /// <summary>XᵀX of all folds, on some columns: its lower triangle.</summary>
    public double[] Gram(int[] columns)
    {
        var gram = new double[columns.Length * columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                int place = columns[i] * _design.Width + columns[j];
                gram[i * columns.Length + j] = _gram.Sum(fold => fold[place]);
            }
        }

        return gram;
    }

    /// <summary>The fitted values of the rows of one fold.</summary>
    public void Predict(double[] weights, int fold, Span<double> fitted)
    {
        int start = _design.FoldStarts[fold], end = _design.FoldStarts[fold + 1];
        var part = fitted[start..end];
        part.Fill(weights[0]);
        for (int i = 0; i < _design.Numeric.Length; i++)
        {
            if (weights[i + 1] != 0)
            {
                TensorPrimitives.MultiplyAdd(_design.Numeric[i].AsSpan(start, end - start), weights[i + 1], part, part);
            }
        }

        for (int i = 0; i < _design.Lookups.Length; i++)
        {
            var codes = _design.Lookups[i].AsSpan(start, end - start);
            var block = weights.AsSpan(_design.LookupStarts[i]);
            for (int row = 0; row < part.Length; row++)
            {
                part[row] += block[codes[row]];
            }
        }
    }

    // Xᵀy of one fold.
    double[] MomentsOfFold(int fold, double[] response)
    {
        int start = _design.FoldStarts[fold], rows = _design.FoldStarts[fold + 1] - start;
        var y = response.AsSpan(start, rows);
        var moments = new double[_design.Width];
        moments[0] = TensorPrimitives.Sum<double>(y);
        for (int i = 0; i < _design.Numeric.Length; i++)
        {
            moments[i + 1] = TensorPrimitives.Dot<double>(_design.Numeric[i].AsSpan(start, rows), y);
        }

        for (int i = 0; i < _design.Lookups.Length; i++)
        {
            AddByCode(_design.Lookups[i].AsSpan(start, rows), y, moments.AsSpan(_design.LookupStarts[i]));
        }

        return moments;
    }

    // XᵀX of one fold, its lower triangle.
    double[] GramOfFold(int fold)
    {
        int start = _design.FoldStarts[fold], rows = _design.FoldStarts[fold + 1] - start, width = _design.Width;
        var gram = new double[width * width];
        var ones = new double[rows];
        Array.Fill(ones, 1);
        gram[0] = rows;
        for (int i = 0; i < _design.Numeric.Length; i++)
        {
            var x = _design.Numeric[i].AsSpan(start, rows);
            gram[(i + 1) * width] = TensorPrimitives.Sum<double>(x);
            for (int j = 0; j <= i; j++)
            {
                gram[(i + 1) * width + j + 1] = TensorPrimitives.Dot<double>(x, _design.Numeric[j].AsSpan(start, rows));
            }
        }

        for (int i = 0; i < _design.Lookups.Length; i++)
        {
            var codes = _design.Lookups[i].AsSpan(start, rows);
            int first = _design.LookupStarts[i], levels = _design.LookupStarts[i + 1] - first;
            var sums = new double[levels];
            AddByCode(codes, ones, sums);
            for (int level = 0; level < levels; level++)
            {
                gram[(first + level) * width] = sums[level];
                gram[(first + level) * width + first + level] = sums[level];
            }

            for (int j = 0; j < _design.Numeric.Length; j++)
            {
                Array.Clear(sums);
                AddByCode(codes, _design.Numeric[j].AsSpan(start, rows), sums);
                for (int level = 0; level < levels; level++)
                {
                    gram[(first + level) * width + j + 1] = sums[level];
                }
            }

            for (int j = 0; j < i; j++)
            {
                var others = _design.Lookups[j].AsSpan(start, rows);
                for (int row = 0; row < rows; row++)
                {
                    gram[(first + codes[row]) * width + _design.LookupStarts[j] + others[row]]++;
                }
            }
        }

        return gram;
    }

    static void AddByCode(ReadOnlySpan<int> codes, ReadOnlySpan<double> values, Span<double> sums)
    {
        for (int row = 0; row < codes.Length; row++)
        {
            sums[codes[row]] += values[row];
        }
    }
}

/// <summary>A = L · Lᵀ of a small positive definite matrix, row-major, lower triangle, in place.</summary>
static class Cholesky
{
    public static void Factor(double[] a, int width)
    {
        for (int i = 0; i < width; i++)
        {
            var rowI = a.AsSpan(i * width, width);
            for (int j = 0; j <= i; j++)
            {
                var rowJ = a.AsSpan(j * width, width);
                double sum = rowI[j] - TensorPrimitives.Dot<double>(rowI[..j], rowJ[..j]);

                // Rounding may leave a pivot of a collinear column at or below 0; a floor leaves that column without
                // effect.
                rowI[j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-10)) : sum / rowJ[j];
            }
        }
    }

    /// <summary>Overwrites <paramref name="right"/> with the solution.</summary>
    public static void Solve(double[] factor, int width, Span<double> right)
    {
        for (int i = 0; i < width; i++)
        {
            var row = factor.AsSpan(i * width, i);
            right[i] = (right[i] - TensorPrimitives.Dot<double>(row, right[..i])) / factor[i * width + i];
        }

        for (int i = width - 1; i >= 0; i--)
        {
            double value = right[i] /= factor[i * width + i];
            for (int j = 0; j < i; j++)
            {
                right[j] -= factor[i * width + j] * value;
            }
        }
    }
}
