using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.LinearAlgebra;

/// <summary>A vector of doubles, so that one kernel serves both widths; elementwise, so that the width changes no bit.</summary>
unsafe interface IDoubles<T>
    where T : struct, IDoubles<T>
{
    static abstract int Count { get; }

    static abstract T Load(double* from);

    static abstract T Fill(double value);

    /// <summary>a · b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, double b);

    void Store(double* to);
}

/// <summary>Four doubles.</summary>
readonly unsafe struct Doubles4(Vector256<double> value) : IDoubles<Doubles4>
{
    readonly Vector256<double> _value = value;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles4 Load(double* from) => new(Vector256.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles4 Fill(double value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles4 MultiplyAdd(Doubles4 a, Doubles4 b, Doubles4 c) =>
        new(Vector256.FusedMultiplyAdd(a._value, b._value, c._value));

    public static Doubles4 operator +(Doubles4 a, Doubles4 b) => new(a._value + b._value);

    public static Doubles4 operator -(Doubles4 a, Doubles4 b) => new(a._value - b._value);

    public static Doubles4 operator *(Doubles4 a, double b) => new(a._value * b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(double* to) => _value.Store(to);
}

/// <summary>Eight doubles.</summary>
readonly unsafe struct Doubles8(Vector512<double> value) : IDoubles<Doubles8>
{
    readonly Vector512<double> _value = value;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles8 Load(double* from) => new(Vector512.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles8 Fill(double value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Doubles8 MultiplyAdd(Doubles8 a, Doubles8 b, Doubles8 c) =>
        new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    public static Doubles8 operator +(Doubles8 a, Doubles8 b) => new(a._value + b._value);

    public static Doubles8 operator -(Doubles8 a, Doubles8 b) => new(a._value - b._value);

    public static Doubles8 operator *(Doubles8 a, double b) => new(a._value * b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(double* to) => _value.Store(to);
}
