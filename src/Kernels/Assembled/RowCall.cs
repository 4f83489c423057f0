using System.Runtime.InteropServices;

namespace LocalLlm.Kernels.Assembled;

/// <summary>What an assembled kernel for one token is called with; it reads the fields at their offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RowCall
{
    /// <summary>First row of weights.</summary>
    public byte* Rows;

    /// <summary>Bytes from a row to the next.</summary>
    public long RowBytes;

    /// <summary>How many times four rows; at least 1.</summary>
    public long Tiles;

    /// <summary>Quants of the token, see <see cref="QuantizedActivations.Quants"/>.</summary>
    public sbyte* Quants;

    /// <summary>Scales of the tile of four tokens that it is in.</summary>
    public float* Scales;

    /// <summary>Scaled sums of that tile.</summary>
    public float* ScaledSums;

    /// <summary>Sums of the token's half blocks.</summary>
    public short* HalfSums;

    /// <summary>Steps in a row: whole groups, or super-blocks; may be 0.</summary>
    public long Steps;

    /// <summary>Results, float32 [4 * Tiles].</summary>
    public float* Y;

    /// <summary>Which of the four tokens of its tile it is.</summary>
    public long TileToken;

    /// <summary>How many bytes ahead to prefetch.</summary>
    public long Ahead;

    /// <summary>The constants of <see cref="RowConstants"/>.</summary>
    public byte* Constants;
}
