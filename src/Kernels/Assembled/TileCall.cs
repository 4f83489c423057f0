using System.Runtime.InteropServices;

namespace LocalLlm.Kernels.Assembled;

/// <summary>What an assembled kernel is called with; it reads the fields at their offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileCall
{
    /// <summary>Weights: a panel of 32 rows [4 partial sums, groups, block], see <see cref="TileShape"/>.</summary>
    public byte* Panel;

    /// <summary>Quants of the first token, see <see cref="QuantizedActivations.Quants"/>.</summary>
    public sbyte* Quants;

    /// <summary>Bytes from the quants of a token to those of the next.</summary>
    public long QuantStride;

    /// <summary>Factors of the first token, see <see cref="QuantizedActivations.Factors"/>.</summary>
    public ActivationFactors* Factors;

    /// <summary>Bytes from the factors of a token to those of the next.</summary>
    public long FactorStride;

    /// <summary>Groups of four blocks; at least 1.</summary>
    public long Groups;

    /// <summary>Result, float32 [4 partial sums, tokens, 32 rows].</summary>
    public float* Partials;
}
