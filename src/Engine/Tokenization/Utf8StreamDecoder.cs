using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Turns the bytes of tokens, as they come, into text without ever giving out half a character: a character whose last byte is still
/// to come is held back. Bytes that cannot be UTF-8 become U+FFFD as soon as that is certain, as many as
/// <see cref="Encoding.UTF8"/> makes of them (WHATWG Encoding Standard), so the pieces together are what decoding all bytes at once gives.
/// </summary>
public sealed class Utf8StreamDecoder
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes more bytes and returns the characters that they complete; empty if there are none yet.</summary>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Ends the text: returns U+FFFD if it breaks off within a character, otherwise nothing. The decoder can then take another text.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        int count = _decoder.GetCharCount(bytes, flush);
        if (count == 0)
        {
            // Still hands the bytes over: an unfinished character stays in the decoder.
            _decoder.GetChars(bytes, [], flush);
            return "";
        }
        char[] characters = new char[count];
        int written = _decoder.GetChars(bytes, characters, flush);
        return new string(characters, 0, written);
    }
}
