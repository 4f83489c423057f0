using System.Runtime.InteropServices;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Vectors that the kernels for rows of the file load into registers: 64 bytes each, at the offsets below.</summary>
internal static unsafe class RowConstants
{
    /// <summary>Bytes 0x0F.</summary>
    public const int LowNibbles = 0;

    /// <summary>From lanes [b0 first, b0 second, b1 first, b1 second] and [b2 .., b3 ..]: the first halves of b0 to b3, in 64-bit indices; then the second halves.</summary>
    public const int PairsFirst = 64, PairsSecond = 128;

    /// <summary>From lanes [b0 first, b0 second, b2 first, b2 second] and [b1 .., b3 ..]: the first halves of b0 to b3; then the second halves.</summary>
    public const int ChunksFirst = 192, ChunksSecond = 256;

    /// <summary>Bytes 0x80, 0x10, 0x30.</summary>
    public const int Flip = 320, FifthBit = 384, HighBits = 448;

    /// <summary>32-bit shifts of the lower and upper half of a vector: 4 and 2, 3 and 1, 0 and 2, 1 and 3.</summary>
    public const int Shift42 = 512, Shift31 = 576, Shift02 = 640, Shift13 = 704;

    /// <summary>Spreads four integers over the lanes, each to the first place of its own; other places are masked out.</summary>
    public const int LaneFirst = 768;

    /// <summary>Pairs of words: an offset, negated, twice: 8, 16, 128; then -32 for the first of each pair, and for the second.</summary>
    public const int Minus8 = 832, Minus16 = 896, Minus128 = 960, Minus32First = 1024, Minus32Second = 1088;

    /// <summary>Byte shuffles within 16: a 4 x 4 transposition; low words before high words of each of four; even bytes before odd ones of two times eight.</summary>
    public const int Transpose = 1152, WordsApart = 1216;

    /// <summary>From [row 0: 8 bytes, row 1: 8 bytes] to [even bytes: 4 of row 0 and row 1 in turn; then odd bytes likewise].</summary>
    public const int HalvesApart = 1280;

    /// <summary>Four bytes 0x3F, 0x0F, 0x30 in each 32 bits.</summary>
    public const int SixBits = 1344, Nibbles32 = 1408, Bits45 = 1472;

    /// <summary>The sign bit of float32.</summary>
    public const int Sign = 1536;

    /// <summary>Spreads four integers over the lanes, each to all places of its own.</summary>
    public const int Spread = 1600;

    private const int Bytes = 1664;

    /// <summary>The table; it stays until the process ends.</summary>
    public static byte* Table { get; } = Create();

    private static byte* Create()
    {
        byte* table = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);
        Fill(table + LowNibbles, 0x0F);
        Longs(table + PairsFirst, 0, 1, 4, 5, 8, 9, 12, 13);
        Longs(table + PairsSecond, 2, 3, 6, 7, 10, 11, 14, 15);
        Longs(table + ChunksFirst, 0, 1, 8, 9, 4, 5, 12, 13);
        Longs(table + ChunksSecond, 2, 3, 10, 11, 6, 7, 14, 15);
        Fill(table + Flip, 0x80);
        Fill(table + FifthBit, 0x10);
        Fill(table + HighBits, 0x30);
        Shifts(table + Shift42, 4, 2);
        Shifts(table + Shift31, 3, 1);
        Shifts(table + Shift02, 0, 2);
        Shifts(table + Shift13, 1, 3);
        Longs(table + LaneFirst, 0, 0, 1, 0, 2, 0, 3, 0);
        Longs(table + Spread, 0, 0, 0x1_0000_0001, 0x1_0000_0001, 0x2_0000_0002, 0x2_0000_0002, 0x3_0000_0003, 0x3_0000_0003);
        Words(table + Minus8, -8, -8);
        Words(table + Minus16, -16, -16);
        Words(table + Minus128, -128, -128);
        Words(table + Minus32First, -32, 0);
        Words(table + Minus32Second, 0, -32);
        Lanes(table + Transpose, [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]);
        Lanes(table + WordsApart, [0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15]);
        Lanes(table + HalvesApart, [0, 8, 2, 10, 4, 12, 6, 14, 1, 9, 3, 11, 5, 13, 7, 15]);
        Fill(table + SixBits, 0x3F);
        Fill(table + Nibbles32, 0x0F);
        Fill(table + Bits45, 0x30);
        Lanes(table + Sign, [0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80]);
        return table;
    }

    private static void Fill(byte* to, byte value) => new Span<byte>(to, 64).Fill(value);

    private static void Longs(byte* to, params ReadOnlySpan<long> values) => values.CopyTo(new Span<long>(to, 8));

    private static void Lanes(byte* to, ReadOnlySpan<byte> lane)
    {
        for (int i = 0; i < 4; i++)
        {
            lane.CopyTo(new Span<byte>(to + (16 * i), 16));
        }
    }

    private static void Shifts(byte* to, int lower, int upper)
    {
        new Span<int>(to, 8).Fill(lower);
        new Span<int>(to + 32, 8).Fill(upper);
    }

    private static void Words(byte* to, short first, short second)
    {
        for (int i = 0; i < 32; i += 2)
        {
            ((short*)to)[i] = first;
            ((short*)to)[i + 1] = second;
        }
    }
}
