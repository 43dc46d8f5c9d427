namespace CausalMixFT.Kernels.Independence;

/// <summary>The eigenvalues of a small symmetric matrix, in double.</summary>
/// <remarks>Householder's tridiagonal form, then implicit QL with Wilkinson's shift (Golub and Van Loan, chapter 8).</remarks>
static class SymmetricEigenvalues
{
    // QL needs two to three rotations' sweeps an eigenvalue.
    const int MostSweeps = 60;

    /// <summary>The eigenvalues, in no particular order; <paramref name="matrix"/>, (size, size), is used up.</summary>
    public static double[] Of(Span<double> matrix, int size)
    {
        double[] diagonal = new double[size], beside = new double[size];
        Tridiagonalise(matrix, size, diagonal, beside);
        for (int first = 0; first < size; first++)
        {
            for (int sweep = 0; sweep < MostSweeps; sweep++)
            {
                int last = first;
                while (last < size - 1 &&
                    Math.Abs(beside[last]) > 1e-16 * (Math.Abs(diagonal[last]) + Math.Abs(diagonal[last + 1])))
                {
                    last++;
                }

                if (last == first)
                {
                    break;
                }

                Rotate(diagonal, beside, first, last);
            }
        }

        return diagonal;
    }

    static void Tridiagonalise(Span<double> a, int size, double[] diagonal, double[] beside)
    {
        Span<double> v = new double[size], w = new double[size];
        for (int k = 0; k < size; k++)
        {
            diagonal[k] = a[k * size + k];
            if (k >= size - 2)
            {
                beside[k] = k == size - 2 ? a[(k + 1) * size + k] : 0;
                continue;
            }

            double norm = 0;
            for (int i = k + 1; i < size; i++)
            {
                v[i] = a[i * size + k];
                norm += v[i] * v[i];
            }

            double alpha = v[k + 1] > 0 ? -Math.Sqrt(norm) : Math.Sqrt(norm);
            beside[k] = alpha;
            v[k + 1] -= alpha;
            double square = norm - alpha * a[(k + 1) * size + k];
            if (square <= 0)
            {
                continue; // the column is zero below the diagonal
            }

            // H = I − v vᵀ / square; H A H = A − v wᵀ − w vᵀ.
            double product = 0;
            for (int i = k + 1; i < size; i++)
            {
                double sum = 0;
                for (int j = k + 1; j < size; j++)
                {
                    sum += a[i * size + j] * v[j];
                }

                w[i] = sum / square;
                product += w[i] * v[i];
            }

            for (int i = k + 1; i < size; i++)
            {
                w[i] -= product / (2 * square) * v[i];
            }

            for (int i = k + 1; i < size; i++)
            {
                for (int j = k + 1; j < size; j++)
                {
                    a[i * size + j] -= v[i] * w[j] + w[i] * v[j];
                }
            }
        }
    }

    // One implicit QL step on the unreduced block first … last.
    static void Rotate(double[] diagonal, double[] beside, int first, int last)
    {
        double g = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first]);
        double r = Math.Sqrt(g * g + 1);
        g = diagonal[last] - diagonal[first] + beside[first] / (g + (g >= 0 ? r : -r));
        double sine = 1, cosine = 1, shift = 0;
        for (int i = last - 1; i >= first; i--)
        {
            double f = sine * beside[i], b = cosine * beside[i];
            r = Math.Sqrt(f * f + g * g);
            beside[i + 1] = r;
            if (r == 0)
            {
                diagonal[i + 1] -= shift;
                beside[last] = 0;
                return;
            }

            (sine, cosine) = (f / r, g / r);
            g = diagonal[i + 1] - shift;
            r = (diagonal[i] - g) * sine + 2 * cosine * b;
            shift = sine * r;
            diagonal[i + 1] = g + shift;
            g = cosine * r - b;
        }

        diagonal[first] -= shift;
        beside[first] = g;
        beside[last] = 0;
    }
}
