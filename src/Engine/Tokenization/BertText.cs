using System.Globalization;
using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// How BERT's uncased tokenizer (Devlin et al. 2018, arXiv:1810.04805, "BasicTokenizer") reads characters: which it leaves out, which end a word, and
/// which are words of their own.
/// </summary>
internal static class BertText
{
    /// <summary>Whether a character is left out of the text: NUL, U+FFFD and everything of Unicode's category C that is no white space of a keyboard.</summary>
    public static bool IsDropped(Rune character) => character.Value is 0 or 0xFFFD
        || (character.Value is not ('\t' or '\n' or '\r')
            && Rune.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>Whether a character is a word of its own because Chinese is written without spaces: the blocks of CJK ideographs, not kana or hangul.</summary>
    public static bool IsIdeograph(Rune character) => character.Value is
        (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Whether a character is a word of its own as punctuation: category P, and every sign of ASCII that is neither letter nor digit.</summary>
    public static bool IsPunctuation(Rune character) =>
        character.Value is (>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~')
        || (!character.IsAscii && Rune.IsPunctuation(character));

    /// <summary>Whether a character is an accent, which the tokenizer strips.</summary>
    public static bool IsMark(Rune character) => !character.IsAscii && Rune.GetUnicodeCategory(character) == UnicodeCategory.NonSpacingMark;

    /// <summary>
    /// Takes back the spaces that stand between words and punctuation only because both are tokens: the replacements of "clean_up_tokenization" in
    /// Hugging Face's transformers, in its order.
    /// </summary>
    public static string CloseUp(string text) => text
        .Replace(" .", ".", StringComparison.Ordinal)
        .Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal)
        .Replace(" ,", ",", StringComparison.Ordinal)
        .Replace(" ' ", "'", StringComparison.Ordinal)
        .Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal)
        .Replace(" 's", "'s", StringComparison.Ordinal)
        .Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
