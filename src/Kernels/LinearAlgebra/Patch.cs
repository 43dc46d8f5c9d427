using ILGPU;
using ILGPU.Algorithms;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>Some elements of a row that a thread of a kernel keeps in registers, one every few elements, from its first on.</summary>
interface IPatchRow<TSelf>
    where TSelf : unmanaged
{
    /// <summary>This row plus <paramref name="factor"/> times the other.</summary>
    TSelf Add(float factor, TSelf other);

    /// <summary>This row times <paramref name="factor"/>.</summary>
    TSelf Times(float factor);

    /// <summary>The elements at <paramref name="at"/>, at + step, at + 2 step ….</summary>
    static abstract TSelf Read(ArrayView<float> from, int at, int step);

    /// <summary>Writes them there, those before <paramref name="end"/>, or adds them to what is there.</summary>
    void Write(ArrayView<float> to, int at, int step, int end, int accumulate);
}

/// <summary>Four elements.</summary>
readonly record struct Quad(float First, float Second, float Third, float Fourth) : IPatchRow<Quad>
{
    public Quad Add(float factor, Quad other) => new(
        First + factor * other.First, Second + factor * other.Second, Third + factor * other.Third, Fourth + factor * other.Fourth);

    public Quad Times(float factor) => new(First * factor, Second * factor, Third * factor, Fourth * factor);

    public static Quad Read(ArrayView<float> from, int at, int step) =>
        new(from[at], from[at + step], from[at + 2 * step], from[at + 3 * step]);

    public void Write(ArrayView<float> to, int at, int step, int end, int accumulate)
    {
        Write(to, at, end, accumulate, First);
        Write(to, at + step, end, accumulate, Second);
        Write(to, at + 2 * step, end, accumulate, Third);
        Write(to, at + 3 * step, end, accumulate, Fourth);
    }

    /// <summary>Writes all of them there.</summary>
    internal void Write(ArrayView<float> to, int at, int step)
    {
        to[at] = First;
        to[at + step] = Second;
        to[at + 2 * step] = Third;
        to[at + 3 * step] = Fourth;
    }

    static void Write(ArrayView<float> to, int at, int end, int accumulate, float value)
    {
        if (at < end)
        {
            to[at] = accumulate != 0 ? to[at] + value : value;
        }
    }

    internal Quad Plus(Quad other) =>
        new(First + other.First, Second + other.Second, Third + other.Third, Fourth + other.Fourth);

    internal Quad Times(Quad other) =>
        new(First * other.First, Second * other.Second, Third * other.Third, Fourth * other.Fourth);

    internal Quad Minus(Quad other) =>
        new(First - other.First, Second - other.Second, Third - other.Third, Fourth - other.Fourth);

    internal Quad Max(Quad other) => new(
        XMath.Max(First, other.First), XMath.Max(Second, other.Second), XMath.Max(Third, other.Third),
        XMath.Max(Fourth, other.Fourth));

    internal Quad Exp() => new(XMath.Exp(First), XMath.Exp(Second), XMath.Exp(Third), XMath.Exp(Fourth));

    internal float Largest() => XMath.Max(XMath.Max(First, Second), XMath.Max(Third, Fourth));

    internal float Sum() => First + Second + (Third + Fourth);

    // The elements, which stand at 0, step, 2 step …, that are before the end; the value in place of the others.
    internal Quad Before(int end, int step, float value) => new(
        end > 0 ? First : value, end > step ? Second : value, end > 2 * step ? Third : value, end > 3 * step ? Fourth : value);

    internal static Quad All(float value) => new(value, value, value, value);
}

/// <summary>Eight elements.</summary>
readonly record struct Octet(Quad Low, Quad High) : IPatchRow<Octet>
{
    public Octet Add(float factor, Octet other) => new(Low.Add(factor, other.Low), High.Add(factor, other.High));

    public Octet Times(float factor) => new(Low.Times(factor), High.Times(factor));

    public static Octet Read(ArrayView<float> from, int at, int step) =>
        new(Quad.Read(from, at, step), Quad.Read(from, at + 4 * step, step));

    public void Write(ArrayView<float> to, int at, int step, int end, int accumulate)
    {
        Low.Write(to, at, step, end, accumulate);
        High.Write(to, at + 4 * step, step, end, accumulate);
    }
}

/// <summary>Four such rows: a thread's part of a matrix.</summary>
readonly record struct Patch<TRow>(TRow First, TRow Second, TRow Third, TRow Fourth)
    where TRow : unmanaged, IPatchRow<TRow>
{
    /// <summary>Adds the outer product of an element for each row and an element for each column.</summary>
    internal Patch<TRow> Add(Quad rows, TRow columns) => new(
        First.Add(rows.First, columns), Second.Add(rows.Second, columns), Third.Add(rows.Third, columns),
        Fourth.Add(rows.Fourth, columns));

    /// <summary>Each row times its factor.</summary>
    internal Patch<TRow> Times(Quad rows) =>
        new(First.Times(rows.First), Second.Times(rows.Second), Third.Times(rows.Third), Fourth.Times(rows.Fourth));
}

/// <summary>What else is computed with patches of 4 × 4, element by element.</summary>
static class PatchOperations
{
    /// <summary>Each row less its number.</summary>
    internal static Patch<Quad> MinusRows(this Patch<Quad> patch, Quad rows) => new(
        patch.First.Minus(Quad.All(rows.First)), patch.Second.Minus(Quad.All(rows.Second)), patch.Third.Minus(Quad.All(rows.Third)),
        patch.Fourth.Minus(Quad.All(rows.Fourth)));

    /// <summary>Each column less its number.</summary>
    internal static Patch<Quad> MinusColumns(this Patch<Quad> patch, Quad columns) => new(
        patch.First.Minus(columns), patch.Second.Minus(columns), patch.Third.Minus(columns), patch.Fourth.Minus(columns));

    internal static Patch<Quad> Exp(this Patch<Quad> patch) =>
        new(patch.First.Exp(), patch.Second.Exp(), patch.Third.Exp(), patch.Fourth.Exp());

    internal static Patch<Quad> Times(this Patch<Quad> patch, Patch<Quad> other) => new(
        patch.First.Times(other.First), patch.Second.Times(other.Second), patch.Third.Times(other.Third),
        patch.Fourth.Times(other.Fourth));

    /// <summary>The columns, which stand at 0, step, 2 step …, that are before the end; the value in place of the others.</summary>
    internal static Patch<Quad> Before(this Patch<Quad> patch, int end, int step, float value) => new(
        patch.First.Before(end, step, value), patch.Second.Before(end, step, value), patch.Third.Before(end, step, value),
        patch.Fourth.Before(end, step, value));

    /// <summary>Each row's largest element.</summary>
    internal static Quad Largest(this Patch<Quad> patch) =>
        new(patch.First.Largest(), patch.Second.Largest(), patch.Third.Largest(), patch.Fourth.Largest());

    /// <summary>Each row's sum.</summary>
    internal static Quad Sums(this Patch<Quad> patch) =>
        new(patch.First.Sum(), patch.Second.Sum(), patch.Third.Sum(), patch.Fourth.Sum());
}
