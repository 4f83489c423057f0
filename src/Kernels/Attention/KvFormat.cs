using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>How the keys or values of one head stand in a block of the cache: a piece of 32 rows, one for each position.</summary>
internal unsafe interface IKvFormat
{
    /// <summary>Stores one row.</summary>
    /// <param name="numbers">[length].</param>
    /// <param name="piece">The piece.</param>
    /// <param name="position">Which row, 0..31.</param>
    /// <param name="length">Numbers of a row.</param>
    static abstract void Store<TLanes>(float* numbers, byte* piece, int position, int length)
        where TLanes : unmanaged, IFloatLanes<TLanes>;

    /// <summary>Widens one row to float32, exactly.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="position">Which row, 0..31.</param>
    /// <param name="length">Numbers of a row.</param>
    /// <param name="destination">[length].</param>
    static abstract void WidenRow<TLanes>(byte* piece, int position, int length, float* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes>;

    /// <summary>Widens the first rows of a piece, and asks the memory for the same rows of another.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="rows">1..32.</param>
    /// <param name="length">Numbers of a row.</param>
    /// <param name="destination">[rows, stride]; what is behind a row's end becomes +0.</param>
    /// <param name="stride">At least <paramref name="length"/>.</param>
    /// <param name="next">The piece that is wanted next: any address will do.</param>
    static abstract void Widen<TLanes>(byte* piece, int rows, int length, float* destination, int stride, byte* next)
        where TLanes : unmanaged, IFloatLanes<TLanes>;
}

/// <summary>Rows of plain numbers, [32, length].</summary>
internal readonly unsafe struct PlainKvFormat<TElement> : IKvFormat
    where TElement : struct, IKvElement
{
    private const int Line = 64; // of the caches

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TLanes>(float* numbers, byte* piece, int position, int length)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        byte* row = piece + ((long)position * length * TElement.Bytes);
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TElement.Store(TLanes.Load(numbers + i), row + (i * TElement.Bytes));
        }
        for (; i < length; i++)
        {
            TElement.Store(new ScalarLane(numbers[i]), row + (i * TElement.Bytes));
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WidenRow<TLanes>(byte* piece, int position, int length, float* destination)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        byte* row = piece + ((long)position * length * TElement.Bytes);
        int i = 0;
        for (; i + TLanes.Count <= length; i += TLanes.Count)
        {
            TElement.Load<TLanes>(row + (i * TElement.Bytes)).Store(destination + i);
        }
        for (; i < length; i++)
        {
            destination[i] = TElement.Load<ScalarLane>(row + (i * TElement.Bytes)).Value;
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Widen<TLanes>(byte* piece, int rows, int length, float* destination, int stride, byte* next)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        if (stride == length)
        {
            WidenLines<TLanes>(piece, rows * length, destination, next);
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

    /// <summary>Rows without gaps, a line of the caches at a time; the last one is not cut, for a piece and its widened rows are whole lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WidenLines<TLanes>(byte* piece, int count, float* destination, byte* next)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        int numbers = Line / TElement.Bytes;
        for (int at = 0; at < count; at += numbers, piece += Line, next += Line)
        {
            Sse.Prefetch1(next);
            for (int i = 0; i < numbers; i += TLanes.Count)
            {
                TElement.Load<TLanes>(piece + (i * TElement.Bytes)).Store(destination + at + i);
            }
        }
    }
}
