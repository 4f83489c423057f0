using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>center</c>, <c>ljust</c>, <c>rjust</c> and <c>zfill</c>. Widths count code points.</summary>
internal static class TextPadding
{
    /// <summary>In the middle; an odd space goes to the right, or to the left if the width is odd too.</summary>
    public static string Center(Rendering rendering, string text, int width, char fill)
    {
        long missing = Math.Max(0, (long)width - CodePoints.Count(text));
        long left = (missing / 2) + (missing & width & 1);
        return Pad(rendering, text, left, missing - left, fill);
    }

    /// <summary>On the left.</summary>
    public static string Left(Rendering rendering, string text, int width, char fill) =>
        Pad(rendering, text, 0, Math.Max(0, (long)width - CodePoints.Count(text)), fill);

    /// <summary>On the right.</summary>
    public static string Right(Rendering rendering, string text, int width, char fill) =>
        Pad(rendering, text, Math.Max(0, (long)width - CodePoints.Count(text)), 0, fill);

    /// <summary>Zeros on the left, behind a sign.</summary>
    public static string Zeros(Rendering rendering, string text, int width)
    {
        long missing = Math.Max(0, (long)width - CodePoints.Count(text));
        int sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return new TextBuilder(rendering).Append(text.AsSpan(0, sign)).Append('0', missing).Append(text.AsSpan(sign)).ToString();
    }

    private static string Pad(Rendering rendering, string text, long left, long right, char fill) =>
        new TextBuilder(rendering).Append(fill, left).Append(text).Append(fill, right).ToString();
}
