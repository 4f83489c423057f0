using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Few tokens, 256 bits: <see cref="Avx512RowLoop{TFormat}"/> in two vectors.</summary>
/// <remarks>The accumulators hold [2 partial sums, 4 rows] each: partial sums 0 and 1, 2 and 3.</remarks>
internal readonly unsafe struct Avx2RowLoop<TFormat, TByteDot> : IProductLoop
    where TFormat : struct, IDotFormat
    where TByteDot : struct, IByteDot
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
                Vector256<float> p01 = Vector256<float>.Zero, p23 = Vector256<float>.Zero;
                Dot(product, token, rows, 0, product.Blocks / 4, ref p01, ref p23);
                Dot(product, token, tail, product.Blocks / 4, product.Groups, ref p01, ref p23);
                RowTail.Store(product, token, row, end, Avx2Dot.Fold(p01, p23));
            }
        }
        OutlierProduct.Add<Avx2Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, end);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Dot(
        in IntegerProduct product, int token, FourRows rows, int beginGroup, int endGroup, ref Vector256<float> partial01, ref Vector256<float> partial23)
    {
        Vector256<float> p01 = partial01, p23 = partial23;
        sbyte* x = product.TokenQuants(token);
        byte* next = rows.Row0 + 4 * product.W.RowBytes;
        short* halfSums = product.TokenHalfSums(token);
        float* scales = product.TileScales(token), scaledSums = product.TileScaledSums(token);
        Vector256<int> ofToken = Vector256.Create(token % QuantizedActivations.TileRows);
        for (int g = beginGroup; g < endGroup; g++)
        {
            Ahead.Prefetch<TFormat>(next, g);
            sbyte* xs = x + g * QuantizedActivations.GroupLength;
            Sums(rows.Row0, g, xs, halfSums + 8 * g, out Vector256<int> a0, out Vector256<int> b0);
            Sums(rows.Row1, g, xs, halfSums + 8 * g, out Vector256<int> a1, out Vector256<int> b1);
            Sums(rows.Row2, g, xs, halfSums + 8 * g, out Vector256<int> a2, out Vector256<int> b2);
            Sums(rows.Row3, g, xs, halfSums + 8 * g, out Vector256<int> a3, out Vector256<int> b3);

            TFormat.Factors(rows, g, out Vector256<float> s01, out Vector256<float> s23, out Vector256<float> m01, out Vector256<float> m23);
            p01 = Fma.MultiplyAdd(s01 * Avx2Dot.Pick(scales + 16 * g, ofToken), Avx2Dot.Transpose(a0, a1, a2, a3), p01);
            p23 = Fma.MultiplyAdd(s23 * Avx2Dot.Pick(scales + 16 * g + 8, ofToken), Avx2Dot.Transpose(b0, b1, b2, b3), p23);
            if (TFormat.HasMinimums)
            {
                p01 = Fma.MultiplyAdd(m01, Avx2Dot.Pick(scaledSums + 16 * g, ofToken), p01);
                p23 = Fma.MultiplyAdd(m23, Avx2Dot.Pick(scaledSums + 16 * g + 8, ofToken), p23);
            }
        }
        partial01 = p01;
        partial23 = p23;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums(byte* row, int group, sbyte* x, short* xSums, out Vector256<int> blocks01, out Vector256<int> blocks23)
    {
        TFormat.Unpack(row, group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23);
        Vector128<short> halfScales = TFormat.HalfScales(row, group);
        Vector256<short> xSums01 = TFormat.Offset == 0 ? default : Avx2Dot.Spread(xSums), xSums23 = TFormat.Offset == 0 ? default : Avx2Dot.Spread(xSums + 4);
        blocks01 = Avx2Dot.Sums<TFormat, TByteDot>(first01, second01, Vector256.Load(x), Vector256.Load(x + 64), xSums01, halfScales, 0);
        blocks23 = Avx2Dot.Sums<TFormat, TByteDot>(first23, second23, Vector256.Load(x + 32), Vector256.Load(x + 96), xSums23, halfScales, 1);
    }
}
