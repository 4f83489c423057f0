using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Scheduling;

/// <summary>Chooses the tokens of one generation.</summary>
internal interface ITokenChooser
{
    /// <summary>Counts a token of the prompt, or one that was chosen.</summary>
    void Accept(int token);

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">[vocabulary]; may be changed.</param>
    int Choose(Span<float> logits);
}

/// <summary>Chooses as the request's sampling options say.</summary>
/// <param name="sampler">Of this generation alone.</param>
internal sealed class SampledTokens(Sampler sampler) : ITokenChooser
{
    /// <inheritdoc/>
    public void Accept(int token) => sampler.Accept(token);

    /// <inheritdoc/>
    public int Choose(Span<float> logits) => sampler.Sample(logits);
}
