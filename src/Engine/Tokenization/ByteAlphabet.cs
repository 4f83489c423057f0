using System.Runtime.CompilerServices;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// The letters in which byte-level BPE spells bytes (GPT-2, Radford et al. 2019): a printable Latin-1 character stands for its own
/// byte, and the 68 bytes that are no such character stand, in their order, at U+0100 and up. A space is spelled <c>Ġ</c> (U+0120).
/// </summary>
internal static class ByteAlphabet
{
    /// <summary>Bytes of a letter in UTF-8 at most.</summary>
    public const int MostBytes = 2;

    private const int FirstSubstitute = 0x100;

    // Letter of each byte, and byte of each letter below U+0144 (-1: no letter of the alphabet).
    private static readonly char[] LetterOfByte = new char[256];
    private static readonly short[] ByteOfLetter = new short[FirstSubstitute + 68];

    static ByteAlphabet()
    {
        Array.Fill(ByteOfLetter, (short)-1);
        int substitute = FirstSubstitute;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            char letter = (char)(printable ? value : substitute++);
            LetterOfByte[value] = letter;
            ByteOfLetter[letter] = (short)value;
        }
    }

    /// <summary>The letter of a byte.</summary>
    public static char Letter(byte value) => LetterOfByte[value];

    /// <summary>Spells bytes in UTF-8.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="letters">Where to; <see cref="MostBytes"/> places for each byte are always enough.</param>
    /// <returns>How many places are taken.</returns>
    public static int Spell(ReadOnlySpan<byte> bytes, Span<byte> letters)
    {
        int length = 0;
        foreach (byte value in bytes)
        {
            char letter = LetterOfByte[value];
            if (letter >= 0x80)
            {
                letters[length++] = (byte)(0xC0 | (letter >> 6));
            }
            letters[length++] = letter < 0x80 ? (byte)letter : (byte)(0x80 | (letter & 0x3F));
        }
        return length;
    }

    /// <summary>
    /// The bytes that a piece of a byte-level vocabulary spells. A piece with a character outside the alphabet was added to the
    /// vocabulary as plain text, and its bytes are that text's own.
    /// </summary>
    /// <param name="piece">The piece in UTF-8.</param>
    /// <param name="bytes">Where to; as long as the piece is always enough.</param>
    /// <returns>How many bytes they are.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static int Read(ReadOnlySpan<byte> piece, Span<byte> bytes)
    {
        int length = 0;
        for (int at = 0; at < piece.Length; at++)
        {
            int letter = piece[at];
            // Two bytes for letters from U+0080: 110xxxxx 10xxxxxx. Longer sequences are beyond the alphabet.
            if (letter >= 0x80)
            {
                bool isPair = (letter & 0xE0) == 0xC0 && at + 1 < piece.Length && (piece[at + 1] & 0xC0) == 0x80;
                letter = isPair ? ((letter & 0x1F) << 6) | (piece[++at] & 0x3F) : int.MaxValue;
            }
            int value = letter < ByteOfLetter.Length ? ByteOfLetter[letter] : -1;
            if (value < 0)
            {
                piece.CopyTo(bytes);
                return piece.Length;
            }
            bytes[length++] = (byte)value;
        }
        return length;
    }
}
