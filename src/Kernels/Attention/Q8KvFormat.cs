using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>
/// Rows of 8-bit integers, [32, length], then the rows' scales as binary16, [32, blocks of a row]. A block is 32 numbers of a row, the last one
/// what is left. The scales stand apart so that the integers of whole blocks are one stream without gaps.
/// </summary>
internal readonly unsafe struct Q8KvFormat : IKvFormat
{
    private const int BlockLength = 32;
    private const int Line = 64; // of the caches
    private const float LargestQuant = 127;
    private const ushort NaNScale = 0x7E00;

    /// <summary>Blocks of a row of so many numbers.</summary>
    public static int BlocksOf(int length) => (length + BlockLength - 1) / BlockLength;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Store<TLanes>(float* numbers, byte* piece, int position, int length)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        sbyte* quants = Quants(piece, position, length);
        ushort* scales = Scales(piece, position, length);
        for (int i = 0; i < length; i += BlockLength)
        {
            scales[i / BlockLength] = Quantize<TLanes>(numbers + i, Math.Min(BlockLength, length - i), quants + i);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenRow<TLanes>(byte* piece, int position, int length, float* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        sbyte* quants = Quants(piece, position, length);
        ushort* scales = Scales(piece, position, length);
        for (int i = 0; i < length; i += BlockLength)
        {
            WidenBlock<TLanes>(quants + i, ScalarLane.LoadHalf(scales + (i / BlockLength)).Value, Math.Min(BlockLength, length - i), destination + i);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Widen<TLanes>(byte* piece, int rows, int length, float* destination, int stride, byte* next)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        if (length % BlockLength == 0)
        {
            WidenWholeBlocks<TLanes>(piece, rows * (length / BlockLength), Scales(piece, 0, length), destination, next);
            return;
        }
        for (int row = 0; row < rows; row++, destination += stride)
        {
            WidenRow<TLanes>(piece, row, length, destination);
            for (int i = length; i < stride; i++)
            {
                destination[i] = 0;
            }
        }
    }

    /// <summary>
    /// Blocks without gaps, two at a time (a line of the caches), for which sixteen scales are widened at once. A piece has 32 rows: what is read and
    /// written past the last block to make up these numbers is part of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenWholeBlocks<TLanes>(byte* piece, int blocks, ushort* scales, float* destination, byte* next)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        const int group = 16;
        float* widened = stackalloc float[group];
        for (int first = 0; first < blocks; first += group)
        {
            for (int i = 0; i < group; i += TLanes.Count)
            {
                TLanes.LoadHalf(scales + first + i).Store(widened + i);
            }
            int last = Math.Min(blocks, first + group);
            for (int block = first; block < last; block += Line / BlockLength)
            {
                int at = block * BlockLength;
                Sse.Prefetch1(next + at);
                TLanes scale = TLanes.Create(widened[block - first]), nextScale = TLanes.Create(widened[block - first + 1]);
                for (int i = 0; i < BlockLength; i += TLanes.Count)
                {
                    (TLanes.LoadBytes((sbyte*)piece + at + i) * scale).Store(destination + at + i);
                }
                for (int i = BlockLength; i < Line; i += TLanes.Count)
                {
                    (TLanes.LoadBytes((sbyte*)piece + at + i) * nextScale).Store(destination + at + i);
                }
            }
        }
    }

    /// <summary>scale * quant, which is exact: 11 bits times 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenBlock<TLanes>(sbyte* quants, float scale, int count, float* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes scales = TLanes.Create(scale);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            (TLanes.LoadBytes(quants + i) * scales).Store(destination + i);
        }
        for (; i < count; i++)
        {
            destination[i] = quants[i] * scale;
        }
    }

    /// <summary>Quantizes one block; returns its scale.</summary>
    private static ushort Quantize<TLanes>(float* x, int count, sbyte* quants)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* spare = stackalloc float[BlockLength];
        new Span<float>(spare, BlockLength).Clear();
        bool finite = !float.IsNaN(TLanes.Dot(x, spare, count)); // infinity times 0 is NaN
        for (int i = 0; i < count; i++)
        {
            spare[i] = MathF.Abs(x[i]);
        }
        ushort half = BitConverter.HalfToUInt16Bits((Half)(TLanes.Max(spare, count) / LargestQuant));
        float scale = ScalarLane.LoadHalf(&half).Value;
        if (!finite || float.IsInfinity(scale) || scale == 0)
        {
            new Span<sbyte>(quants, count).Clear();
            // There is no quant for an infinity or a NaN, and no scale for numbers past 127 * 65504. A NaN as scale makes them show in every result.
            return finite && scale == 0 ? (ushort)0 : NaNScale;
        }
        float inverse = 1 / scale;
        TLanes inverses = TLanes.Create(inverse), most = TLanes.Create(LargestQuant), least = TLanes.Create(-LargestQuant);
        int j = 0;
        for (; j + TLanes.Count <= count; j += TLanes.Count)
        {
            Quant(TLanes.Load(x + j), inverses, least, most).StoreBytes(quants + j);
        }
        for (; j < count; j++)
        {
            Quant(new ScalarLane(x[j]), new ScalarLane(inverse), new ScalarLane(-LargestQuant), new ScalarLane(LargestQuant)).StoreBytes(quants + j);
        }
        return half;
    }

    /// <summary>The nearest integer to x * inverse, halves to the even one, clamped: a scale rounded down leaves the largest number past 127.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Quant<TLanes>(TLanes x, TLanes inverse, TLanes least, TLanes most)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes quant = TLanes.RoundToEven(x * inverse);
        quant = TLanes.SelectLess(quant, least, least, quant);
        return TLanes.SelectLess(most, quant, most, quant);
    }

    private static sbyte* Quants(byte* piece, int position, int length) => (sbyte*)piece + ((long)position * length);

    private static ushort* Scales(byte* piece, int position, int length) =>
        (ushort*)(piece + ((long)KvPool.BlockPositions * length)) + (position * BlocksOf(length));
}
