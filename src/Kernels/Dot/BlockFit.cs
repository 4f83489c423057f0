using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>The fit of a block's scale in sixteen lanes, one text for both widths.</summary>
internal static unsafe class BlockFit
{
    /// <summary><see cref="IBlockQuantizer.Fit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of<TLanes>(float* x, float inverse)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        TLanes factor = TLanes.Create(inverse);
        TLanes y0 = TLanes.Load(x) * factor, y1 = TLanes.Load(x + 16) * factor;
        TLanes q0 = TLanes.RoundToEven(y0), q1 = TLanes.RoundToEven(y1);
        TLanes product = TLanes.Fma(q1, y1, TLanes.Fma(q0, y0, TLanes.Create(0f)));
        return product.Fold() / TLanes.Fma(q1, q1, q0 * q0).Fold();
    }
}
