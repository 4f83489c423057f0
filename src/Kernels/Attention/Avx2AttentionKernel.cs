using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>
/// Three rows at once: twelve sums of 256 bits leave four registers for what is multiplied. A dot product's sixteen lanes would be two
/// registers for each sum; they go through the key in two passes instead, the lower eight lanes and the upper.
/// </summary>
internal readonly unsafe struct Avx2AttentionKernel : IAttentionKernel
{
    private const int Tile = AttentionCall.TilePositions;

    /// <inheritdoc/>
    public static int RowsAtOnce(int left) => left == 4 ? 2 : Math.Min(left, 3);

    /// <inheritdoc/>
    public static void Score(int rows, float* queries, float* keys, int length, float scale, int positions, float* scores)
    {
        switch (rows)
        {
            case 1: Score<OneQueryRow>(queries, keys, length, scale, positions, scores); break;
            case 2: Score<TwoQueryRows>(queries, keys, length, scale, positions, scores); break;
            default: Score<ThreeQueryRows>(queries, keys, length, scale, positions, scores); break;
        }
    }

    /// <inheritdoc/>
    public static void Weigh(int rows, float* weights, int positions, float* values, int length, float* sums)
    {
        switch (rows)
        {
            case 1: Weigh<OneQueryRow>(weights, positions, values, length, sums); break;
            case 2: Weigh<TwoQueryRows>(weights, positions, values, length, sums); break;
            default: Weigh<ThreeQueryRows>(weights, positions, values, length, sums); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Score<TRows>(float* queries, float* keys, int length, float scale, int positions, float* scores)
        where TRows : struct, IRowCount
    {
        const int sums = 4 * 8; // floats of a row's sums with four keys, eight lanes of each
        float* lower = stackalloc float[TRows.Count * sums], upper = stackalloc float[TRows.Count * sums];
        Vector128<float> scales = Vector128.Create(scale);
        for (int j = 0; j < positions; j += 4)
        {
            float* key = keys + ((long)j * length);
            EightLanes<TRows>(queries, key, length, lower);
            EightLanes<TRows>(queries + 8, key + 8, length, upper);
            for (int row = 0; row < TRows.Count; row++)
            {
                float* low = lower + (row * sums), high = upper + (row * sums);
                Vector128<float> folded = Avx2Lanes.Fold4(Lanes(low, high), Lanes(low + 8, high + 8), Lanes(low + 16, high + 16), Lanes(low + 24, high + 24));
                (folded * scales).Store(scores + (row * Tile) + j);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Avx2Lanes Lanes(float* low, float* high) => new(Vector256.Load(low), Vector256.Load(high));

    /// <summary>Eight of the sixteen lanes of all rows' dot products with four keys, to sums [rows, 4, 8].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightLanes<TRows>(float* queries, float* keys, int length, float* sums)
        where TRows : struct, IRowCount
    {
        float* queries1 = queries + length, queries2 = queries1 + length;
        float* keys1 = keys + length, keys2 = keys1 + length, keys3 = keys2 + length;
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        for (int k = 0; k < length; k += 16)
        {
            Vector256<float> a = Vector256.Load(queries + k), b = TRows.Count > 1 ? Vector256.Load(queries1 + k) : a, c = TRows.Count > 2 ? Vector256.Load(queries2 + k) : a;
            Vector256<float> key = Vector256.Load(keys + k);
            a0 = Fma.MultiplyAdd(a, key, a0);
            b0 = TRows.Count > 1 ? Fma.MultiplyAdd(b, key, b0) : b0;
            c0 = TRows.Count > 2 ? Fma.MultiplyAdd(c, key, c0) : c0;
            key = Vector256.Load(keys1 + k);
            a1 = Fma.MultiplyAdd(a, key, a1);
            b1 = TRows.Count > 1 ? Fma.MultiplyAdd(b, key, b1) : b1;
            c1 = TRows.Count > 2 ? Fma.MultiplyAdd(c, key, c1) : c1;
            key = Vector256.Load(keys2 + k);
            a2 = Fma.MultiplyAdd(a, key, a2);
            b2 = TRows.Count > 1 ? Fma.MultiplyAdd(b, key, b2) : b2;
            c2 = TRows.Count > 2 ? Fma.MultiplyAdd(c, key, c2) : c2;
            key = Vector256.Load(keys3 + k);
            a3 = Fma.MultiplyAdd(a, key, a3);
            b3 = TRows.Count > 1 ? Fma.MultiplyAdd(b, key, b3) : b3;
            c3 = TRows.Count > 2 ? Fma.MultiplyAdd(c, key, c3) : c3;
        }
        Store(sums, a0, a1, a2, a3);
        if (TRows.Count > 1)
        {
            Store(sums + 32, b0, b1, b2, b3);
        }
        if (TRows.Count > 2)
        {
            Store(sums + 64, c0, c1, c2, c3);
        }
    }

    /// <summary>32 numbers of each row's sum stay in registers while the positions go by.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Weigh<TRows>(float* weights, int positions, float* values, int length, float* sums)
        where TRows : struct, IRowCount
    {
        int i = 0;
        for (; i + 32 <= length; i += 32)
        {
            float* a = sums + i, b = a + length, c = b + length, value = values + i;
            Vector256<float> a0 = Vector256.Load(a), a1 = Vector256.Load(a + 8), a2 = Vector256.Load(a + 16), a3 = Vector256.Load(a + 24);
            Vector256<float> b0 = a0, b1 = a0, b2 = a0, b3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0;
            if (TRows.Count > 1)
            {
                (b0, b1, b2, b3) = (Vector256.Load(b), Vector256.Load(b + 8), Vector256.Load(b + 16), Vector256.Load(b + 24));
            }
            if (TRows.Count > 2)
            {
                (c0, c1, c2, c3) = (Vector256.Load(c), Vector256.Load(c + 8), Vector256.Load(c + 16), Vector256.Load(c + 24));
            }
            for (int j = 0; j < positions; j++, value += length)
            {
                Vector256<float> x = Vector256.Create(weights[j]), y = TRows.Count > 1 ? Vector256.Create(weights[Tile + j]) : x;
                Vector256<float> z = TRows.Count > 2 ? Vector256.Create(weights[(2 * Tile) + j]) : x;
                Vector256<float> v = Vector256.Load(value);
                a0 = Fma.MultiplyAdd(x, v, a0);
                b0 = TRows.Count > 1 ? Fma.MultiplyAdd(y, v, b0) : b0;
                c0 = TRows.Count > 2 ? Fma.MultiplyAdd(z, v, c0) : c0;
                v = Vector256.Load(value + 8);
                a1 = Fma.MultiplyAdd(x, v, a1);
                b1 = TRows.Count > 1 ? Fma.MultiplyAdd(y, v, b1) : b1;
                c1 = TRows.Count > 2 ? Fma.MultiplyAdd(z, v, c1) : c1;
                v = Vector256.Load(value + 16);
                a2 = Fma.MultiplyAdd(x, v, a2);
                b2 = TRows.Count > 1 ? Fma.MultiplyAdd(y, v, b2) : b2;
                c2 = TRows.Count > 2 ? Fma.MultiplyAdd(z, v, c2) : c2;
                v = Vector256.Load(value + 24);
                a3 = Fma.MultiplyAdd(x, v, a3);
                b3 = TRows.Count > 1 ? Fma.MultiplyAdd(y, v, b3) : b3;
                c3 = TRows.Count > 2 ? Fma.MultiplyAdd(z, v, c3) : c3;
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
        }
        for (int row = 0; row < TRows.Count; row++)
        {
            WeighRest(weights + (row * Tile), positions, values, length, i, sums + ((long)row * length));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* sum, Vector256<float> x0, Vector256<float> x1, Vector256<float> x2, Vector256<float> x3)
    {
        x0.Store(sum);
        x1.Store(sum + 8);
        x2.Store(sum + 16);
        x3.Store(sum + 24);
    }

    /// <summary>One row's numbers from <paramref name="i"/> on, for value lengths that are no multiple of 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeighRest(float* weights, int positions, float* values, int length, int i, float* sum)
    {
        for (; i < length; i += 8)
        {
            Vector256<float> a = Vector256.Load(sum + i);
            for (int j = 0; j < positions; j++)
            {
                a = Fma.MultiplyAdd(Vector256.Create(weights[j]), Vector256.Load(values + ((long)j * length) + i), a);
            }
            a.Store(sum + i);
        }
    }
}
