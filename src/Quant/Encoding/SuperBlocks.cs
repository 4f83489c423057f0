using System.Runtime.InteropServices;

namespace LocalLlm.Quant.Encoding;

/// <summary>Q4_K: scales and minimums by <see cref="LineScales"/>.</summary>
internal readonly unsafe struct ToQ4_K : IBlockEncoder<BlockQ4_K>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ4_K block)
    {
        block = default;
        Span<byte> quants = stackalloc byte[256];
        (block.D, block.DMin) = LineScales.Encode(weights, 15, MemoryMarshal.CreateSpan(ref block.Scales[0], 12), quants);
        for (int c = 0; c < 4; c++)
        {
            QuantBits.PackNibbles(quants.Slice(64 * c, 64), MemoryMarshal.CreateSpan(ref block.Qs[32 * c], 32));
        }
    }
}

/// <summary>Q5_K: scales and minimums by <see cref="LineScales"/>.</summary>
internal readonly unsafe struct ToQ5_K : IBlockEncoder<BlockQ5_K>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ5_K block)
    {
        block = default;
        Span<byte> quants = stackalloc byte[256];
        (block.D, block.DMin) = LineScales.Encode(weights, 31, MemoryMarshal.CreateSpan(ref block.Scales[0], 12), quants);
        for (int c = 0; c < 4; c++)
        {
            QuantBits.PackNibbles(quants.Slice(64 * c, 64), MemoryMarshal.CreateSpan(ref block.Qs[32 * c], 32));
        }
        for (int l = 0; l < 32; l++)
        {
            int bits = 0;
            for (int k = 0; k < 8; k++)
            {
                bits |= (quants[32 * k + l] >> 4) << k;
            }
            block.Qh[l] = (byte)bits;
        }
    }
}

/// <summary>
/// Q6_K: each 16 weights get a scale of their own by <see cref="ScaleFit"/>; the half takes the largest of them to -128, the end of their range.
/// </summary>
internal readonly unsafe struct ToQ6_K : IBlockEncoder<BlockQ6_K>
{
    private const int Parts = 16, PartLength = 16, Levels = 32;

    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ6_K block)
    {
        Span<float> scales = stackalloc float[Parts];
        float extreme = 0;
        for (int g = 0; g < Parts; g++)
        {
            scales[g] = ScaleFit.Find(weights.Slice(g * PartLength, PartLength), Levels);
            extreme = MathF.Abs(scales[g]) > MathF.Abs(extreme) ? scales[g] : extreme;
        }
        block = default;
        block.D = HalfStep.Of(-extreme, 128);
        float d = (float)block.D;
        Span<byte> quants = stackalloc byte[256];
        for (int g = 0; g < Parts; g++)
        {
            block.Scales[g] = scales[g] == 0 ? (sbyte)0 : Steps(scales[g] / d);
            Lanes8.Quantize(weights.Slice(g * PartLength, PartLength), d * block.Scales[g], 0, -Levels, Levels - 1, Levels, quants.Slice(g * PartLength, PartLength));
        }
        Pack(quants, ref block);
    }

    // A part whose scale is rounded to zero is lost; with a coarser one it is not.
    private static sbyte Steps(float steps) => steps is > -1 and < 1 ? (sbyte)MathF.CopySign(1, steps) : (sbyte)MathF.Round(Math.Clamp(steps, -128, 127));

    private static void Pack(ReadOnlySpan<byte> quants, ref BlockQ6_K block)
    {
        for (int half = 0; half < 2; half++)
        {
            ReadOnlySpan<byte> q = quants.Slice(128 * half, 128);
            QuantBits.PackNibbles(q, MemoryMarshal.CreateSpan(ref block.Ql[64 * half], 64));
            for (int l = 0; l < 32; l++)
            {
                block.Qh[32 * half + l] = (byte)((q[l] >> 4) | (q[32 + l] >> 4 << 2) | (q[64 + l] >> 4 << 4) | (q[96 + l] >> 4 << 6));
            }
        }
    }
}
