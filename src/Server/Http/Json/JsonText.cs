using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LocalLlm.Server.Http.Json;

/// <summary>Text of JSON strings, broken ones included.</summary>
internal static class JsonText
{
    /// <summary>
    /// The text of a JSON string. Bytes that are no UTF-8 and escapes that are half a surrogate pair (JavaScript sends them when a program cuts
    /// a string in the middle of an emoji) become U+FFFD, as in Go; System.Text.Json alone would throw.
    /// </summary>
    public static string Of(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException) when (element.ValueKind == JsonValueKind.String)
        {
            string raw = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element));
            return ReplaceLoneSurrogates(Unescape(raw.AsSpan(1, raw.Length - 2)));
        }
    }

    /// <summary>The name of a property; false if it is no valid Unicode, and so none that anybody looks for.</summary>
    public static bool TryNameOf(JsonProperty property, out string name)
    {
        try
        {
            name = property.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }

    /// <summary>Resolves the escapes of a string's inside, which the parser has already found well-formed.</summary>
    private static StringBuilder Unescape(ReadOnlySpan<char> inside)
    {
        StringBuilder text = new(inside.Length);
        for (int i = 0; i < inside.Length; i++)
        {
            if (inside[i] != '\\')
            {
                text.Append(inside[i]);
                continue;
            }
            char kind = inside[++i];
            if (kind == 'u')
            {
                text.Append((char)int.Parse(inside.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
                continue;
            }
            text.Append(kind switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => kind });
        }
        return text;
    }

    private static string ReplaceLoneSurrogates(StringBuilder text)
    {
        StringBuilder whole = new(text.Length);
        foreach (Rune rune in text.ToString().EnumerateRunes())
        {
            whole.Append(rune); // EnumerateRunes yields U+FFFD for a lone surrogate
        }
        return whole.ToString();
    }
}
