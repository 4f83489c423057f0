using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// What makes a score of final states, in float64 from the four operations alone: the same everywhere, whatever the processor, and cheap beside the forward
/// pass before it.
/// </summary>
internal static class PortableMath
{
    private const int Lanes = 4;

    /// <summary>The dot product of float32 vectors of one length. Products of two float32 are exact in float64, so that fusing would change nothing.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        int i = 0;
        for (; i + Lanes <= a.Length; i += Lanes)
        {
            s0 += (double)a[i] * b[i];
            s1 += (double)a[i + 1] * b[i + 1];
            s2 += (double)a[i + 2] * b[i + 2];
            s3 += (double)a[i + 3] * b[i + 3];
        }
        for (; i < a.Length; i++)
        {
            s0 += (double)a[i] * b[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    /// <summary>1 / (1 + e^-x): makes a number from 0 to 1 of a logit and keeps the order.</summary>
    public static double Logistic(double x)
    {
        double e = PortableExp.Of(-Math.Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <summary>The hyperbolic tangent.</summary>
    public static double Tanh(double x)
    {
        double e = PortableExp.Of(-2 * Math.Abs(x));
        return Math.CopySign((1 - e) / (1 + e), x);
    }
}
