using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Quant.Encoding;

/// <summary>Eight weights at a time. The order of every sum is fixed, so that it does not depend on the processor.</summary>
internal static class Lanes8
{
    /// <summary>Weights of a vector; divides every block.</summary>
    public const int Count = 8;

    /// <summary>Weights <paramref name="i"/> to <paramref name="i"/> + 7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(ReadOnlySpan<float> weights, int i) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(weights), (nuint)i);

    /// <summary>Rounded to whole numbers (ties to even), then held between two bounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Quantize(Vector256<float> values, Vector256<float> low, Vector256<float> high) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(values), low), high);

    /// <summary>The sum of the lanes: halves, quarters, then the last two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> lanes)
    {
        Vector128<float> four = lanes.GetLower() + lanes.GetUpper();
        return four.GetElement(0) + four.GetElement(2) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>The smallest and the largest of at least eight weights.</summary>
    public static (float Low, float High) Range(ReadOnlySpan<float> weights)
    {
        Vector256<float> low = Load(weights, 0), high = low;
        for (int i = Count; i < weights.Length; i += Count)
        {
            Vector256<float> w = Load(weights, i);
            low = Vector256.MinNative(low, w);
            high = Vector256.MaxNative(high, w);
        }
        Vector128<float> lows = Vector128.MinNative(low.GetLower(), low.GetUpper()), highs = Vector128.MaxNative(high.GetLower(), high.GetUpper());
        return (
            MathF.Min(MathF.Min(lows.GetElement(0), lows.GetElement(1)), MathF.Min(lows.GetElement(2), lows.GetElement(3))),
            MathF.Max(MathF.Max(highs.GetElement(0), highs.GetElement(1)), MathF.Max(highs.GetElement(2), highs.GetElement(3))));
    }

    /// <summary>
    /// The quants of weights that decode as <c>scale * q + minimum</c>: for each the nearest that there is, plus <paramref name="offset"/>.
    /// </summary>
    /// <param name="weights">A multiple of eight.</param>
    /// <param name="scale">As the block stores it; with 0 all quants are 0.</param>
    /// <param name="minimum">As the block stores it.</param>
    /// <param name="lowest">Smallest quant.</param>
    /// <param name="highest">Largest quant.</param>
    /// <param name="offset">Makes stored quants of them, which are not negative.</param>
    /// <param name="quants">Where to, as many as there are weights.</param>
    public static void Quantize(ReadOnlySpan<float> weights, float scale, float minimum, int lowest, int highest, int offset, Span<byte> quants)
    {
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale), least = Vector256.Create(minimum);
        Vector256<float> low = Vector256.Create((float)lowest), high = Vector256.Create((float)highest);
        for (int i = 0; i < weights.Length; i += Count)
        {
            Vector256<int> q = Vector256.ConvertToInt32Native(Quantize((Load(weights, i) - least) * inverse, low, high)) + Vector256.Create(offset);
            Vector128<short> words = Vector128.Narrow(q.GetLower(), q.GetUpper());
            Vector128.Narrow(words, words).GetLower().AsByte().CopyTo(quants.Slice(i));
        }
    }
}
