using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>Many tokens, 512 bits.</summary>
/// <remarks>The accumulator holds [4 partial sums, 4 tokens].</remarks>
internal readonly unsafe struct Avx512PanelKernel<TFormat> : IPanelKernel
    where TFormat : struct, IDotFormat
{
    /// <inheritdoc/>
    public static void AddOutliers(in IntegerProduct product, int begin, int end) =>
        OutlierProduct.Add<Avx512Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, end);

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
            TFormat.Factors(rows, g, out Vector512<float> scale, out Vector512<float> minimum);
            scale.Store(scales + 16 * g);
            if (TFormat.HasMinimums)
            {
                minimum.Store(minimums + 16 * g);
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
        sbyte* w = panel.RowQuants(panelRow);
        float* scales = panel.TileScales(panelRow), minimums = panel.TileMinimums(panelRow);
        short* halfScales = panel.RowHalfScales(panelRow);
        Vector512<int> ofRow = Vector512.Create(panelRow % 4);
        Vector512<float> p = Vector512<float>.Zero;
        for (int g = 0; g < product.Groups; g++)
        {
            nint at = g * QuantizedActivations.GroupLength;
            Vector512<byte> first = Vector512.Load((byte*)w + at), second = Vector512.Load((byte*)w + at + QuantizedActivations.SecondHalf);
            Vector128<short> sc = TFormat.HasHalfScales ? Vector128.Load(halfScales + 8 * g) : default;
            Vector512<float> sums = Avx512Dot.Transpose(
                Sums(first, second, x0 + at, sums0 + 8 * g, sc), Sums(first, second, x1 + at, sums1 + 8 * g, sc),
                Sums(first, second, x2 + at, sums2 + 8 * g, sc), Sums(first, second, x3 + at, sums3 + 8 * g, sc));

            p = Avx512Dot.MultiplyAdd(Avx512Dot.Pick(scales + 16 * g, ofRow) * Vector512.Load(xScales + 16 * g), sums, p);
            if (TFormat.HasMinimums)
            {
                p = Avx512Dot.MultiplyAdd(Avx512Dot.Pick(minimums + 16 * g, ofRow), Vector512.Load(xSums + 16 * g), p);
            }
        }
        TokenTile.Store(product, token, row, Avx512Dot.Fold(p));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackRow(in Panel panel, int panelRow, byte* row, int group)
    {
        TFormat.Unpack(row, group, out Vector512<byte> first, out Vector512<byte> second);
        byte* quants = (byte*)panel.RowQuants(panelRow) + (nint)group * QuantizedActivations.GroupLength;
        first.Store(quants);
        second.Store(quants + QuantizedActivations.SecondHalf);
        if (TFormat.HasHalfScales)
        {
            TFormat.HalfScales(row, group).Store(panel.RowHalfScales(panelRow) + 8 * group);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Sums(Vector512<byte> first, Vector512<byte> second, sbyte* x, short* xSums, Vector128<short> halfScales)
    {
        Avx512Dot.HalfScales<TFormat>(halfScales, out Vector512<short> firstScales, out Vector512<short> secondScales);
        Vector512<int> sums = Avx512Dot.Sums<TFormat>(
            Avx512Dot.Magnitude<TFormat>(first), Avx512Dot.Magnitude<TFormat>(second),
            Avx512Dot.ApplySign<TFormat>(Vector512.Load(x), first), Avx512Dot.ApplySign<TFormat>(Vector512.Load(x + QuantizedActivations.SecondHalf), second),
            firstScales, secondScales);
        return TFormat.Offset == 0 ? sums : sums - Avx512Dot.OffsetSums<TFormat>(Avx512Dot.Spread(xSums), halfScales);
    }
}
