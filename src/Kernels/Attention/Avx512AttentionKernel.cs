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

    /// <summary>Four keys at a time meet all rows. The first letter of a sum is its row, the number its key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Score<TRows>(float* queries, float* keys, int length, float scale, int positions, float* scores)
        where TRows : struct, IRowCount
    {
        float* queries1 = queries + length, queries2 = queries1 + length, queries3 = queries2 + length;
        for (int j = 0; j < positions; j += 4)
        {
            float* keys0 = keys + ((long)j * length), keys1 = keys0 + length, keys2 = keys1 + length, keys3 = keys2 + length;
            Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            Vector512<float> c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0;
            for (int k = 0; k < length; k += 16)
            {
                Vector512<float> k0 = Vector512.Load(keys0 + k), k1 = Vector512.Load(keys1 + k), k2 = Vector512.Load(keys2 + k), k3 = Vector512.Load(keys3 + k);
                Vector512<float> q = Vector512.Load(queries + k);
                a0 = Avx512F.FusedMultiplyAdd(q, k0, a0);
                a1 = Avx512F.FusedMultiplyAdd(q, k1, a1);
                a2 = Avx512F.FusedMultiplyAdd(q, k2, a2);
                a3 = Avx512F.FusedMultiplyAdd(q, k3, a3);
                if (TRows.Count > 1)
                {
                    q = Vector512.Load(queries1 + k);
                    b0 = Avx512F.FusedMultiplyAdd(q, k0, b0);
                    b1 = Avx512F.FusedMultiplyAdd(q, k1, b1);
                    b2 = Avx512F.FusedMultiplyAdd(q, k2, b2);
                    b3 = Avx512F.FusedMultiplyAdd(q, k3, b3);
                }
                if (TRows.Count > 2)
                {
                    q = Vector512.Load(queries2 + k);
                    c0 = Avx512F.FusedMultiplyAdd(q, k0, c0);
                    c1 = Avx512F.FusedMultiplyAdd(q, k1, c1);
                    c2 = Avx512F.FusedMultiplyAdd(q, k2, c2);
                    c3 = Avx512F.FusedMultiplyAdd(q, k3, c3);
                }
                if (TRows.Count > 3)
                {
                    q = Vector512.Load(queries3 + k);
                    d0 = Avx512F.FusedMultiplyAdd(q, k0, d0);
                    d1 = Avx512F.FusedMultiplyAdd(q, k1, d1);
                    d2 = Avx512F.FusedMultiplyAdd(q, k2, d2);
                    d3 = Avx512F.FusedMultiplyAdd(q, k3, d3);
                }
            }
            if (TRows.Count < 3)
            {
                Vector128<float> scales = Vector128.Create(scale);
                (Fold(a0, a1, a2, a3) * scales).Store(scores + j);
                if (TRows.Count > 1)
                {
                    (Fold(b0, b1, b2, b3) * scales).Store(scores + Tile + j);
                }
                continue;
            }
            Vector512<float> key0 = FoldToFours(a0, b0, c0, d0), key1 = FoldToFours(a1, b1, c1, d1);
            Vector512<float> key2 = FoldToFours(a2, b2, c2, d2), key3 = FoldToFours(a3, b3, c3, d3);
            Vector512<float> folded = FoldFours(key0, key1, key2, key3) * Vector512.Create(scale); // a fourth for each row
            folded.GetLower().GetLower().Store(scores + j);
            folded.GetLower().GetUpper().Store(scores + Tile + j);
            folded.GetUpper().GetLower().Store(scores + (2 * Tile) + j);
            if (TRows.Count > 3)
            {
                folded.GetUpper().GetUpper().Store(scores + (3 * Tile) + j);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =>
        Avx512Lanes.Fold4(new Avx512Lanes(a), new Avx512Lanes(b), new Avx512Lanes(c), new Avx512Lanes(d));

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
            float* a = sums + i, b = a + length, c = b + length, d = c + length, value = values + i;
            Vector512<float> a0 = Vector512.Load(a), a1 = Vector512.Load(a + 16), a2 = Vector512.Load(a + 32), a3 = Vector512.Load(a + 48);
            Vector512<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0;
            if (TRows.Count > 1)
            {
                (b0, b1, b2, b3) = (Vector512.Load(b), Vector512.Load(b + 16), Vector512.Load(b + 32), Vector512.Load(b + 48));
            }
            if (TRows.Count > 2)
            {
                (c0, c1, c2, c3) = (Vector512.Load(c), Vector512.Load(c + 16), Vector512.Load(c + 32), Vector512.Load(c + 48));
            }
            if (TRows.Count > 3)
            {
                (d0, d1, d2, d3) = (Vector512.Load(d), Vector512.Load(d + 16), Vector512.Load(d + 32), Vector512.Load(d + 48));
            }
            for (int j = 0; j < positions; j++, value += length)
            {
                Vector512<float> v0 = Vector512.Load(value), v1 = Vector512.Load(value + 16), v2 = Vector512.Load(value + 32), v3 = Vector512.Load(value + 48);
                Vector512<float> weight = Vector512.Create(weights[j]);
                a0 = Avx512F.FusedMultiplyAdd(weight, v0, a0);
                a1 = Avx512F.FusedMultiplyAdd(weight, v1, a1);
                a2 = Avx512F.FusedMultiplyAdd(weight, v2, a2);
                a3 = Avx512F.FusedMultiplyAdd(weight, v3, a3);
                if (TRows.Count > 1)
                {
                    weight = Vector512.Create(weights[Tile + j]);
                    b0 = Avx512F.FusedMultiplyAdd(weight, v0, b0);
                    b1 = Avx512F.FusedMultiplyAdd(weight, v1, b1);
                    b2 = Avx512F.FusedMultiplyAdd(weight, v2, b2);
                    b3 = Avx512F.FusedMultiplyAdd(weight, v3, b3);
                }
                if (TRows.Count > 2)
                {
                    weight = Vector512.Create(weights[(2 * Tile) + j]);
                    c0 = Avx512F.FusedMultiplyAdd(weight, v0, c0);
                    c1 = Avx512F.FusedMultiplyAdd(weight, v1, c1);
                    c2 = Avx512F.FusedMultiplyAdd(weight, v2, c2);
                    c3 = Avx512F.FusedMultiplyAdd(weight, v3, c3);
                }
                if (TRows.Count > 3)
                {
                    weight = Vector512.Create(weights[(3 * Tile) + j]);
                    d0 = Avx512F.FusedMultiplyAdd(weight, v0, d0);
                    d1 = Avx512F.FusedMultiplyAdd(weight, v1, d1);
                    d2 = Avx512F.FusedMultiplyAdd(weight, v2, d2);
                    d3 = Avx512F.FusedMultiplyAdd(weight, v3, d3);
                }
            }
            Store(a, a0, a1, a2, a3);
            if (TRows.Count > 1)
            {
                Store(b, b0, b1, b2, b3);
            }
            if (TRows.Count > 2)
            {
                Store(c, c0, c1, c2, c3);
            }
            if (TRows.Count > 3)
            {
                Store(d, d0, d1, d2, d3);
            }
        }
        for (int row = 0; row < TRows.Count; row++)
        {
            WeighRest(weights + (row * Tile), positions, values, length, i, sums + ((long)row * length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* sum, Vector512<float> x0, Vector512<float> x1, Vector512<float> x2, Vector512<float> x3)
    {
        x0.Store(sum);
        x1.Store(sum + 16);
        x2.Store(sum + 32);
        x3.Store(sum + 48);
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
