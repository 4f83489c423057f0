namespace LocalLlm.Quant.Encoding;

/// <summary>Scales in half precision.</summary>
internal static class HalfStep
{
    /// <summary>
    /// The number nearest to <c>largest / count</c>, unless <paramref name="count"/> steps of it would fall short by more than half a step, as among the smallest numbers: then the
    /// next larger. So a scale becomes zero only if it is zero.
    /// </summary>
    /// <param name="largest">What the steps are to reach; of either sign.</param>
    /// <param name="count">How many steps there are.</param>
    public static Half Of(float largest, int count)
    {
        if (largest == 0)
        {
            return Half.Zero;
        }
        Half step = (Half)(largest / count);
        return MathF.Abs((float)step) * (count + 0.5f) < MathF.Abs(largest)
            ? BitConverter.UInt16BitsToHalf((ushort)(BitConverter.HalfToUInt16Bits(step) + 1)) // away from zero, whatever its sign
            : step;
    }
}
