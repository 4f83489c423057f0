using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Writes sixteen weights as one vector of 16 lanes.</summary>
internal readonly unsafe struct Avx512WeightWriter : IWeightWriter
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Vector128<sbyte> q, float scale, float* y) => (Vector512.Create(scale) * Widen(q)).Store(y);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Vector128<sbyte> q, float scale, float minimum, float* y) =>
        (Vector512.Create(scale) * Widen(q) + Vector512.Create(minimum)).Store(y);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteHalves(ushort* x, float* y) => HalfWidening.Widen(Vector256.Load(x)).Store(y);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteBFloats(ushort* x, float* y) =>
        (Avx512F.ConvertToVector512UInt32(Vector256.Load(x)) << 16).AsSingle().Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Widen(Vector128<sbyte> q) => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(q));
}
