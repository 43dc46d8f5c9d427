namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// A column as z = clip((x − μ) / (s + ε), ±100), μ and s being mean and standard deviation (n − 1) of some of its rows.
/// </summary>
/// <remarks>
/// s is 0 of a single row, and another number replaces it where it is 0. The gradient is the derivative of z by
/// x with μ and s as functions of x too; a deviation that was replaced is a constant.
/// </remarks>
sealed class StandardizedColumn
{
    const double Clip = 100;

    readonly double[] _x;
    readonly int[] _measured;
    readonly double _mean, _deviation, _divisor;

    public StandardizedColumn(double[] x, int[] measured, double ifConstant, double epsilon)
    {
        (_x, _measured) = (x, measured);
        _mean = measured.Length == 0 ? 0 : measured.Average(row => x[row]);
        double squares = measured.Sum(row => (x[row] - _mean) * (x[row] - _mean));
        _deviation = measured.Length < 2 ? 0 : Math.Sqrt(squares / (measured.Length - 1));
        _divisor = (Constant ? ifConstant : _deviation) + epsilon;
    }

    public bool Constant => _deviation == 0;

    public double[] Values => Array.ConvertAll(_x, x => Math.Clamp((x - _mean) / _divisor, -Clip, Clip));

    public double[] Backward(double[] dz)
    {
        var dx = new double[_x.Length];
        double dMean = 0, dDeviation = 0;
        for (int row = 0; row < dx.Length; row++)
        {
            double z = (_x[row] - _mean) / _divisor;
            if (Math.Abs(z) <= Clip)
            {
                dx[row] = dz[row] / _divisor;
                dMean -= dz[row] / _divisor;
                dDeviation -= dz[row] * z / _divisor;
            }
        }

        foreach (int row in _measured)
        {
            dx[row] += dMean / _measured.Length;
            dx[row] += Constant ? 0 : dDeviation * (_x[row] - _mean) / ((_measured.Length - 1) * _deviation);
        }

        return dx;
    }
}
