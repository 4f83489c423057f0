namespace LocalLlm.Engine.Reranking;

/// <summary>The logistic function, which makes a score from 0 to 1 of a logit and keeps the order.</summary>
internal static class Logistic
{
    /// <summary>1 / (1 + e^-x).</summary>
    /// <exception cref="TextEngineException">The logit is not a number.</exception>
    public static float Of(double logit) => double.IsNaN(logit)
        ? throw new TextEngineException(TextEngineErrorKind.Internal, "The model gave a score that is not a number.")
        : (float)(1 / (1 + Math.Exp(-logit)));
}
