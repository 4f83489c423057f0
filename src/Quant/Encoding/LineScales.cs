namespace LocalLlm.Quant.Encoding;

/// <summary>
/// The 6-bit scales and minimums of a super-block of 256 weights, and its quants: what Q4_K and Q5_K have in common.
/// </summary>
internal static class LineScales
{
    private const int Parts = 8, PartLength = 32, LargestScale = 63;

    /// <summary>Encodes a super-block but for the packing of its quants.</summary>
    /// <remarks>
    /// Each 32 weights get a line of their own by <see cref="RangeFit"/>. The two halves take the steepest slope and the lowest minimum to 63; then every
    /// part is fitted once more to what is left of its line after rounding: its minimum to each of three slopes, of which the best is kept.
    /// </remarks>
    /// <param name="weights">256 weights.</param>
    /// <param name="levels">Highest quant.</param>
    /// <param name="scales">Where the packed scales and minimums go, 12 bytes.</param>
    /// <param name="quants">Where the quants go, one a byte.</param>
    /// <returns>The scale of the scales and that of the minimums.</returns>
    public static (Half D, Half DMin) Encode(ReadOnlySpan<float> weights, int levels, Span<byte> scales, Span<byte> quants)
    {
        Span<RangeFit.Line> lines = stackalloc RangeFit.Line[Parts];
        float steepest = 0, lowest = 0;
        for (int k = 0; k < Parts; k++)
        {
            lines[k] = RangeFit.Find(weights.Slice(k * PartLength, PartLength), levels, minimumAtMostZero: true);
            steepest = MathF.Max(steepest, lines[k].Scale);
            lowest = MathF.Min(lowest, lines[k].Minimum);
        }
        Half d = HalfStep.Of(steepest, LargestScale), dMin = HalfStep.Of(-lowest, LargestScale);
        ulong packedScales = 0, packedMinimums = 0;
        for (int k = 0; k < Parts; k++)
        {
            ReadOnlySpan<float> part = weights.Slice(k * PartLength, PartLength);
            (int scale, int minimum) = Choose(part, lines[k], (float)d, (float)dMin, levels);
            Lanes8.Quantize(part, (float)d * scale, -(float)dMin * minimum, 0, levels, 0, quants.Slice(k * PartLength, PartLength));
            packedScales |= (ulong)scale << (8 * k);
            packedMinimums |= (ulong)minimum << (8 * k);
        }
        new SixBitScales(packedScales, packedMinimums).Pack(scales);
        return (d, dMin);
    }

    /// <summary>The stored scale and minimum of a part: of the scale next to its own and its neighbours the one that leaves the least error.</summary>
    private static (int Scale, int Minimum) Choose(ReadOnlySpan<float> part, RangeFit.Line line, float d, float dMin, int levels)
    {
        int near = Steps(line.Scale, d);
        (int, int) best = default;
        float least = float.PositiveInfinity;
        for (int scale = Math.Max(near - 1, 0); scale <= Math.Min(near + 1, LargestScale); scale++)
        {
            int minimum = Steps(-RangeFit.Minimum(part, d * scale, line.Minimum, levels), dMin);
            float error = RangeFit.Error(part, new(d * scale, -dMin * minimum), levels);
            if (error < least)
            {
                (least, best) = (error, (scale, minimum));
            }
        }
        return best;
    }

    private static int Steps(float value, float step) => step == 0 ? 0 : (int)MathF.Round(Math.Clamp(value / step, 0, LargestScale));
}
