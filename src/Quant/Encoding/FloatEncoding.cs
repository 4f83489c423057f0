using System.Runtime.InteropServices;

namespace LocalLlm.Quant.Encoding;

/// <summary>Weights as shorter floats, rounded to nearest even (IEEE 754).</summary>
internal static class FloatEncoding
{
    /// <summary>To F16.</summary>
    public static void ToHalves(ReadOnlySpan<float> row, Span<byte> destination)
    {
        Span<Half> halves = MemoryMarshal.Cast<byte, Half>(destination);
        for (int i = 0; i < halves.Length; i++)
        {
            halves[i] = (Half)row[i];
        }
    }

    /// <summary>To BF16.</summary>
    public static void ToBFloats(ReadOnlySpan<float> row, Span<byte> destination)
    {
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(destination);
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(row);
        for (int i = 0; i < words.Length; i++)
        {
            // Adds a half of the last place that is kept, or just less than it where the kept number is even.
            words[i] = (ushort)((bits[i] + 0x7FFF + ((bits[i] >> 16) & 1)) >> 16);
        }
    }
}
