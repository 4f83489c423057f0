using System.Globalization;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>The directives of C's <c>strftime</c>, in English, for <c>strftime_now</c>.</summary>
internal static class TimeFormat
{
    /// <summary>Writes a time by a format such as <c>%d %B %Y</c>. An unknown directive stays as it is.</summary>
    public static string Apply(Rendering rendering, string format, DateTimeOffset time)
    {
        rendering.Charge(format.Length / 4);
        TextBuilder builder = new(rendering);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                builder.Append(format[i]);
                continue;
            }
            bool noPadding = format[i + 1] == '-' && i + 2 < format.Length;
            i += noPadding ? 2 : 1;
            string? text = Directive(format[i], time);
            builder.Append(text is null ? $"%{(noPadding ? "-" : "")}{format[i]}" : noPadding ? WithoutPadding(text) : text);
        }
        return builder.ToString();
    }

    private static string? Directive(char directive, DateTimeOffset time) => directive switch
    {
        'a' => Net("ddd", time),
        'A' => Net("dddd", time),
        'b' or 'h' => Net("MMM", time),
        'B' => Net("MMMM", time),
        'c' => $"{Net("ddd MMM", time)} {time.Day,2} {Net("HH:mm:ss yyyy", time)}",
        'd' => Net("dd", time),
        'D' or 'x' => Net("MM/dd/yy", time),
        'e' => $"{time.Day,2}",
        'f' => Net("ffffff", time),
        'F' => Net("yyyy-MM-dd", time),
        'H' => Net("HH", time),
        'I' => Net("hh", time),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'm' => Net("MM", time),
        'M' => Net("mm", time),
        'n' => "\n",
        'p' => Net("tt", time),
        'R' => Net("HH:mm", time),
        'S' => Net("ss", time),
        't' => "\t",
        'T' or 'X' => Net("HH:mm:ss", time),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1).ToString(CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'y' => Net("yy", time),
        'Y' => Net("yyyy", time),
        'z' or 'Z' => "", // Python's now() has no time zone.
        '%' => "%",
        _ => null,
    };

    private static string Net(string format, DateTimeOffset time) => time.ToString(format, CultureInfo.InvariantCulture);

    private static string WithoutPadding(string text)
    {
        string trimmed = text.TrimStart('0', ' ');
        return trimmed.Length > 0 ? trimmed : text[^1..];
    }
}
