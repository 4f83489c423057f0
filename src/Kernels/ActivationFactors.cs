using System.Runtime.InteropServices;

namespace LocalLlm.Kernels;

/// <summary>What a kernel needs of a block of activations beside its quants, side by side.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ActivationFactors
{
    /// <summary>Scale of the quants; -0 in padding blocks.</summary>
    public float Scale;

    /// <summary><see cref="Scale"/> times the sum of the quants.</summary>
    public float ScaledSum;

    /// <summary>-128 times the sum of the quants: where the sum of a block starts whose weights are 128 too large. Other offsets are parts of it.</summary>
    public int Start;

    /// <summary>-32 times the sum of the quants of the second half.</summary>
    public int SecondHalfStart;
}
