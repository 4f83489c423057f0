using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// The letters in which byte-level BPE spells bytes (GPT-2, Radford et al. 2019): a printable Latin-1 character stands for its own
/// byte, and the 68 bytes that are no such character stand, in their order, at U+0100 and up. A space is spelled <c>Ġ</c> (U+0120).
/// </summary>
internal static class ByteAlphabet
{
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

    /// <summary>Spells bytes; <paramref name="letters"/> has one place for each.</summary>
    public static void Spell(ReadOnlySpan<byte> bytes, Span<char> letters)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            letters[i] = LetterOfByte[bytes[i]];
        }
    }

    /// <summary>
    /// The bytes that a piece of a byte-level vocabulary spells. A piece with a character outside the alphabet was added to the
    /// vocabulary as plain text, and its bytes are that text's UTF-8.
    /// </summary>
    public static byte[] Read(string piece)
    {
        byte[] bytes = new byte[piece.Length];
        for (int i = 0; i < piece.Length; i++)
        {
            int value = piece[i] < ByteOfLetter.Length ? ByteOfLetter[piece[i]] : -1;
            if (value < 0)
            {
                return Encoding.UTF8.GetBytes(piece);
            }
            bytes[i] = (byte)value;
        }
        return bytes;
    }
}
