using static LocalLlm.Engine.Tokenization.CharacterClasses;

namespace LocalLlm.Engine.Tokenization;

/// <summary>Runs of punctuation apart from everything else: <c>[\p{P}$+&lt;=&gt;^~|]+</c>.</summary>
internal sealed class PunctuationStage : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        bool punctuation = IsPunctuation(text, start, out int length);
        int at = start + length;
        while (at < text.Length && IsPunctuation(text, at, out length) == punctuation)
        {
            at += length;
        }
        return at;
    }
}
