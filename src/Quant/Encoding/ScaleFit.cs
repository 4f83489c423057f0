using System.Runtime.Intrinsics;

namespace LocalLlm.Quant.Encoding;

/// <summary>
/// The scale d of weights that are stored as <c>d * q</c> with q in -levels .. levels - 1, by least squares.
/// </summary>
/// <remarks>
/// For given quants the best scale is <c>sum(w * q) / sum(q * q)</c>, and it leaves <c>sum(w * w) - gain</c> of squared error, where <c>gain = sum(w * q)^2 / sum(q * q)</c>.
/// The quants of a few scales around that which takes the largest weight to the end of the range compete by their gains;
/// then quants and scale are fitted to each other in turn (Lloyd 1982), which never lowers the gain.
/// </remarks>
internal static class ScaleFit
{
    /// <summary>Half of the smallest half-precision number: smaller weights are stored best as zeros.</summary>
    public const float Negligible = 1f / (1 << 25);

    private const int Refinements = 2;

    // How far beyond -levels the largest weight is taken, in quants.
    private static ReadOnlySpan<float> Offsets => [0, -1.5f, -1.25f, -1, -0.75f, -0.5f, -0.25f, 0.25f, 0.5f, 0.75f];

    /// <summary>Finds the scale; 0 if all weights are negligible.</summary>
    /// <param name="weights">A multiple of eight.</param>
    /// <param name="levels">Quants go from -levels to levels - 1.</param>
    public static float Find(ReadOnlySpan<float> weights, int levels)
    {
        (float low, float high) = Lanes8.Range(weights);
        float extreme = high > -low ? high : low;
        if (MathF.Abs(extreme) < Negligible)
        {
            return 0;
        }
        Fitted best = default;
        foreach (float offset in Offsets)
        {
            best = Better(best, Fit(weights, -(levels + offset) / extreme, levels));
        }
        for (int i = 0; i < Refinements; i++)
        {
            best = Better(best, Fit(weights, 1 / best.Scale, levels));
        }
        return best.Scale;
    }

    private static Fitted Better(Fitted one, Fitted other) => other.Gain > one.Gain ? other : one;

    /// <summary>The best scale for the quants that an inverse scale gives.</summary>
    private static Fitted Fit(ReadOnlySpan<float> weights, float inverse, int levels)
    {
        Vector256<float> factor = Vector256.Create(inverse), low = Vector256.Create((float)-levels), high = Vector256.Create((float)(levels - 1));
        Vector256<float> products = default, squares = default;
        for (int i = 0; i < weights.Length; i += Lanes8.Count)
        {
            Vector256<float> w = Lanes8.Load(weights, i);
            Vector256<float> q = Lanes8.Quantize(w * factor, low, high);
            products += w * q;
            squares += q * q;
        }
        float product = Lanes8.Sum(products), scale = product / Lanes8.Sum(squares);
        return new(scale, product * scale);
    }

    private readonly record struct Fitted(float Scale, float Gain);
}
