using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// The place of a group's four blocks in a panel, of sixteen of its rows (<see cref="TileShape"/>). Formats write to it: quants k of a block are the
/// unsigned weights 4 k to 4 k + 3 of each row, so that 0 to 3 are the first half of the block and 4 to 7 the second.
/// </summary>
/// <param name="block0">Where block 0 stands, at the first of the rows.</param>
/// <param name="residue">Bytes from a block to the next, which belongs to another partial sum.</param>
internal readonly unsafe struct PanelGroup(byte* block0, nint residue)
{
    private const int LowNibbles = 0x0F0F0F0F, FifthBits = 0x10101010;

    private readonly byte* _block0 = block0;
    private readonly nint _residue = residue;

    /// <summary>Stores quants of a block.</summary>
    /// <param name="block">0 to 3.</param>
    /// <param name="k">0 to 7.</param>
    /// <param name="quants">Four bytes of each row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Quants(int block, int k, Vector512<int> quants) => quants.Store((int*)(_block0 + block * _residue + k * TileShape.VectorPair));

    /// <summary>Stores the low nibbles as quants of the first half of a block, the high ones as those of the second.</summary>
    /// <param name="block">0 to 3.</param>
    /// <param name="k">0 to 3.</param>
    /// <param name="bytes">Two weights in a byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Halves(int block, int k, Vector512<int> bytes)
    {
        Quants(block, k, Low(bytes));
        Quants(block, k + 4, High(bytes));
    }

    /// <summary>Stores the low nibbles as quants of a block, the high ones as those of the next block.</summary>
    /// <param name="block">0 or 2.</param>
    /// <param name="k">0 to 7.</param>
    /// <param name="bytes">Two weights in a byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Blocks(int block, int k, Vector512<int> bytes)
    {
        Quants(block, k, Low(bytes));
        Quants(block + 1, k, High(bytes));
    }

    /// <summary>As <see cref="Halves(int, int, Vector512{int})"/>, with a fifth bit for each weight.</summary>
    /// <param name="block">0 to 3.</param>
    /// <param name="k">0 to 3.</param>
    /// <param name="bytes">The lower four bits of two weights in a byte.</param>
    /// <param name="fifths">Bit i belongs to weight i of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Halves(int block, int k, Vector512<int> bytes, Vector512<int> fifths)
    {
        Quants(block, k, Low(bytes) | Fifths(fifths, 4 * k));
        Quants(block, k + 4, High(bytes) | Fifths(fifths, 4 * k + 16));
    }

    /// <summary>Low nibbles of all bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Low(Vector512<int> bytes) => bytes & Vector512.Create(LowNibbles);

    /// <summary>High nibbles of all bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> High(Vector512<int> bytes) => (bytes >>> 4) & Vector512.Create(LowNibbles);

    // Four consecutive bits to bit 4 of four bytes: each bit is copied 4, 11, 18 and 25 places up, no two copies to the same place.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Fifths(Vector512<int> bits, int first) =>
        (((bits >>> first) & Vector512.Create(15)) * Vector512.Create(1 << 4 | 1 << 11 | 1 << 18 | 1 << 25)) & Vector512.Create(FifthBits);

    /// <summary>Stores the weight scales of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scales(int block, Vector512<float> scales) => scales.Store((float*)(_block0 + block * _residue + TileShape.ScaleOffset));

    /// <summary>Stores the weight scales of a block, float16 in the low half of each integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scales(int block, Vector512<int> halves) => Scales(block, HalfWidening.Widen(halves << 16 >> 16));

    /// <summary>Stores the minimums of a block, or the integer scales of its first half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Seconds(int block, Vector512<float> factors) => factors.Store((float*)(_block0 + block * _residue + TileShape.SecondOffset));

    /// <summary>Stores the integer scales of the second half of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Thirds(int block, Vector512<float> factors) => factors.Store((float*)(_block0 + block * _residue + TileShape.ThirdOffset));

    /// <summary>Stores the weight scales and the minimums of a block, float16 in the low and the high half of each integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ScalesAndMinimums(int block, Vector512<int> halves)
    {
        Scales(block, halves);
        Seconds(block, HalfWidening.Widen(halves >> 16));
    }

    /// <summary>Stores the weight scales and the minimums of four blocks of a super-block of Q4_K or Q5_K.</summary>
    /// <param name="halves">Scale and minimum of the super-block, float16 in the low and the high half of each integer.</param>
    /// <param name="scales">Six-bit scales of the blocks, one in a byte.</param>
    /// <param name="minimums">Six-bit minimums of the blocks, one in a byte.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SuperBlock(Vector512<int> halves, Vector512<int> scales, Vector512<int> minimums)
    {
        Vector512<float> d = HalfWidening.Widen(halves << 16 >> 16), dmin = HalfWidening.Widen(halves >> 16);
        for (int block = 0; block < QuantizedActivations.GroupBlocks; block++)
        {
            Vector512<int> low = Vector512.Create(0xFF);
            Scales(block, d * Avx512F.ConvertToVector512Single((scales >>> (8 * block)) & low));
            Seconds(block, -(dmin * Avx512F.ConvertToVector512Single((minimums >>> (8 * block)) & low)));
        }
    }
}
