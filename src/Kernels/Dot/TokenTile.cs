using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>Four tokens of a product; past the last token, that one again.</summary>
internal readonly unsafe struct TokenTile
{
    /// <summary>Tokens of a block: what a panel is multiplied by while the block stays in the first-level cache.</summary>
    /// <param name="groups">Groups of four blocks in a row.</param>
    /// <returns>A multiple of four, at least eight.</returns>
    public static int BlockTokens(int groups)
    {
        // Half of a 48 KiB cache, or most of a 32 KiB one: a row of the panel passes through as well.
        const int Bytes = 24 * 1024;
        return Math.Max(8, Bytes / (groups * QuantizedActivations.GroupLength) / 4 * 4);
    }

    /// <summary>Points at the tile from <paramref name="token"/> on.</summary>
    /// <param name="product">The product.</param>
    /// <param name="token">First token, a multiple of four.</param>
    public TokenTile(in IntegerProduct product, int token)
    {
        int last = product.Tokens - 1;
        X0 = product.TokenQuants(token);
        X1 = product.TokenQuants(Math.Min(token + 1, last));
        X2 = product.TokenQuants(Math.Min(token + 2, last));
        X3 = product.TokenQuants(Math.Min(token + 3, last));
        HalfSums0 = product.TokenHalfSums(token);
        HalfSums1 = product.TokenHalfSums(Math.Min(token + 1, last));
        HalfSums2 = product.TokenHalfSums(Math.Min(token + 2, last));
        HalfSums3 = product.TokenHalfSums(Math.Min(token + 3, last));
        Scales = product.TileScales(token);
        ScaledSums = product.TileScaledSums(token);
    }

    /// <summary>Quants of token 0.</summary>
    public readonly sbyte* X0;

    /// <summary>Quants of token 1.</summary>
    public readonly sbyte* X1;

    /// <summary>Quants of token 2.</summary>
    public readonly sbyte* X2;

    /// <summary>Quants of token 3.</summary>
    public readonly sbyte* X3;

    /// <summary>Sums of half blocks of token 0.</summary>
    public readonly short* HalfSums0;

    /// <summary>Sums of half blocks of token 1.</summary>
    public readonly short* HalfSums1;

    /// <summary>Sums of half blocks of token 2.</summary>
    public readonly short* HalfSums2;

    /// <summary>Sums of half blocks of token 3.</summary>
    public readonly short* HalfSums3;

    /// <summary>Scales [blocks, 4 tokens].</summary>
    public readonly float* Scales;

    /// <summary>Scaled sums [blocks, 4 tokens].</summary>
    public readonly float* ScaledSums;

    /// <summary>Stores the results of one row for the four tokens, those past the last left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(in IntegerProduct product, int token, int row, Vector128<float> dots)
    {
        nint stride = product.W.Rows;
        float* y = product.Y + (token * stride) + row;
        float* bias = product.BlockBias;
        if (bias is not null)
        {
            dots += Vector128.Create(bias[row]);
        }
        int tokens = product.Tokens - token;
        y[0] = dots.ToScalar();
        if (tokens > 3)
        {
            y[stride] = dots.GetElement(1);
            y[2 * stride] = dots.GetElement(2);
            y[3 * stride] = dots.GetElement(3);
            return;
        }
        for (int i = 1; i < tokens; i++)
        {
            y[i * stride] = dots.GetElement(i);
        }
    }
}
