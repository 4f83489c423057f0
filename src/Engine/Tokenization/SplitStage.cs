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
