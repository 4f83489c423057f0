using System.Globalization;
using System.Text;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Percent-encoding of UTF-8, as Jinja2's <c>urlencode</c> does it.</summary>
internal static class UrlText
{
    /// <summary>Leaves letters, digits and <c>_.-~</c>; in a query a space becomes <c>+</c>, elsewhere <c>/</c> stays too.</summary>
    public static string Quote(Meter meter, string text, bool isQuery)
    {
        meter.AllocateText(text.Length);
        TextBuilder builder = new(meter);
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)value;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '~' || (c == '/' && !isQuery))
            {
                builder.Append(c);
            }
            else
            {
                builder.Append(c == ' ' && isQuery ? "+" : string.Create(CultureInfo.InvariantCulture, $"%{value:X2}"));
            }
        }
        return builder.ToString();
    }
}
