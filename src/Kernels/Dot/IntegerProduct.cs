namespace LocalLlm.Kernels.Dot;

/// <summary>
/// A product of quantized weights and quantized activations, as the loops see it: <c>y[t, r] = dot(row r of W, token t) + bias[r]</c>.
/// </summary>
internal unsafe struct IntegerProduct
{
    /// <summary>The weights.</summary>
    public WeightMatrix W;

    /// <summary>Quants of the activations, see <see cref="QuantizedActivations.Quants"/>.</summary>
    public sbyte* Quants;

    /// <summary>Scales of the activations, see <see cref="QuantizedActivations.Scales"/>.</summary>
    public float* Scales;

    /// <summary>Scaled sums of the activations, see <see cref="QuantizedActivations.ScaledSums"/>.</summary>
    public float* ScaledSums;

    /// <summary>Factors of the activations, see <see cref="QuantizedActivations.Factors"/>.</summary>
    public ActivationFactors* Factors;

    /// <summary>Sums of half blocks of the activations, see <see cref="QuantizedActivations.HalfSums"/>.</summary>
    public short* HalfSums;

    /// <summary>Number of tokens.</summary>
    public int Tokens;

    /// <summary>Groups of four blocks in a row, the last one possibly padded.</summary>
    public int Groups;

    /// <summary>Float32 [W.Rows], or null. What comes last: after the outliers, if there are any, else stored with the sums.</summary>
    public float* Bias;

    /// <summary>Values that are not in the blocks, by column, then by token.</summary>
    public Outlier* Outliers;

    /// <summary>How many.</summary>
    public int OutlierCount;

    /// <summary>The result, float32 [Tokens, W.Rows].</summary>
    public float* Y;

    /// <summary>Blocks of 32 in a row, padding left out.</summary>
    public readonly int Blocks => W.Columns / QuantizedActivations.BlockLength;

    /// <summary>Quants of a token.</summary>
    public readonly sbyte* TokenQuants(int token) => Quants + (long)token * Groups * QuantizedActivations.GroupLength;

    /// <summary>Sums of half blocks of a token [Groups, 4 blocks, 2].</summary>
    public readonly short* TokenHalfSums(int token) => HalfSums + (long)token * Groups * 8;

    /// <summary>Factors of a token [4, Groups].</summary>
    public readonly ActivationFactors* TokenFactors(int token) => Factors + (long)token * Groups * QuantizedActivations.GroupBlocks;

    /// <summary>Scales of the tile of four tokens that <paramref name="token"/> is in [4 * Groups, 4].</summary>
    public readonly float* TileScales(int token) => Scales + TileOffset(token);

    /// <summary>Scaled sums of the tile of four tokens that <paramref name="token"/> is in [4 * Groups, 4].</summary>
    public readonly float* TileScaledSums(int token) => ScaledSums + TileOffset(token);

    /// <summary>The bias, if the sums of the blocks are all there is to a result; else null.</summary>
    public readonly float* BlockBias => OutlierCount == 0 ? Bias : null;

    /// <summary>Stores the sum of a row's blocks, and the bias unless outliers come before it.</summary>
    public readonly void Store(int token, int row, float dot) =>
        Y[(long)token * W.Rows + row] = BlockBias is null ? dot : dot + Bias[row];

    private readonly long TileOffset(int token) =>
        (long)(token / QuantizedActivations.TileRows) * Groups * QuantizedActivations.GroupBlocks * QuantizedActivations.TileRows;
}
