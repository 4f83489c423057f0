using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Quant.Encoding;

/// <summary>
/// Q8_0 as ggml's reference writes it, bit for bit: <c>D = max(|w|) / 127</c> and <c>q = w / d</c> rounded to nearest, ties away from zero, with the d that
/// was not yet rounded to half precision.
/// </summary>
internal readonly unsafe struct ToQ8_0 : IBlockEncoder<BlockQ8_0>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ8_0 block)
    {
        (float low, float high) = Lanes8.Range(weights);
        float d = MathF.Max(MathF.Abs(low), MathF.Abs(high)) / 127, inverse = 1 / d;
        block = default;
        block.D = (Half)d;
        if (!float.IsFinite(inverse)) // all zeros, or so small that the scale is stored as zero
        {
            return;
        }
        Span<sbyte> quants = MemoryMarshal.CreateSpan(ref block.Qs[0], 32);
        for (int i = 0; i < weights.Length; i += Lanes8.Count)
        {
            Vector256<float> q = Lanes8.Load(weights, i) * Vector256.Create(inverse);
            Vector256<float> whole = Vector256.Truncate(q);
            Vector256<float> away = Vector256.GreaterThanOrEqual(Vector256.Abs(q - whole), Vector256.Create(0.5f)) & Vector256.CopySign(Vector256.Create(1f), q);
            Vector256<int> rounded = Vector256.ConvertToInt32Native(whole + away);
            Vector128<short> words = Vector128.Narrow(rounded.GetLower(), rounded.GetUpper());
            Vector128.Narrow(words, words).GetLower().CopyTo(quants[i..]);
        }
    }
}

/// <summary>Q4_0: a scale by <see cref="ScaleFit"/>.</summary>
internal readonly unsafe struct ToQ4_0 : IBlockEncoder<BlockQ4_0>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ4_0 block)
    {
        block = default;
        block.D = HalfStep.Of(ScaleFit.Find(weights, 8), 1);
        Span<byte> quants = stackalloc byte[32];
        Lanes8.Quantize(weights, (float)block.D, 0, -8, 7, 8, quants);
        QuantBits.PackNibbles(quants, MemoryMarshal.CreateSpan(ref block.Qs[0], 16));
    }
}

/// <summary>Q4_1: scale and minimum by <see cref="RangeFit"/>.</summary>
internal readonly unsafe struct ToQ4_1 : IBlockEncoder<BlockQ4_1>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ4_1 block)
    {
        RangeFit.Line line = RangeFit.Find(weights, 15, minimumAtMostZero: false);
        block = default;
        block.D = HalfStep.Of(line.Scale, 1);
        block.M = (Half)line.Minimum;
        Span<byte> quants = stackalloc byte[32];
        Lanes8.Quantize(weights, (float)block.D, (float)block.M, 0, 15, 0, quants);
        QuantBits.PackNibbles(quants, MemoryMarshal.CreateSpan(ref block.Qs[0], 16));
    }
}

/// <summary>Q5_0: a scale by <see cref="ScaleFit"/>.</summary>
internal readonly unsafe struct ToQ5_0 : IBlockEncoder<BlockQ5_0>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ5_0 block)
    {
        block = default;
        block.D = HalfStep.Of(ScaleFit.Find(weights, 16), 1);
        Span<byte> quants = stackalloc byte[32];
        Lanes8.Quantize(weights, (float)block.D, 0, -16, 15, 16, quants);
        block.Qh = QuantBits.Fifth(quants);
        QuantBits.PackNibbles(quants, MemoryMarshal.CreateSpan(ref block.Qs[0], 16));
    }
}

/// <summary>Q5_1: scale and minimum by <see cref="RangeFit"/>.</summary>
internal readonly unsafe struct ToQ5_1 : IBlockEncoder<BlockQ5_1>
{
    /// <inheritdoc/>
    public static void Encode(ReadOnlySpan<float> weights, out BlockQ5_1 block)
    {
        RangeFit.Line line = RangeFit.Find(weights, 31, minimumAtMostZero: false);
        block = default;
        block.D = HalfStep.Of(line.Scale, 1);
        block.M = (Half)line.Minimum;
        Span<byte> quants = stackalloc byte[32];
        Lanes8.Quantize(weights, (float)block.D, (float)block.M, 0, 31, 0, quants);
        block.Qh = QuantBits.Fifth(quants);
        QuantBits.PackNibbles(quants, MemoryMarshal.CreateSpan(ref block.Qs[0], 16));
    }
}
