using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Writes sixteen weights as two vectors of 8 lanes.</summary>
internal readonly unsafe struct Avx2WeightWriter : IWeightWriter
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Vector128<sbyte> q, float scale, float* y)
    {
        Vector256<float> scales = Vector256.Create(scale);
        (scales * First(q)).Store(y);
        (scales * Second(q)).Store(y + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Vector128<sbyte> q, float scale, float minimum, float* y)
    {
        Vector256<float> scales = Vector256.Create(scale), minimums = Vector256.Create(minimum);
        (scales * First(q) + minimums).Store(y);
        (scales * Second(q) + minimums).Store(y + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteHalves(ushort* x, float* y)
    {
        HalfWidening.Widen(Vector128.Load(x)).Store(y);
        HalfWidening.Widen(Vector128.Load(x + 8)).Store(y + 8);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteBFloats(ushort* x, float* y)
    {
        (Avx2.ConvertToVector256Int32(x) << 16).AsSingle().Store(y);
        (Avx2.ConvertToVector256Int32(x + 8) << 16).AsSingle().Store(y + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> First(Vector128<sbyte> q) => Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(q));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Second(Vector128<sbyte> q) =>
        Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Sse2.ShiftRightLogical128BitLane(q, 8)));
}
