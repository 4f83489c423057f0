using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// What a tile, or all tiles so far, came to for the rows of a token group: the largest score, the sum of the exponentials below it, and
/// the values weighted by them. (m, l, acc) and (M, L, A) of docs/arithmetic.md.
/// </summary>
internal readonly unsafe struct TileSums
{
    /// <summary>Largest score of each row, [rows].</summary>
    public readonly float* Max;

    /// <summary>Sum of exp(score - max) of each row, [rows].</summary>
    public readonly float* Sum;

    /// <summary>Weighted values of each row, [rows, Stride].</summary>
    public readonly float* Values;

    /// <summary>Floats from one row of <see cref="Values"/> to the next: the value length in whole groups of sixteen.</summary>
    public readonly int Stride;

    /// <summary>Lays the arrays over memory of <see cref="Floats"/> floats, 64-byte aligned.</summary>
    public TileSums(float* memory, int rows, int valueLength)
    {
        Stride = AttentionCall.Padded(valueLength);
        Max = memory;
        Sum = memory + AttentionCall.Padded(rows);
        Values = Sum + AttentionCall.Padded(rows);
    }

    /// <summary>Floats of memory that <paramref name="rows"/> rows need, in whole cache lines.</summary>
    public static int Floats(int rows, int valueLength) =>
        checked((2 * AttentionCall.Padded(rows)) + (rows * AttentionCall.Padded(valueLength)));

    /// <summary>The weighted values of one row, [Stride].</summary>
    public float* Row(int row) => Values + ((long)row * Stride);

    /// <summary>Merges the tile to the right of all that this one holds into it, for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Merge<TLanes>(in TileSums tile, int row)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float max = tile.Max[row] > Max[row] ? tile.Max[row] : Max[row];
        float x = Exponential.Exp(Max[row] - max), y = Exponential.Exp(tile.Max[row] - max);
        Max[row] = max;
        Sum[row] = MathF.FusedMultiplyAdd(Sum[row], x, tile.Sum[row] * y);
        TLanes xs = TLanes.Create(x), ys = TLanes.Create(y);
        float* total = Row(row), added = tile.Row(row);
        for (int i = 0; i < Stride; i += TLanes.Count)
        {
            TLanes.Fma(TLanes.Load(total + i), xs, TLanes.Load(added + i) * ys).Store(total + i);
        }
    }

    /// <summary>Writes one row's attention, values / sum, to output [valueLength].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Finish<TLanes>(int row, float* output, int valueLength)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float inverse = 1 / Sum[row];
        TLanes inverses = TLanes.Create(inverse);
        float* total = Row(row);
        int i = 0;
        for (; i + TLanes.Count <= valueLength; i += TLanes.Count)
        {
            (TLanes.Load(total + i) * inverses).Store(output + i);
        }
        for (; i < valueLength; i++)
        {
            output[i] = total[i] * inverse;
        }
    }
}
