using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Few tokens, 512 bits: four rows at a time, straight from the file's blocks, against one token after the other. Reading the weights is
/// what takes the time, so they are read once and nothing is written in between.
/// </summary>
/// <remarks>The accumulator holds [4 partial sums, 4 rows].</remarks>
internal readonly unsafe struct Avx512RowLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    /// <inheritdoc/>
    public static int TileRows => 4;

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        byte* tails = stackalloc byte[RowTail.Bytes];
        for (int row = begin; row < end; row += 4)
        {
            FourRows rows = RowTail.Rows(product.W, row, end - 1);
            FourRows tail = RowTail.Copy<TFormat>(rows, product.Blocks, tails);
            for (int token = 0; token < product.Tokens; token++)
            {
                Vector512<float> p = Dot(product, token, rows, 0, product.Blocks / 4, Vector512<float>.Zero);
                p = Dot(product, token, tail, product.Blocks / 4, product.Groups, p);
                RowTail.Store(product, token, row, end, Avx512Dot.Fold(p));
            }
        }
        OutlierProduct.Add<Avx512Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static Vector512<float> Dot(in IntegerProduct product, int token, FourRows rows, int beginGroup, int endGroup, Vector512<float> p)
    {
        sbyte* x = product.TokenQuants(token);
        byte* next = rows.Row0 + 4 * product.W.RowBytes;
        short* halfSums = product.TokenHalfSums(token);
        float* scales = product.TileScales(token), scaledSums = product.TileScaledSums(token);
        Vector512<int> ofToken = Vector512.Create(token % QuantizedActivations.TileRows);
        for (int g = beginGroup; g < endGroup; g++)
        {
            Ahead.Prefetch<TFormat>(next, g);
            Vector512<sbyte> xFirst = Vector512.Load(x + g * QuantizedActivations.GroupLength);
            Vector512<sbyte> xSecond = Vector512.Load(x + g * QuantizedActivations.GroupLength + QuantizedActivations.SecondHalf);
            Vector512<short> xSums = TFormat.Offset == 0 ? default : Avx512Dot.Spread(halfSums + 8 * g);
            Vector512<int> i0 = Sums(rows.Row0, g, xFirst, xSecond, xSums), i1 = Sums(rows.Row1, g, xFirst, xSecond, xSums);
            Vector512<int> i2 = Sums(rows.Row2, g, xFirst, xSecond, xSums), i3 = Sums(rows.Row3, g, xFirst, xSecond, xSums);
            Vector512<float> sums = Avx512Dot.Transpose(i0, i1, i2, i3);

            TFormat.Factors(rows, g, out Vector512<float> scale, out Vector512<float> minimum);
            p = Avx512Dot.MultiplyAdd(scale * Avx512Dot.Pick(scales + 16 * g, ofToken), sums, p);
            if (TFormat.HasMinimums)
            {
                p = Avx512Dot.MultiplyAdd(minimum, Avx512Dot.Pick(scaledSums + 16 * g, ofToken), p);
            }
        }
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Sums(byte* row, int group, Vector512<sbyte> xFirst, Vector512<sbyte> xSecond, Vector512<short> xSums)
    {
        TFormat.Unpack(row, group, out Vector512<byte> first, out Vector512<byte> second);
        Vector128<short> halfScales = TFormat.HalfScales(row, group);
        Avx512Dot.HalfScales<TFormat>(halfScales, out Vector512<short> firstScales, out Vector512<short> secondScales);
        Vector512<int> sums = Avx512Dot.Sums<TFormat>(
            Avx512Dot.Magnitude<TFormat>(first), Avx512Dot.Magnitude<TFormat>(second),
            Avx512Dot.ApplySign<TFormat>(xFirst, first), Avx512Dot.ApplySign<TFormat>(xSecond, second),
            firstScales, secondScales);
        return TFormat.Offset == 0 ? sums : sums - Avx512Dot.OffsetSums<TFormat>(xSums, halfScales);
    }
}
