using System.Runtime.Intrinsics;

namespace LocalLlm.Quant.Encoding;

/// <summary>
/// Scale d and minimum m of weights that are stored as <c>d * q + m</c> with q in 0 .. levels, by least squares.
/// </summary>
/// <remarks>
/// For given quants the best d and m solve two linear equations (the regression of the weights on their quants). The quants of a few scales around that which
/// spreads the weights over the whole range compete by the error that is left; then quants and line are fitted to each other in turn (Lloyd 1982).
/// Weights are counted from the lowest of them, or what is small beside it would be lost to rounding.
/// </remarks>
internal static class RangeFit
{
    private const int Refinements = 2;

    // How many quants beyond the highest the largest weight is taken.
    private static ReadOnlySpan<float> Offsets => [0, -0.8f, -0.4f, 0.4f, 0.8f];

    /// <summary>Finds scale and minimum; scale 0 if the weights differ by nothing that can be stored.</summary>
    /// <param name="weights">A multiple of eight.</param>
    /// <param name="levels">Highest quant.</param>
    /// <param name="minimumAtMostZero">Whether the minimum may not be positive.</param>
    public static Line Find(ReadOnlySpan<float> weights, int levels, bool minimumAtMostZero)
    {
        (float low, float high) = Lanes8.Range(weights);
        float origin = low == 0 || (minimumAtMostZero && low > 0) ? 0 : low; // of the zeros the positive one, whichever was found
        if (high - origin < ScaleFit.Negligible)
        {
            return new(0, origin);
        }
        float largestShift = minimumAtMostZero ? -origin : float.PositiveInfinity;
        Fitted best = new(0, 0, float.PositiveInfinity);
        foreach (float offset in Offsets)
        {
            best = Better(best, Fit(weights, origin, 0, (levels + offset) / (high - origin), levels, largestShift));
        }
        for (int i = 0; i < Refinements; i++)
        {
            best = Better(best, Fit(weights, origin, best.Shift, 1 / best.Scale, levels, largestShift));
        }
        return new(best.Scale, origin + best.Shift);
    }

    /// <summary>The sum of squared errors that a line leaves.</summary>
    /// <param name="weights">A multiple of eight.</param>
    /// <param name="line">As the block stores it.</param>
    /// <param name="levels">Highest quant.</param>
    public static float Error(ReadOnlySpan<float> weights, Line line, int levels)
    {
        Vector256<float> from = Vector256.Create(line.Minimum), step = Vector256.Create(line.Scale), factor = Vector256.Create(line.Scale == 0 ? 0 : 1 / line.Scale);
        Vector256<float> high = Vector256.Create((float)levels), squares = default;
        for (int i = 0; i < weights.Length; i += Lanes8.Count)
        {
            Vector256<float> w = Lanes8.Load(weights, i) - from;
            Vector256<float> rest = w - step * Lanes8.Quantize(w * factor, default, high);
            squares += rest * rest;
        }
        return Lanes8.Sum(squares);
    }

    /// <summary>The best minimum for a given scale, the quants being those that another minimum gives.</summary>
    /// <param name="weights">A multiple of eight.</param>
    /// <param name="scale">What a quant is worth.</param>
    /// <param name="minimum">A minimum nearby.</param>
    /// <param name="levels">Highest quant.</param>
    public static float Minimum(ReadOnlySpan<float> weights, float scale, float minimum, int levels)
    {
        Vector256<float> from = Vector256.Create(minimum), step = Vector256.Create(scale), factor = Vector256.Create(scale == 0 ? 0 : 1 / scale);
        Vector256<float> high = Vector256.Create((float)levels), rest = default;
        for (int i = 0; i < weights.Length; i += Lanes8.Count)
        {
            Vector256<float> w = Lanes8.Load(weights, i);
            rest += w - step * Lanes8.Quantize((w - from) * factor, default, high);
        }
        return Lanes8.Sum(rest) / weights.Length;
    }

    private static Fitted Better(Fitted one, Fitted other) => other.Error < one.Error ? other : one;

    /// <summary>The best line for the quants that another one gives.</summary>
    private static Fitted Fit(ReadOnlySpan<float> weights, float origin, float shift, float inverse, int levels, float largestShift)
    {
        Vector256<float> zero = Vector256.Create(origin), from = Vector256.Create(shift), factor = Vector256.Create(inverse), high = Vector256.Create((float)levels);
        Vector256<float> sums = default, products = default, quants = default, squares = default;
        for (int i = 0; i < weights.Length; i += Lanes8.Count)
        {
            Vector256<float> w = Lanes8.Load(weights, i) - zero;
            Vector256<float> q = Lanes8.Quantize((w - from) * factor, default, high);
            sums += w;
            products += w * q;
            quants += q;
            squares += q * q;
        }
        return Solve(weights.Length, Lanes8.Sum(sums), Lanes8.Sum(products), Lanes8.Sum(quants), Lanes8.Sum(squares), largestShift);
    }

    /// <param name="n">How many weights.</param>
    /// <param name="w">Their sum.</param>
    /// <param name="wq">The sum of their products with their quants.</param>
    /// <param name="q">The sum of the quants.</param>
    /// <param name="qq">The sum of their squares.</param>
    /// <param name="largestShift">What the minimum may be at most.</param>
    private static Fitted Solve(int n, float w, float wq, float q, float qq, float largestShift)
    {
        // Whole numbers below 2^24, so exact, and 0 only if all quants are the same: then they tell nothing of the minimum.
        float determinant = n * qq - q * q;
        float shift = determinant == 0 ? 0 : MathF.Min((qq * w - q * wq) / determinant, largestShift);
        float scale = (wq - shift * q) / qq; // the first of the two equations, for whatever minimum
        // Less the sum of the squared weights, which is the same for all.
        float error = scale * (scale * qq - 2 * wq + 2 * shift * q) + shift * (n * shift - 2 * w);
        return scale > 0 ? new(scale, shift, error) : new(0, 0, float.PositiveInfinity);
    }

    /// <param name="Scale">What a quant is worth.</param>
    /// <param name="Minimum">What quant 0 decodes to.</param>
    internal readonly record struct Line(float Scale, float Minimum);

    private readonly record struct Fitted(float Scale, float Shift, float Error);
}
