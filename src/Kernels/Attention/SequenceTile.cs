using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// The two products of attention of whole sequences, for a few queries at a time: each key and value that is loaded serves all of them. Lanes are
/// neighbouring keys in the first and neighbouring numbers of a value in the second, so that no lane ever adds up another's numbers.
/// </summary>
internal static unsafe class SequenceTile
{
    /// <summary>Queries of the small tile, whose sums leave sixteen registers enough for what is loaded.</summary>
    public const int Rows = 4;

    /// <summary>Queries of the large tile, for thirty-two registers.</summary>
    public const int WideRows = 8;

    /// <summary>Scores of <see cref="Rows"/> queries.</summary>
    /// <param name="q">The queries [4] [headLength].</param>
    /// <param name="turned">Keys [headLength, padded].</param>
    /// <param name="headLength">Width of a head.</param>
    /// <param name="padded">Keys, a multiple of thirty-two: whole pairs of the widest vectors.</param>
    /// <param name="scale">Multiplies every score.</param>
    /// <param name="scores">Result [4, padded].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Score<TLanes>(float** q, float* turned, int headLength, int padded, float scale, float* scores)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3];
        TLanes scales = TLanes.Create(scale);
        for (int j = 0; j < padded; j += TLanes.Count)
        {
            TLanes s0 = TLanes.Create(0), s1 = s0, s2 = s0, s3 = s0;
            float* keys = turned + j;
            for (int d = 0; d < headLength; d++, keys += padded)
            {
                TLanes key = TLanes.Load(keys);
                s0 = TLanes.Fma(TLanes.Create(q0[d]), key, s0);
                s1 = TLanes.Fma(TLanes.Create(q1[d]), key, s1);
                s2 = TLanes.Fma(TLanes.Create(q2[d]), key, s2);
                s3 = TLanes.Fma(TLanes.Create(q3[d]), key, s3);
            }
            (s0 * scales).Store(scores + j);
            (s1 * scales).Store(scores + padded + j);
            (s2 * scales).Store(scores + (2L * padded) + j);
            (s3 * scales).Store(scores + (3L * padded) + j);
        }
    }

    /// <summary>Scores of <see cref="WideRows"/> queries, two vectors of keys at a time.</summary>
    /// <param name="q">The queries [8] [headLength].</param>
    /// <param name="turned">Keys [headLength, padded].</param>
    /// <param name="headLength">Width of a head.</param>
    /// <param name="padded">Keys, a multiple of two vectors.</param>
    /// <param name="scale">Multiplies every score.</param>
    /// <param name="scores">Result [8, padded].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void ScoreWide<TLanes>(float** q, float* turned, int headLength, int padded, float scale, float* scores)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* q0 = q[0], q1 = q[1], q2 = q[2], q3 = q[3], q4 = q[4], q5 = q[5], q6 = q[6], q7 = q[7];
        for (int j = 0; j < padded; j += 2 * TLanes.Count)
        {
            TLanes zero = TLanes.Create(0);
            TLanes a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
            TLanes b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero, b6 = zero, b7 = zero;
            float* keys = turned + j;
            for (int d = 0; d < headLength; d++, keys += padded)
            {
                TLanes first = TLanes.Load(keys), second = TLanes.Load(keys + TLanes.Count);
                Step(q0[d], first, second, ref a0, ref b0);
                Step(q1[d], first, second, ref a1, ref b1);
                Step(q2[d], first, second, ref a2, ref b2);
                Step(q3[d], first, second, ref a3, ref b3);
                Step(q4[d], first, second, ref a4, ref b4);
                Step(q5[d], first, second, ref a5, ref b5);
                Step(q6[d], first, second, ref a6, ref b6);
                Step(q7[d], first, second, ref a7, ref b7);
            }
            TLanes scales = TLanes.Create(scale);
            float* to = scores + j;
            Store(a0 * scales, b0 * scales, to);
            Store(a1 * scales, b1 * scales, to + padded);
            Store(a2 * scales, b2 * scales, to + (2L * padded));
            Store(a3 * scales, b3 * scales, to + (3L * padded));
            Store(a4 * scales, b4 * scales, to + (4L * padded));
            Store(a5 * scales, b5 * scales, to + (5L * padded));
            Store(a6 * scales, b6 * scales, to + (6L * padded));
            Store(a7 * scales, b7 * scales, to + (7L * padded));
        }
    }

    /// <summary>Values weighed for <see cref="Rows"/> queries: one vector of each.</summary>
    /// <param name="values">The vector in the first value.</param>
    /// <param name="stride">Numbers from a value to the next.</param>
    /// <param name="length">Values.</param>
    /// <param name="weights">Weights [4, padded].</param>
    /// <param name="padded">Numbers from a query's weights to the next one's.</param>
    /// <param name="factors">What each query's result is multiplied with [4].</param>
    /// <param name="output">Where the vectors go [4].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Weigh<TLanes>(float* values, int stride, int length, float* weights, int padded, float* factors, float** output)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* e0 = weights, e1 = e0 + padded, e2 = e1 + padded, e3 = e2 + padded;
        TLanes a0 = TLanes.Create(0), a1 = a0, a2 = a0, a3 = a0;
        for (int j = 0; j < length; j++, values += stride)
        {
            TLanes value = TLanes.Load(values);
            a0 = TLanes.Fma(TLanes.Create(e0[j]), value, a0);
            a1 = TLanes.Fma(TLanes.Create(e1[j]), value, a1);
            a2 = TLanes.Fma(TLanes.Create(e2[j]), value, a2);
            a3 = TLanes.Fma(TLanes.Create(e3[j]), value, a3);
        }
        (a0 * TLanes.Create(factors[0])).Store(output[0]);
        (a1 * TLanes.Create(factors[1])).Store(output[1]);
        (a2 * TLanes.Create(factors[2])).Store(output[2]);
        (a3 * TLanes.Create(factors[3])).Store(output[3]);
    }

    /// <summary>Values weighed for <see cref="WideRows"/> queries: two vectors of each. Parameters as of <see cref="Weigh"/>, for eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void WeighWide<TLanes>(float* values, int stride, int length, float* weights, int padded, float* factors, float** output)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* e0 = weights, e1 = e0 + padded, e2 = e1 + padded, e3 = e2 + padded, e4 = e3 + padded, e5 = e4 + padded, e6 = e5 + padded, e7 = e6 + padded;
        TLanes zero = TLanes.Create(0);
        TLanes a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
        TLanes b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero, b6 = zero, b7 = zero;
        for (int j = 0; j < length; j++, values += stride)
        {
            TLanes first = TLanes.Load(values), second = TLanes.Load(values + TLanes.Count);
            Step(e0[j], first, second, ref a0, ref b0);
            Step(e1[j], first, second, ref a1, ref b1);
            Step(e2[j], first, second, ref a2, ref b2);
            Step(e3[j], first, second, ref a3, ref b3);
            Step(e4[j], first, second, ref a4, ref b4);
            Step(e5[j], first, second, ref a5, ref b5);
            Step(e6[j], first, second, ref a6, ref b6);
            Step(e7[j], first, second, ref a7, ref b7);
        }
        Store(a0 * TLanes.Create(factors[0]), b0 * TLanes.Create(factors[0]), output[0]);
        Store(a1 * TLanes.Create(factors[1]), b1 * TLanes.Create(factors[1]), output[1]);
        Store(a2 * TLanes.Create(factors[2]), b2 * TLanes.Create(factors[2]), output[2]);
        Store(a3 * TLanes.Create(factors[3]), b3 * TLanes.Create(factors[3]), output[3]);
        Store(a4 * TLanes.Create(factors[4]), b4 * TLanes.Create(factors[4]), output[4]);
        Store(a5 * TLanes.Create(factors[5]), b5 * TLanes.Create(factors[5]), output[5]);
        Store(a6 * TLanes.Create(factors[6]), b6 * TLanes.Create(factors[6]), output[6]);
        Store(a7 * TLanes.Create(factors[7]), b7 * TLanes.Create(factors[7]), output[7]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TLanes>(float factor, TLanes first, TLanes second, ref TLanes a, ref TLanes b)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes factors = TLanes.Create(factor);
        a = TLanes.Fma(factors, first, a);
        b = TLanes.Fma(factors, second, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes>(TLanes a, TLanes b, float* to)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        a.Store(to);
        b.Store(to + TLanes.Count);
    }
}
