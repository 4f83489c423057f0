namespace LocalLlm.Engine.Sampling;

/// <summary>Refuses logits that no choice can be made from: NaN and +infinity mean that the forward pass failed, -infinity means a masked token.</summary>
internal static class LogitGuard
{
    /// <summary>Throws if the logit is NaN or infinite.</summary>
    /// <exception cref="TextEngineException"><see cref="TextEngineErrorKind.Internal"/>, naming the token.</exception>
    public static void RequireFinite(float logit, int token)
    {
        if (!float.IsFinite(logit))
        {
            throw new TextEngineException(
                TextEngineErrorKind.Internal,
                $"The model gave the logit {(float.IsNaN(logit) ? "NaN" : logit > 0 ? "+infinity" : "-infinity")} for token {token}: its weights are damaged or its numbers overflowed, so no token can be chosen.");
        }
    }

    /// <summary>The error for logits that leave no token to choose.</summary>
    public static TextEngineException AllMasked() =>
        new(TextEngineErrorKind.Internal, "Every logit is -infinity: masks and biases left no token to choose.");
}
