namespace LocalLlm.Kernels.Dot;

/// <summary>Quantizes blocks of 32 activations to int8, as <c>docs/arithmetic.md</c> says.</summary>
internal interface IBlockQuantizer
{
    /// <summary>The largest absolute value of a block, as its bits: with the sign gone, floats order like integers, and NaN comes out on top.</summary>
    /// <param name="x">Activations [32].</param>
    static abstract unsafe uint LargestMagnitude(float* x);

    /// <summary>Writes <c>roundToEven(x[i] * inverse)</c> for 16 activations and returns their sum.</summary>
    /// <param name="x">Activations [16]; their products with <paramref name="inverse"/> round to -127..127.</param>
    /// <param name="inverse">Reciprocal of the scale.</param>
    /// <param name="quants">Int8 [16].</param>
    static abstract unsafe int QuantizeHalf(float* x, float inverse, sbyte* quants);

    /// <summary>
    /// By how much to multiply the scale so that the quants come closest to the block in the least-squares sense: with
    /// y[i] = x[i] * inverse and q[i] = roundToEven(y[i]), the sum of q * y (float dot law) over the sum of q * q (an integer below 2^24, so exact).
    /// </summary>
    /// <param name="x">Activations [32], not all of them rounding to 0.</param>
    /// <param name="inverse">Reciprocal of the scale.</param>
    static abstract unsafe float Fit(float* x, float inverse);

    /// <summary>Quantizes four blocks at once, if they are ordinary ones.</summary>
    /// <param name="x">Activations [4 blocks, 32].</param>
    /// <param name="limit">Magnitude above which a value is an outlier.</param>
    /// <param name="to">Where the results go.</param>
    /// <returns>False if nothing was done.</returns>
    static virtual unsafe bool TryGroup(float* x, float limit, in GroupPlace to) => false;

    /// <summary>The sum of a[k] * b[k], k = 0..length-1, by the float dot law.</summary>
    /// <param name="a">Float32 [length].</param>
    /// <param name="b">Float32 [length].</param>
    /// <param name="length">How many.</param>
    static abstract unsafe float Dot(float* a, float* b, int length);
}
