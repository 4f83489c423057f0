using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Many tokens, 256 bits.</summary>
/// <remarks>The accumulators hold [2 partial sums, 4 tokens] each: partial sums 0 and 1, 2 and 3.</remarks>
internal readonly unsafe struct Avx2PanelKernel<TFormat, TByteDot> : IPanelKernel
    where TFormat : struct, IDotFormat
    where TByteDot : struct, IByteDot
{
    /// <inheritdoc/>
    public static void AddOutliers(in IntegerProduct product, int begin, int end) =>
        OutlierProduct.Add<Avx2Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, end);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Pack(in Panel panel, int panelRow, FourRows rows, int beginGroup, int endGroup)
    {
        float* scales = panel.TileScales(panelRow), minimums = panel.TileMinimums(panelRow);
        for (int g = beginGroup; g < endGroup; g++)
        {
            PackRow(panel, panelRow, rows.Row0, g);
            PackRow(panel, panelRow + 1, rows.Row1, g);
            PackRow(panel, panelRow + 2, rows.Row2, g);
            PackRow(panel, panelRow + 3, rows.Row3, g);
            TFormat.Factors(rows, g, out Vector256<float> s01, out Vector256<float> s23, out Vector256<float> m01, out Vector256<float> m23);
            s01.Store(scales + 16 * g);
            s23.Store(scales + 16 * g + 8);
            if (TFormat.HasMinimums)
            {
                m01.Store(minimums + 16 * g);
                m23.Store(minimums + 16 * g + 8);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(in IntegerProduct product, in Panel panel, int panelRow, int row, in TokenTile tile, int token)
    {
        sbyte* x0 = tile.X0, x1 = tile.X1, x2 = tile.X2, x3 = tile.X3;
        short* sums0 = tile.HalfSums0, sums1 = tile.HalfSums1, sums2 = tile.HalfSums2, sums3 = tile.HalfSums3;
        float* xScales = tile.Scales, xSums = tile.ScaledSums;
        byte* w = (byte*)panel.RowQuants(panelRow);
        float* scales = panel.TileScales(panelRow), minimums = panel.TileMinimums(panelRow);
        short* halfScales = panel.RowHalfScales(panelRow);
        Vector256<int> ofRow = Vector256.Create(panelRow % 4);
        Vector256<float> p01 = Vector256<float>.Zero, p23 = Vector256<float>.Zero;
        for (int g = 0; g < product.Groups; g++)
        {
            Vector128<short> sc = TFormat.HasHalfScales ? Vector128.Load(halfScales + 8 * g) : default;
            float* s = scales + 16 * g, xs = xScales + 16 * g;
            Vector256<float> i01 = Sums(w, x0, x1, x2, x3, sums0, sums1, sums2, sums3, g, 0, sc), i23 = Sums(w, x0, x1, x2, x3, sums0, sums1, sums2, sums3, g, 1, sc);
            p01 = Fma.MultiplyAdd(Avx2Dot.Pick(s, ofRow) * Vector256.Load(xs), i01, p01);
            p23 = Fma.MultiplyAdd(Avx2Dot.Pick(s + 8, ofRow) * Vector256.Load(xs + 8), i23, p23);
            if (TFormat.HasMinimums)
            {
                float* m = minimums + 16 * g, sums = xSums + 16 * g;
                p01 = Fma.MultiplyAdd(Avx2Dot.Pick(m, ofRow), Vector256.Load(sums), p01);
                p23 = Fma.MultiplyAdd(Avx2Dot.Pick(m + 8, ofRow), Vector256.Load(sums + 8), p23);
            }
        }
        TokenTile.Store(product, token, row, Avx2Dot.Fold(p01, p23));
    }

    /// <summary>The I of two blocks of a group for four tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Sums(
        byte* w, sbyte* x0, sbyte* x1, sbyte* x2, sbyte* x3, short* sums0, short* sums1, short* sums2, short* sums3, int group, int pair, Vector128<short> halfScales)
    {
        nint first = (nint)group * QuantizedActivations.GroupLength + pair * 32, second = first + QuantizedActivations.SecondHalf;
        Vector256<byte> w1 = Vector256.Load(w + first), w2 = Vector256.Load(w + second);
        nint sums = 8 * group + 4 * pair;
        return Avx2Dot.Transpose(
            Sums(w1, w2, x0 + first, sums0 + sums, halfScales, pair), Sums(w1, w2, x1 + first, sums1 + sums, halfScales, pair),
            Sums(w1, w2, x2 + first, sums2 + sums, halfScales, pair), Sums(w1, w2, x3 + first, sums3 + sums, halfScales, pair));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Sums(Vector256<byte> first, Vector256<byte> second, sbyte* x, short* xSums, Vector128<short> halfScales, int pair) =>
        Avx2Dot.Sums<TFormat, TByteDot>(
            first, second, Vector256.Load(x), Vector256.Load(x + QuantizedActivations.SecondHalf),
            TFormat.Offset == 0 ? default : Avx2Dot.Spread(xSums), halfScales, pair);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRow(in Panel panel, int panelRow, byte* row, int group)
    {
        TFormat.Unpack(row, group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23);
        byte* quants = (byte*)panel.RowQuants(panelRow) + (nint)group * QuantizedActivations.GroupLength;
        first01.Store(quants);
        first23.Store(quants + 32);
        second01.Store(quants + 64);
        second23.Store(quants + 96);
        if (TFormat.HasHalfScales)
        {
            TFormat.HalfScales(row, group).Store(panel.RowHalfScales(panelRow) + 8 * group);
        }
    }
}
