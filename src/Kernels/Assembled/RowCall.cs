using System.Runtime.InteropServices;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// What an assembled kernel for rows of the file is called with; it finds the fields by their names, and uses some of them as its variables.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RowCall
{
    /// <summary>First row of weights.</summary>
    public byte* Rows;

    /// <summary>Bytes from a row to the next.</summary>
    public long RowBytes;

    /// <summary>How many times four rows, or eight if the kernel is one for several tokens; at least 1. Counted down to 0.</summary>
    public long Tiles;

    /// <summary>Quants of the first token, see <see cref="QuantizedActivations.Quants"/>.</summary>
    public sbyte* Quants;

    /// <summary>Scales of the tile of four tokens that it is in.</summary>
    public float* Scales;

    /// <summary>Scaled sums of that tile.</summary>
    public float* ScaledSums;

    /// <summary>Sums of the first token's half blocks.</summary>
    public short* HalfSums;

    /// <summary>Steps in a row: whole groups, or super-blocks; may be 0.</summary>
    public long Steps;

    /// <summary>Results of the first token, float32 [rows]. Moved on by each tile.</summary>
    public float* Y;

    /// <summary>How many bytes ahead to prefetch.</summary>
    public long Ahead;

    /// <summary>The constants of <see cref="RowConstants"/>.</summary>
    public byte* Constants;

    /// <summary>For one token: which of the four tokens of its tile it is.</summary>
    public long TileToken;

    /// <summary>For several tokens: how many, 1 to <see cref="BatchRowAssembler.MaxTokens"/>. The first one is the first of its tile of four.</summary>
    public long Tokens;

    /// <summary>For several tokens: memory to work in [<see cref="BatchRowAssembler.WorkBytes"/>], aligned to 64 bytes.</summary>
    public byte* Work;

    /// <summary>For several tokens: bytes from the quants of a token to those of the next.</summary>
    public long QuantStride;

    /// <summary>For several tokens: bytes from the sums of a token's half blocks to those of the next.</summary>
    public long HalfSumStride;

    /// <summary>For several tokens: bytes from the scales, or scaled sums, of four tokens to those of the next four.</summary>
    public long ScaleStride;

    /// <summary>For several tokens: bytes from the results of a token to those of the next.</summary>
    public long YStride;

    /// <summary>A variable of the kernel for several tokens: bytes of <see cref="HalfSums"/> before the present group.</summary>
    public long GroupPlace;
}
