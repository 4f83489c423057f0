using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>The reductions of docs/arithmetic.md with the sixteen lanes in registers, one text for every width.</summary>
internal static unsafe class LaneReductions
{
    /// <summary>See <see cref="IFloatLanes{TSelf}.Dot"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot<TLanes>(float* a, float* b, int length)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        TLanes lanes = TLanes.Create(0);
        int k = 0;
        for (; k + 16 <= length; k += 16)
        {
            lanes = TLanes.Fma(TLanes.Load(a + k), TLanes.Load(b + k), lanes);
        }
        if (k < length)
        {
            // -0 * +0 = -0, and adding -0 leaves every number as it is, also a zero of either sign.
            float* tails = stackalloc float[32];
            PadTail(a + k, length - k, -0.0f, tails);
            PadTail(b + k, length - k, 0.0f, tails + 16);
            lanes = TLanes.Fma(TLanes.Load(tails), TLanes.Load(tails + 16), lanes);
        }
        return lanes.Fold();
    }

    /// <summary>See <see cref="IFloatLanes{TSelf}.Sum"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Sum<TLanes>(float* a, int length)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        TLanes lanes = TLanes.Create(0);
        int k = 0;
        for (; k + 16 <= length; k += 16)
        {
            lanes += TLanes.Load(a + k);
        }
        if (k < length)
        {
            float* tail = stackalloc float[16];
            PadTail(a + k, length - k, -0.0f, tail);
            lanes += TLanes.Load(tail);
        }
        return lanes.Fold();
    }

    /// <summary>See <see cref="IFloatLanes{TSelf}.Max"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Max<TLanes>(float* a, int length)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        TLanes lanes = TLanes.Create(float.NegativeInfinity);
        int k = 0;
        for (; k + 16 <= length; k += 16)
        {
            lanes = TLanes.Max(TLanes.Load(a + k), lanes);
        }
        if (k < length)
        {
            float* tail = stackalloc float[16];
            PadTail(a + k, length - k, float.NegativeInfinity, tail);
            lanes = TLanes.Max(TLanes.Load(tail), lanes);
        }
        return lanes.FoldMax();
    }

    /// <summary>Copies fewer than sixteen floats and fills the rest with a value that changes no result.</summary>
    private static void PadTail(float* source, int count, float padding, float* destination)
    {
        for (int i = 0; i < 16; i++)
        {
            destination[i] = i < count ? source[i] : padding;
        }
    }
}
