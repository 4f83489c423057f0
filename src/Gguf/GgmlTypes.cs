namespace LocalLlm.Gguf;

/// <summary>
/// Sizes and names of the <see cref="GgmlType"/>s: the only size table of the code base. A row of a tensor is stored as whole blocks
/// of <see cref="BlockLength"/> elements, <see cref="BlockBytes"/> bytes each; the sizes are ggml's.
/// </summary>
public static class GgmlTypes
{
    private static readonly Entry[] Table = BuildTable();

    /// <summary>Every defined type, in the order of their numbers.</summary>
    public static IReadOnlyList<GgmlType> All { get; } = Enum.GetValues<GgmlType>();

    /// <summary>Whether the number stands for a type of this table; a number from a file need not.</summary>
    public static bool IsDefined(GgmlType type) => (uint)type < (uint)Table.Length && Table[(uint)type].Bytes != 0;

    /// <summary>Elements in one block: 1 for the plain types, 32 or 256 for the quantized ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined.</exception>
    public static int BlockLength(GgmlType type) => Of(type).Length;

    /// <summary>Bytes of one block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined.</exception>
    public static int BlockBytes(GgmlType type) => Of(type).Bytes;

    /// <summary>Whether the type packs several elements into a block that shares a scale.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined.</exception>
    public static bool IsQuantized(GgmlType type) => Of(type).Length > 1;

    /// <summary>Bytes of a row of <paramref name="columns"/> elements.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not defined or <paramref name="columns"/> is negative.</exception>
    /// <exception cref="ArgumentException"><paramref name="columns"/> is not a multiple of the block length.</exception>
    /// <exception cref="OverflowException">The row does not fit 63 bits.</exception>
    public static long RowBytes(GgmlType type, long columns)
    {
        Entry entry = Of(type);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        (long blocks, long rest) = Math.DivRem(columns, entry.Length);
        if (rest != 0)
        {
            throw new ArgumentException($"A row of {columns} elements is not a whole number of {type} blocks of {entry.Length}.", nameof(columns));
        }
        return checked(blocks * entry.Bytes);
    }

    /// <summary>The type's name as ggml spells it (<c>Q4_K</c>), or its number when the type is not defined.</summary>
    public static string Name(GgmlType type) => type.ToString();

    private static Entry Of(GgmlType type) => IsDefined(type)
        ? Table[(uint)type]
        : throw new ArgumentOutOfRangeException(nameof(type), $"There is no tensor type {(uint)type}.");

    private static Entry[] BuildTable()
    {
        Entry[] table = new Entry[(int)GgmlType.MXFP4 + 1];
        void Set(GgmlType type, int length, int bytes) => table[(int)type] = new Entry(length, bytes);

        Set(GgmlType.F64, 1, 8);
        Set(GgmlType.F32, 1, 4);
        Set(GgmlType.F16, 1, 2);
        Set(GgmlType.BF16, 1, 2);
        Set(GgmlType.I8, 1, 1);
        Set(GgmlType.I16, 1, 2);
        Set(GgmlType.I32, 1, 4);
        Set(GgmlType.I64, 1, 8);
        Set(GgmlType.Q4_0, 32, 18);
        Set(GgmlType.Q4_1, 32, 20);
        Set(GgmlType.Q5_0, 32, 22);
        Set(GgmlType.Q5_1, 32, 24);
        Set(GgmlType.Q8_0, 32, 34);
        Set(GgmlType.Q8_1, 32, 36);
        Set(GgmlType.IQ4_NL, 32, 18);
        Set(GgmlType.MXFP4, 32, 17);
        Set(GgmlType.Q2_K, 256, 84);
        Set(GgmlType.Q3_K, 256, 110);
        Set(GgmlType.Q4_K, 256, 144);
        Set(GgmlType.Q5_K, 256, 176);
        Set(GgmlType.Q6_K, 256, 210);
        Set(GgmlType.Q8_K, 256, 292);
        Set(GgmlType.IQ1_S, 256, 50);
        Set(GgmlType.IQ1_M, 256, 56);
        Set(GgmlType.IQ2_XXS, 256, 66);
        Set(GgmlType.IQ2_XS, 256, 74);
        Set(GgmlType.IQ2_S, 256, 82);
        Set(GgmlType.IQ3_XXS, 256, 98);
        Set(GgmlType.IQ3_S, 256, 110);
        Set(GgmlType.IQ4_XS, 256, 136);
        Set(GgmlType.TQ1_0, 256, 54);
        Set(GgmlType.TQ2_0, 256, 66);
        return table;
    }

    /// <summary>Elements and bytes of one block; zero bytes mark a number without a type.</summary>
    private readonly record struct Entry(int Length, int Bytes);
}
