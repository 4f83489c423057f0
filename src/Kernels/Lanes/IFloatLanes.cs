namespace LocalLlm.Kernels;

/// <summary>
/// A handful of float32 lanes and what kernels do with them: every element-wise kernel is one text over this interface, specialised by the
/// JIT for each level. All operations are IEEE 754 binary32 with round to nearest even, so a lane's bits do not depend on how many lanes
/// stand beside it.
/// </summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal unsafe interface IFloatLanes<TSelf>
    where TSelf : unmanaged, IFloatLanes<TSelf>
{
    /// <summary>How many floats a value holds: 1 or 16.</summary>
    static abstract int Count { get; }

    /// <summary>Reads <see cref="Count"/> floats; no alignment is asked for.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Reads <see cref="Count"/> halves and widens them, exactly.</summary>
    static abstract TSelf LoadHalf(ushort* source);

    /// <summary>Reads <see cref="Count"/> signed bytes as floats.</summary>
    static abstract TSelf LoadBytes(sbyte* source);

    /// <summary>The same number in every lane.</summary>
    static abstract TSelf Create(float value);

    /// <summary>Writes <see cref="Count"/> floats; no alignment is asked for.</summary>
    void Store(float* destination);

    /// <summary>Writes <see cref="Count"/> halves, rounded to nearest even as <c>(Half)x</c> does.</summary>
    void StoreHalf(ushort* destination);

    /// <summary>Writes <see cref="Count"/> signed bytes; the numbers are integers of -128..127.</summary>
    void StoreBytes(sbyte* destination);

    /// <summary>a + b.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a - b.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>a * b.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>a / b.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>-a: the sign bit flipped, also of zeros.</summary>
    static abstract TSelf operator -(TSelf a);

    /// <summary>a * b + c with one rounding.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    /// <summary>The nearest integer, halves to the even one.</summary>
    static abstract TSelf RoundToEven(TSelf a);

    /// <summary>
    /// a * 2^n for an integral n, where a and the result are normal numbers; exact, also where 2^n alone is not representable. Any other n
    /// (or NaN) gives some value without a trap; a NaN stays a NaN when n is one too.
    /// </summary>
    static abstract TSelf ScaleByPowerOfTwo(TSelf a, TSelf n);

    /// <summary>a &lt; b ? <paramref name="then"/> : <paramref name="otherwise"/>, lane by lane.</summary>
    static abstract TSelf SelectLess(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary>The sum of a[k] * b[k], k = 0..length-1, by the float dot law of docs/arithmetic.md.</summary>
    static abstract float Dot(float* a, float* b, int length);

    /// <summary>The sum of a[k], k = 0..length-1, by the same law with additions.</summary>
    static abstract float Sum(float* a, int length);

    /// <summary>The largest a[k], k = 0..length-1; length is at least 1. NaNs have no defined place in the order.</summary>
    static abstract float Max(float* a, int length);
}
