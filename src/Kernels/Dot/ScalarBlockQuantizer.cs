namespace LocalLlm.Kernels.Dot;

/// <summary>Quantization of a block, the specification.</summary>
internal readonly unsafe struct ScalarBlockQuantizer : IBlockQuantizer
{
    /// <inheritdoc/>
    public static uint LargestMagnitude(float* x)
    {
        uint largest = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength; i++)
        {
            largest = Math.Max(largest, BitConverter.SingleToUInt32Bits(x[i]) & 0x7FFF_FFFF);
        }
        return largest;
    }

    /// <inheritdoc/>
    public static int QuantizeHalf(float* x, float inverse, sbyte* quants)
    {
        int sum = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength / 2; i++)
        {
            quants[i] = (sbyte)MathF.Round(x[i] * inverse, MidpointRounding.ToEven);
            sum += quants[i];
        }
        return sum;
    }

    /// <inheritdoc/>
    public static float Fit(float* x, float inverse)
    {
        float* y = stackalloc float[QuantizedActivations.BlockLength];
        float* q = stackalloc float[QuantizedActivations.BlockLength];
        float squares = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength; i++)
        {
            y[i] = x[i] * inverse;
            q[i] = MathF.Round(y[i], MidpointRounding.ToEven);
            squares += q[i] * q[i];
        }
        return ScalarLane.Dot(q, y, QuantizedActivations.BlockLength) / squares;
    }

    /// <inheritdoc/>
    public static float Dot(float* a, float* b, int length) => ScalarLane.Dot(a, b, length);
}
