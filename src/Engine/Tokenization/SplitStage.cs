using static LocalLlm.Engine.Tokenization.CharacterClasses;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// One pattern of a pre-tokenizer as a hand-written scanner. Published tokenizers define these patterns as regular expressions; a
/// scanner gives the same pieces in linear time whatever the text (a backtracking engine does not on a megabyte of spaces) and reads
/// UTF-8 as it stands, supplementary planes included.
/// </summary>
internal abstract class SplitStage
{
    /// <summary>
    /// End of the piece that starts at <paramref name="start"/>: the pattern's match there, or the text up to its next match.
    /// Always beyond <paramref name="start"/>. What follows <paramref name="text"/> does not exist for the pattern.
    /// </summary>
    public abstract int PieceEnd(ReadOnlySpan<byte> text, int start);

    /// <summary>
    /// The match of <c>\s+(?!\S)|\s+</c>: white space up to the text's end, or all of it but the character that leads the next word.
    /// <paramref name="runEnd"/> is the end of the run of white space that starts at <paramref name="start"/>.
    /// </summary>
    private protected static int WhiteSpaceEnd(ReadOnlySpan<byte> text, int start, int runEnd)
    {
        if (runEnd == text.Length)
        {
            return runEnd;
        }
        int last = runEnd - 1;
        while ((text[last] & 0xC0) == 0x80)
        {
            last--;
        }
        return last > start ? last : runEnd;
    }

    /// <summary>
    /// Length of <c>'s|'t|'re|'ve|'m|'ll|'d</c> at <paramref name="at"/>, 0 if there is none. Without regard to case, only ASCII
    /// letters count: the long s (U+017F), which Unicode folds to s, starts no contraction.
    /// </summary>
    private protected static int ContractionLength(ReadOnlySpan<byte> text, int at, bool ignoreCase)
    {
        if (text[at] != '\'' || at + 1 >= text.Length)
        {
            return 0;
        }
        int fold = ignoreCase ? 0x20 : 0;
        int first = text[at + 1] | fold;
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }
        int second = at + 2 < text.Length ? text[at + 2] | fold : 0;
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }
}

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

/// <summary>Runs of numbers apart from everything else (<c>\p{N}+</c>), or every number alone (<c>\p{N}</c>).</summary>
/// <param name="single">Whether every number is a piece of its own.</param>
internal sealed class NumberStage(bool single) : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        bool number = At(text, start, out int length) == CharacterClass.Number;
        int at = start + length;
        if (number && single)
        {
            return at;
        }
        while (at < text.Length && (At(text, at, out length) == CharacterClass.Number) == number)
        {
            at += length;
        }
        return at;
    }
}

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

/// <summary>Three ASCII digits at a time: <c>[0-9][0-9][0-9]</c>.</summary>
internal sealed class DigitTripleStage : SplitStage
{
    /// <inheritdoc/>
    public override int PieceEnd(ReadOnlySpan<byte> text, int start)
    {
        int digits = 0;
        for (int at = start; at < text.Length; at++)
        {
            digits = text[at] is >= (byte)'0' and <= (byte)'9' ? digits + 1 : 0;
            if (digits == 3)
            {
                return at - 2 == start ? at + 1 : at - 2;
            }
        }
        return text.Length;
    }
}
