using System.Globalization;
using System.Text;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>Text made safe for HTML and for JavaScript, and quoted, as Go does it.</summary>
internal static class GoEscaping
{
    /// <summary><c>html</c></summary>
    public static string Html(Meter meter, string text) => Map(meter, text, rune => rune.Value switch
    {
        0 => "\uFFFD",
        '"' => "&#34;",
        '\'' => "&#39;",
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => null,
    });

    /// <summary><c>js</c></summary>
    public static string Js(Meter meter, string text) => Map(meter, text, rune => rune.Value switch
    {
        '\\' or '\'' or '"' => $"\\{rune}",
        < ' ' or '<' or '>' or '&' or '=' => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
        > '\u007F' when !IsPrintable(rune) => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
        _ => null,
    });

    /// <summary><c>%q</c>: text in double quotes with Go's escapes.</summary>
    public static string Quote(Meter meter, string text) => $"\"{Map(meter, text, rune => Escape(rune, '"'))}\"";

    /// <summary><c>%q</c> of a number: the character in single quotes.</summary>
    public static string Quote(Rune rune) => $"'{Escape(rune, '\'') ?? rune.ToString()}'";

    private static string? Escape(Rune rune, char quote)
    {
        int simple = "\a\b\f\n\r\t\v\\".IndexOf((char)Math.Min(rune.Value, char.MaxValue), StringComparison.Ordinal);
        return simple >= 0 ? $"\\{"abfnrtv\\"[simple]}"
            : rune.Value == quote ? $"\\{quote}"
            : IsPrintable(rune) ? null
            : rune.Value switch
            {
                < ' ' or 0x7F => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                <= 0xFFFF => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
    }

    /// <summary>What Go prints as it is: letters, marks, numbers, punctuation, symbols, and of all spaces the ordinary one.</summary>
    private static bool IsPrintable(Rune rune) =>
        rune.Value == ' ' || (Rune.GetUnicodeCategory(rune) is < UnicodeCategory.SpaceSeparator or > UnicodeCategory.PrivateUse and not UnicodeCategory.OtherNotAssigned);

    private static string Map(Meter meter, string text, Func<Rune, string?> replace)
    {
        meter.Charge(text.Length);
        TextBuilder builder = new(meter);
        Span<char> buffer = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            builder.Append(replace(rune) is { } replacement ? replacement : buffer[..rune.EncodeToUtf16(buffer)]);
        }
        return builder.ToString();
    }
}
