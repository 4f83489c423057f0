namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Rows of weights unpacked into scratch memory, so that many tokens are multiplied by quants that are plain bytes: the weights' counterpart
/// of <see cref="QuantizedActivations"/>, in the same layout. Small enough to stay in the second-level cache.
/// </summary>
internal readonly unsafe struct Panel
{
    /// <summary>Most rows of a panel; a multiple of four.</summary>
    public const int Rows = 32;

    private readonly int _groups;

    /// <summary>Lays a panel out in memory.</summary>
    /// <param name="memory">Aligned to 64 bytes [<see cref="Bytes"/>].</param>
    /// <param name="groups">Groups of four blocks in a row.</param>
    public Panel(byte* memory, int groups)
    {
        _groups = groups;
        Quants = (sbyte*)memory;
        Scales = (float*)(memory + (long)Rows * groups * QuantizedActivations.GroupLength);
        Minimums = Scales + (long)Rows * groups * 4;
        HalfScales = (short*)(Minimums + (long)Rows * groups * 4);
    }

    /// <summary>Quants, a byte each [<see cref="Rows"/>, groups, 2 halves, 4 blocks, 16].</summary>
    public sbyte* Quants { get; }

    /// <summary>Weight scales, float32 [<see cref="Rows"/> / 4, groups, 4 blocks, 4 rows].</summary>
    public float* Scales { get; }

    /// <summary>Minimums m, laid out as <see cref="Scales"/>; unset for formats without.</summary>
    public float* Minimums { get; }

    /// <summary>Integer scales of half blocks, int16 [<see cref="Rows"/>, groups, 4 blocks, 2]; unset for formats without.</summary>
    public short* HalfScales { get; }

    /// <summary>Memory for a panel of rows of so many groups.</summary>
    public static long Bytes(int groups) => (long)Rows * groups * (QuantizedActivations.GroupLength + 4 * (2 * sizeof(float) + 2 * sizeof(short)));

    /// <summary>Quants of a row.</summary>
    public sbyte* RowQuants(int row) => Quants + (long)row * _groups * QuantizedActivations.GroupLength;

    /// <summary>Scales of the four rows that <paramref name="row"/> is one of.</summary>
    public float* TileScales(int row) => Scales + (long)(row / 4) * _groups * 16;

    /// <summary>Minimums of the four rows that <paramref name="row"/> is one of.</summary>
    public float* TileMinimums(int row) => Minimums + (long)(row / 4) * _groups * 16;

    /// <summary>Integer scales of a row.</summary>
    public short* RowHalfScales(int row) => HalfScales + (long)row * _groups * 8;
}
