using static LocalLlm.Engine.Tokenization.CharacterClasses;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// GPT-2's pattern: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>
/// (Radford et al. 2019, encoder.py).
/// </summary>
internal sealed class Gpt2Stage : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        int contraction = ContractionLength(text, start, ignoreCase: false);
        if (contraction > 0)
        {
            return start + contraction;
        }
        CharacterClass first = At(text, start, out int length);
        int word = start;
        if (text[start] == ' ' && start + 1 < text.Length)
        {
            word = start + 1;
            first = At(text, word, out length);
        }
        if (!IsWhiteSpace(first))
        {
            return RunEnd(text, word + length, first);
        }
        int runEnd = start;
        while (runEnd < text.Length && IsWhiteSpace(At(text, runEnd, out length)))
        {
            runEnd += length;
        }
        return WhiteSpaceEnd(text, start, runEnd);
    }
}
