using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>How the offset of a format's unsigned quants gets out of the sums again: as the value that each sum starts with.</summary>
internal enum TileOffset
{
    /// <summary>There is none: sums start at 0.</summary>
    None,

    /// <summary>8 times the sum of the block's activations (Q4_0).</summary>
    Eight,

    /// <summary>16 times (Q5_0).</summary>
    Sixteen,

    /// <summary>128 times (Q8_0, whose signed quants are flipped to unsigned).</summary>
    OneTwentyEight,

    /// <summary>32 times the sum of each half block, whose sums are scaled apart (Q6_K).</summary>
    HalvesThirtyTwo,
}

/// <summary>What a weight format asks of the assembled kernel.</summary>
/// <param name="Offset">Offset of the quants.</param>
/// <param name="HasMinimums">Whether blocks have a minimum.</param>
internal readonly record struct TileShape(TileOffset Offset, bool HasMinimums)
{
    /// <summary>Rows of weights that a kernel multiplies: two vectors of sixteen.</summary>
    public const int Rows = 32;

    /// <summary>All shapes that formats have.</summary>
    public static IReadOnlyList<TileShape> All { get; } =
        [new(TileOffset.None, true), new(TileOffset.Eight, false), new(TileOffset.Sixteen, false), new(TileOffset.OneTwentyEight, false), new(TileOffset.HalvesThirtyTwo, false)];

    /// <summary>The place in <see cref="All"/> of a format's shape.</summary>
    public static int IndexOf<TFormat>()
        where TFormat : struct, IDotFormat
        => TFormat.HasMinimums ? 0
            : TFormat.HasHalfScales ? 4
            : TFormat.IsSigned ? 3
            : TFormat.Offset == 16 ? 2 : 1;

    /// <summary>Formats of this shape, for people.</summary>
    public string Formats => Offset switch
    {
        TileOffset.None => "Q4_1, Q5_1, Q4_K, Q5_K",
        TileOffset.Eight => "Q4_0",
        TileOffset.Sixteen => "Q5_0",
        TileOffset.OneTwentyEight => "Q8_0",
        _ => "Q6_K",
    };

    /// <summary>Whether the halves of a block have integer scales.</summary>
    public bool HasHalves => Offset == TileOffset.HalvesThirtyTwo;

    /// <summary>
    /// Tokens of the largest kernel. Each takes two registers of 32 for integer sums and two for results, with halves two more; two hold weights, the
    /// rest what is read for one token.
    /// </summary>
    public int MaxTokens => HasHalves ? 4 : 6;

    /// <summary>Bytes of a block of <see cref="Rows"/> rows in a panel.</summary>
    public int BlockBytes => QuantBytes + VectorPair * (1 + (HasMinimums ? 1 : 0) + (HasHalves ? 2 : 0));

    /// <summary>Bytes of the quants of a block: [8, rows, 4 consecutive quants].</summary>
    public const int QuantBytes = Rows * QuantizedActivations.BlockLength;

    /// <summary>Bytes of float32 [rows].</summary>
    public const int VectorPair = Rows * sizeof(float);

    /// <summary>Where in a block its weight scales stand, float32 [rows].</summary>
    public const int ScaleOffset = QuantBytes;

    /// <summary>Where in a block its minimums or the integer scales of its first halves (as float32) stand.</summary>
    public const int SecondOffset = ScaleOffset + VectorPair;

    /// <summary>Where in a block the integer scales of its second halves stand.</summary>
    public const int ThirdOffset = SecondOffset + VectorPair;
}
