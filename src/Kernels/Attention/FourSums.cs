using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Four 512-bit registers that go together. The JIT keeps a struct of up to four fields in registers.</summary>
/// <param name="v0">The first.</param>
/// <param name="v1">The second.</param>
/// <param name="v2">The third.</param>
/// <param name="v3">The fourth.</param>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly unsafe struct FourSums(Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3)
{
    /// <summary>The first.</summary>
    public readonly Vector512<float> V0 = v0;

    /// <summary>The second.</summary>
    public readonly Vector512<float> V1 = v1;

    /// <summary>The third.</summary>
    public readonly Vector512<float> V2 = v2;

    /// <summary>The fourth.</summary>
    public readonly Vector512<float> V3 = v3;

    /// <summary>Sixteen floats from each of four addresses, <paramref name="stride"/> floats apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourSums Load(float* source, nint stride) =>
        new(Vector512.Load(source), Vector512.Load(source + stride), Vector512.Load(source + (2 * stride)), Vector512.Load(source + (3 * stride)));

    /// <summary>sums + factor * values, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourSums MultiplyAdd(Vector512<float> factor, FourSums values, FourSums sums) => new(
        Avx512F.FusedMultiplyAdd(factor, values.V0, sums.V0),
        Avx512F.FusedMultiplyAdd(factor, values.V1, sums.V1),
        Avx512F.FusedMultiplyAdd(factor, values.V2, sums.V2),
        Avx512F.FusedMultiplyAdd(factor, values.V3, sums.V3));

    /// <summary>Writes 64 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination)
    {
        V0.Store(destination);
        V1.Store(destination + 16);
        V2.Store(destination + 32);
        V3.Store(destination + 48);
    }
}
