using static LocalLlm.Engine.Tokenization.CharacterClasses;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// The pattern of Llama 3 and Qwen2, which differ in how many digits make a piece:
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>
/// (tokenizer.json of either).
/// </summary>
/// <param name="digits">Most numbers in a piece: 3 for Llama 3, 1 for Qwen2.</param>
internal sealed class WordStage(int digits) : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        int contraction = ContractionLength(text, start, ignoreCase: true);
        if (contraction > 0)
        {
            return start + contraction;
        }
        CharacterClass first = At(text, start, out int length);
        int next = start + length;
        switch (first)
        {
            case CharacterClass.Letter:
                return RunEnd(text, next, CharacterClass.Letter);
            case CharacterClass.Number:
                return NumbersEnd(text, next);
        }
        CharacterClass? second = next < text.Length ? At(text, next, out _) : null;
        if (second == CharacterClass.Letter && first != CharacterClass.LineBreak)
        {
            return RunEnd(text, next, CharacterClass.Letter);
        }
        if (first == CharacterClass.Other || (text[start] == ' ' && second == CharacterClass.Other))
        {
            return RunEnd(text, RunEnd(text, next, CharacterClass.Other), CharacterClass.LineBreak);
        }
        return BlankEnd(text, start);
    }

    private int NumbersEnd(ReadOnlySpan<byte> text, int at)
    {
        for (int count = 1; count < digits && at < text.Length && At(text, at, out int length) == CharacterClass.Number; count++)
        {
            at += length;
        }
        return at;
    }

    // The match of \s*[\r\n]+|\s+(?!\S)|\s+ : up to the run's last line break, if it has one. A run is scanned at most three times
    // (line breaks, all but the last character, the last character), so the whole stays linear.
    private static int BlankEnd(ReadOnlySpan<byte> text, int start)
    {
        int at = start;
        int lineBreakEnd = start;
        while (at < text.Length)
        {
            CharacterClass found = At(text, at, out int length);
            if (!IsWhiteSpace(found))
            {
                break;
            }
            at += length;
            lineBreakEnd = found == CharacterClass.LineBreak ? at : lineBreakEnd;
        }
        return lineBreakEnd > start ? lineBreakEnd : WhiteSpaceEnd(text, start, at);
    }
}
