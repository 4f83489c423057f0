using LocalLlm.Engine.Scheduling;

namespace LocalLlm.Load.Scenarios;

/// <summary>
/// Chooses the tokens of a given text whatever the logits say, so that the speed of a real continuation can be measured with a model whose weights are random.
/// </summary>
/// <param name="tokens">The text.</param>
internal sealed class ReplayedTokens(int[] tokens) : ITokenChooser
{
    private int _next;

    /// <inheritdoc/>
    public void Accept(int token)
    {
    }

    /// <inheritdoc/>
    public int Choose(Span<float> logits) => tokens[_next++];
}
