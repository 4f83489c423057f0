using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Four rows at once: sixteen sums in as many 512-bit registers, so that eight loads feed sixteen multiply-adds.</summary>
internal readonly unsafe struct Avx512AttentionKernel : IAttentionKernel
{
    private const int Tile = AttentionCall.TilePositions;

    /// <inheritdoc/>
    public static int RowsAtOnce(int left) => left == 5 ? 3 : Math.Min(left, 4);

    /// <inheritdoc/>
    public static void Score(int rows, float* queries, float* keys, int length, float scale, int positions, float* scores)
    {
        switch (rows)
        {
            case 1: Score<OneQueryRow>(queries, keys, length, scale, positions, scores); break;
            case 2: Score<TwoQueryRows>(queries, keys, length, scale, positions, scores); break;
            case 3: Score<ThreeQueryRows>(queries, keys, length, scale, positions, scores); break;
            default: Score<FourQueryRows>(queries, keys, length, scale, positions, scores); break;
        }
    }

    /// <inheritdoc/>
    public static void Weigh(int rows, float* weights, int positions, float* values, int length, float* sums)
    {
        switch (rows)
        {
            case 1: Weigh<OneQueryRow>(weights, positions, values, length, sums); break;
            case 2: Weigh<TwoQueryRows>(weights, positions, values, length, sums); break;
            case 3: Weigh<ThreeQueryRows>(weights, positions, values, length, sums); break;
            default: Weigh<FourQueryRows>(weights, positions, values, length, sums); break;
        }
    }

    /// <summary>Four keys at a time meet all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Score<TRows>(float* queries, float* keys, int length, float scale, int positions, float* scores)
        where TRows : struct, IRowCount
    {
        nint stride = length;
        float* queries1 = queries + stride, queries2 = queries1 + stride, queries3 = queries2 + stride;
        for (int j = 0; j < positions; j += 4, keys += 4 * stride)
        {
            FourSums a = default, b = default, c = default, d = default;
            for (nint k = 0; k < stride; k += 16)
            {
                FourSums key = FourSums.Load(keys + k, stride);
                a = FourSums.MultiplyAdd(Vector512.Load(queries + k), key, a);
                if (TRows.Count > 1)
                {
                    b = FourSums.MultiplyAdd(Vector512.Load(queries1 + k), key, b);
                }
                if (TRows.Count > 2)
                {
                    c = FourSums.MultiplyAdd(Vector512.Load(queries2 + k), key, c);
                }
                if (TRows.Count > 3)
                {
                    d = FourSums.MultiplyAdd(Vector512.Load(queries3 + k), key, d);
                }
            }
            if (TRows.Count > 2)
            {
                FoldAll<TRows>(a, b, c, d, scale, scores + j);
                continue;
            }
            (Fold(a) * Vector128.Create(scale)).Store(scores + j);
            if (TRows.Count > 1)
            {
                (Fold(b) * Vector128.Create(scale)).Store(scores + Tile + j);
            }
        }
    }

    /// <summary>Folds and scales the sums of three or four rows, which is cheaper together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldAll<TRows>(FourSums a, FourSums b, FourSums c, FourSums d, float scale, float* scores)
        where TRows : struct, IRowCount
    {
        Vector512<float> key0 = FoldToFours(a.V0, b.V0, c.V0, d.V0), key1 = FoldToFours(a.V1, b.V1, c.V1, d.V1);
        Vector512<float> key2 = FoldToFours(a.V2, b.V2, c.V2, d.V2), key3 = FoldToFours(a.V3, b.V3, c.V3, d.V3);
        Vector512<float> folded = FoldFours(key0, key1, key2, key3) * Vector512.Create(scale); // a fourth for each row
        folded.GetLower().GetLower().Store(scores);
        folded.GetLower().GetUpper().Store(scores + Tile);
        folded.GetUpper().GetLower().Store(scores + (2 * Tile));
        if (TRows.Count > 3)
        {
            folded.GetUpper().GetUpper().Store(scores + (3 * Tile));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(FourSums a) =>
        Avx512Lanes.Fold4(new Avx512Lanes(a.V0), new Avx512Lanes(a.V1), new Avx512Lanes(a.V2), new Avx512Lanes(a.V3));

    /// <summary>The first two steps of the law's tree, i + (i+8) and i + (i+4), for four numbers: each is a fourth of the result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FoldToFours(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        // Capitals stand for four lanes: A A B B, then C C D D.
        Vector512<float> ab = Avx512F.Shuffle4x128(a, b, 0x44) + Avx512F.Shuffle4x128(a, b, 0xEE);
        Vector512<float> cd = Avx512F.Shuffle4x128(c, d, 0x44) + Avx512F.Shuffle4x128(c, d, 0xEE);
        return Avx512F.Shuffle4x128(ab, cd, 0x88) + Avx512F.Shuffle4x128(ab, cd, 0xDD);
    }

    /// <summary>The last two steps, i + (i+2) and 0 + 1: each fourth of the result holds one number of each argument.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FoldFours(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<float> ab = Avx512F.Shuffle(a, b, 0x44) + Avx512F.Shuffle(a, b, 0xEE);
        Vector512<float> cd = Avx512F.Shuffle(c, d, 0x44) + Avx512F.Shuffle(c, d, 0xEE);
        return Avx512F.Shuffle(ab, cd, 0x88) + Avx512F.Shuffle(ab, cd, 0xDD);
    }

    /// <summary>64 numbers of each row's sum stay in registers while the positions go by.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Weigh<TRows>(float* weights, int positions, float* values, int length, float* sums)
        where TRows : struct, IRowCount
    {
        int i = 0;
        for (; i + 64 <= length; i += 64)
        {
            float* first = sums + i, value = values + i;
            FourSums a = FourSums.Load(first, 16);
            FourSums b = TRows.Count > 1 ? FourSums.Load(first + length, 16) : default;
            FourSums c = TRows.Count > 2 ? FourSums.Load(first + (2 * length), 16) : default;
            FourSums d = TRows.Count > 3 ? FourSums.Load(first + (3 * length), 16) : default;
            for (int j = 0; j < positions; j++, value += length)
            {
                FourSums v = FourSums.Load(value, 16);
                a = FourSums.MultiplyAdd(Vector512.Create(weights[j]), v, a);
                if (TRows.Count > 1)
                {
                    b = FourSums.MultiplyAdd(Vector512.Create(weights[Tile + j]), v, b);
                }
                if (TRows.Count > 2)
                {
                    c = FourSums.MultiplyAdd(Vector512.Create(weights[(2 * Tile) + j]), v, c);
                }
                if (TRows.Count > 3)
                {
                    d = FourSums.MultiplyAdd(Vector512.Create(weights[(3 * Tile) + j]), v, d);
                }
            }
            a.Store(first);
            if (TRows.Count > 1)
            {
                b.Store(first + length);
            }
            if (TRows.Count > 2)
            {
                c.Store(first + (2 * length));
            }
            if (TRows.Count > 3)
            {
                d.Store(first + (3 * length));
            }
        }
        for (int row = 0; row < TRows.Count; row++)
        {
            WeighRest(weights + (row * Tile), positions, values, length, i, sums + ((long)row * length));
        }
    }

    /// <summary>One row's numbers from <paramref name="i"/> on, for value lengths that are no multiple of 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeighRest(float* weights, int positions, float* values, int length, int i, float* sum)
    {
        for (; i < length; i += 16)
        {
            Vector512<float> a = Vector512.Load(sum + i);
            for (int j = 0; j < positions; j++)
            {
                a = Avx512F.FusedMultiplyAdd(Vector512.Create(weights[j]), Vector512.Load(values + ((long)j * length) + i), a);
            }
            a.Store(sum + i);
        }
    }
}
