using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Kernels.Tests.Independence;

public class TailProbabilityFacts
{
    // Reference values: mpmath 1.2 with 40 digits, erfc(z/√2) and the regularised upper incomplete gamma function.
    public static TheoryData<double, double> Normal => new()
    {
        { 0, 1.0 },
        { 1e-8, 0.99999999202115439 },
        { 0.1, 0.92034432544594203 },
        { 0.5, 0.61707507745197379 },
        { 0.6629126073623884, 0.50738652678206192 },
        { 1, 0.3173105078629141 },
        { 1.96, 0.049995790296440872 },
        { 2.5758293035489004, 0.010000000000000011 },
        { 4, 6.3342483666239843e-5 },
        { 5.656854249492381, 1.5417257900279984e-8 },
        { 6, 1.9731752900753963e-9 },
        { 8, 1.2441921148543568e-15 },
        { 12, 3.552964224155358e-33 },
        { 20, 5.5072482372124674e-89 },
        { 30, 9.8134278542963741e-198 },
        { 37, 1.1451142445049154e-299 },
    };

    public static TheoryData<double, double, double> ChiSquare => new()
    {
        { 1e-10, 1, 0.9999920211543921 },
        { 0.5, 1, 0.47950012218695346 },
        { 3.84, 1, 0.050043521248705103 },
        { 100, 1, 1.5239706048321052e-23 },
        { 1370, 1, 6.9429373646432677e-300 },
        { 0.01, 2, 0.99501247919268231 },
        { 9.21, 2, 0.010001702004705478 },
        { 1380, 2, 2.171738281389827e-300 },
        { 2.5, 3, 0.47529108334302059 },
        { 50, 3, 7.9891792449514711e-11 },
        { 400, 4, 2.7816320187408424e-85 },
        { 7, 7, 0.42887985755305472 },
        { 25, 10, 0.0053455054871340643 },
        { 20, 25, 0.74682530601653695 },
        { 300, 25, 6.0122719736004324e-49 },
        { 80, 100, 0.92966493334060505 },
        { 101, 100, 0.45319222327636854 },
        { 500, 100, 1.7201210053695375e-54 },
        { 700, 841, 0.99986098016822871 },
        { 842, 841, 0.48379623765572357 },
        { 1300, 841, 2.5857080506630978e-22 },
        { 5001, 5000, 0.49335155441322214 },
        { 9000, 5000, 3.8962524922633591e-233 },
        { 12000, 12345, 0.98652245797851215 },

        // Where the finite sum ends: 900 digits of Python's decimal module.
        { 60, 45, 0.066566140911000465 },
        { 1379, 63, 9.5780835351021653e-247 },
        { 1379, 64, 4.5023876794392363e-246 },
        { 20, 64, 0.99999997537404484 },
        { 20.5, 63, 0.99999992372976909 },
        { 0.001, 5, 0.99999999831851227 },
        { 1379.5, 2, 2.7885671516982921e-300 },
        { 1381, 64, 1.7323301951326345e-246 },
    };

    // erfc's condition number is z²: at z = 37 one rounding of z/√2 costs 1369 · 1.1e-16 = 1.5e-13.
    [Theory, MemberData(nameof(Normal))]
    public void The_normal_tail_agrees_with_forty_digits(double z, double expected) =>
        Assert.InRange(Math.Abs(TailProbability.NormalTwoSided(z) / expected - 1), 0, Math.Max(1, z * z) * 4e-16);

    // Exponents up to x/2 are rounded to 1.1e-16 of themselves, and summed; 12345 degrees show the worst.
    [Theory, MemberData(nameof(ChiSquare))]
    public void The_chi_square_tail_agrees_with_forty_digits(double statistic, double degrees, double expected) =>
        Assert.InRange(
            Math.Abs(TailProbability.ChiSquare(statistic, degrees) / expected - 1), 0, Math.Max(10, statistic + degrees) * 4e-16);

    [Fact]
    public void Tails_have_their_limits()
    {
        Assert.Equal(1, TailProbability.NormalTwoSided(0));
        Assert.Equal(TailProbability.NormalTwoSided(1.5), TailProbability.NormalTwoSided(-1.5));
        Assert.Equal(0, TailProbability.NormalTwoSided(100));
        Assert.Equal(1, TailProbability.ChiSquare(5, 0));
        Assert.Equal(1, TailProbability.ChiSquare(0, 3));
        Assert.Equal(0, TailProbability.ChiSquare(double.PositiveInfinity, 3));
    }
}
