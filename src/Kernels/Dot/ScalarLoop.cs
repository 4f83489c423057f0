namespace LocalLlm.Kernels.Dot;

/// <summary>The specification of integer dot products: <c>docs/arithmetic.md</c>, word for word.</summary>
internal readonly unsafe struct ScalarLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    private const int BlockLength = QuantizedActivations.BlockLength;
    private const int TileTokens = QuantizedActivations.TileRows;

    /// <inheritdoc/>
    public static int TileRows => Panel.Rows;

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        for (int row = begin; row < end; row++)
        {
            for (int token = 0; token < product.Tokens; token++)
            {
                product.Store(token, row, Dot(product, row, token));
            }
        }
        OutlierProduct.Add<ScalarLane, RowColumns<TFormat>>(product, new(product.W), begin, end);
    }

    private static float Dot(in IntegerProduct product, int row, int token)
    {
        float* scales = product.TileScales(token) + token % TileTokens;
        float* scaledSums = product.TileScaledSums(token) + token % TileTokens;
        sbyte* quants = stackalloc sbyte[BlockLength];
        float* p = stackalloc float[4] { 0, 0, 0, 0 };
        for (int b = 0; b < product.Blocks; b++)
        {
            BlockFactors factors = TFormat.Unpack(product.W.Row(row), b, quants);
            int i = Sum(factors, quants, product.TokenQuants(token) + QuantizedActivations.HalfOffset(b));
            float s = factors.Scale * scales[b * TileTokens];
            p[b % 4] = MathF.FusedMultiplyAdd(s, i, p[b % 4]);
            if (TFormat.HasMinimums)
            {
                p[b % 4] = MathF.FusedMultiplyAdd(factors.Minimum, scaledSums[b * TileTokens], p[b % 4]);
            }
        }
        return (p[0] + p[2]) + (p[1] + p[3]);
    }

    /// <summary>The exact integer I of a block; x is its first half, and the second half stands where the layout puts it.</summary>
    private static int Sum(BlockFactors factors, sbyte* q, sbyte* x)
    {
        int first = 0, second = 0;
        for (int i = 0; i < BlockLength / 2; i++)
        {
            first += q[i] * x[i];
            second += q[i + BlockLength / 2] * x[i + QuantizedActivations.SecondHalf];
        }
        return factors.FirstScale * first + factors.SecondScale * second;
    }
}
