using System.Buffers;
using System.Text.Encodings.Web;

namespace LocalLlm.Server.Http.Json;

/// <summary>
/// Escapes JSON text as Go's <c>encoding/json</c> does, because clients were tested against it: quote, backslash, control characters,
/// <c>&lt; &gt; &amp;</c> and U+2028/U+2029 are escaped; everything else, emoji included, stays raw. The encoders of .NET escape all of
/// the supplementary planes (the strict ones) or leave <c>&lt;</c> raw (the relaxed one).
/// </summary>
internal sealed class GoJsonEncoder : JavaScriptEncoder
{
    private const string HexDigits = "0123456789abcdef";

    /// <summary>The characters that do not stand for themselves.</summary>
    private static readonly SearchValues<char> s_escaped = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Select(code => (char)code), '"', '\\', '<', '>', '&', '\u2028', '\u2029']);

    private GoJsonEncoder()
    {
    }

    /// <summary>The only instance; it has no state.</summary>
    public static GoJsonEncoder Instance { get; } = new();

    /// <summary>The longest escape, <c>\u003c</c>.</summary>
    public override int MaxOutputCharactersPerInputCharacter => 6;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) => unicodeScalar <= char.MaxValue && s_escaped.Contains((char)unicodeScalar);

    /// <inheritdoc/>
    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength) =>
        new ReadOnlySpan<char>(text, textLength).IndexOfAny(s_escaped);

    /// <inheritdoc/>
    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        Span<char> output = new(buffer, bufferLength);
        char shorthand = unicodeScalar switch
        {
            '"' => '"',
            '\\' => '\\',
            '\b' => 'b',
            '\f' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            _ => '\0',
        };
        numberOfCharactersWritten = shorthand != '\0' ? 2 : 6;
        if (output.Length < numberOfCharactersWritten)
        {
            numberOfCharactersWritten = 0;
            return false;
        }
        output[0] = '\\';
        if (shorthand != '\0')
        {
            output[1] = shorthand;
            return true;
        }
        output[1] = 'u';
        for (int digit = 0; digit < 4; digit++)
        {
            output[2 + digit] = HexDigits[(unicodeScalar >> (12 - (4 * digit))) & 15];
        }
        return true;
    }
}
