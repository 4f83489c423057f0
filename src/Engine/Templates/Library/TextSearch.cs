using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>find</c>, <c>count</c>, <c>startswith</c>, <c>replace</c> and their like. Positions count code points.</summary>
internal static class TextSearch
{
    /// <summary>Position of the first or last occurrence between two bounds; -1 if there is none.</summary>
    public static long Find(Rendering rendering, string text, string part, object? start, object? end, bool last)
    {
        if (!TryWindow(rendering, text, start, end, out int begin, out int length))
        {
            return -1;
        }
        rendering.ChargeSearch(length, part.Length);
        ReadOnlySpan<char> window = text.AsSpan(begin, length);
        int at = last ? window.LastIndexOf(part) : window.IndexOf(part);
        at = last && part.Length == 0 ? length : at;
        return at < 0 ? -1 : CodePoints.Count(text.AsSpan(0, begin + at));
    }

    /// <summary>Number of occurrences between two bounds that don't overlap; of the empty text, one at each position.</summary>
    public static long Count(Rendering rendering, string text, string part, object? start, object? end)
    {
        if (!TryWindow(rendering, text, start, end, out int begin, out int length))
        {
            return 0;
        }
        rendering.ChargeSearch(length, part.Length);
        ReadOnlySpan<char> window = text.AsSpan(begin, length);
        return part.Length == 0 ? CodePoints.Count(window) + 1 : window.Count(part);
    }

    /// <summary>Whether the text between two bounds begins (or ends) with a part, or with one of a tuple of them.</summary>
    public static bool Touches(Rendering rendering, string text, object? parts, object? start, object? end, bool atEnd)
    {
        Undefined.Refuse(parts);
        if (parts is JinjaTuple tuple)
        {
            return Iteration.Over(rendering, tuple).Any(part => part is string && Touches(rendering, text, part, start, end, atEnd));
        }
        string affix = parts as string ?? throw new TemplateError($"a text begins or ends with text or a tuple of it, not with a value of type '{TypeNames.Of(parts)}'");
        if (!TryWindow(rendering, text, start, end, out int begin, out int length))
        {
            return false;
        }
        ReadOnlySpan<char> window = text.AsSpan(begin, length);
        rendering.ChargeScan(affix.Length);
        return atEnd ? window.EndsWith(affix) : window.StartsWith(affix);
    }

    /// <summary>Replaces occurrences, the first <paramref name="limit"/> of them if that isn't negative; the empty text occurs beside each character.</summary>
    public static string Replace(Rendering rendering, string text, string old, string replacement, int limit)
    {
        rendering.ChargeSearch(text.Length, old.Length);
        if (old.Length == 0)
        {
            return Insert(rendering, text, replacement, limit);
        }
        TextBuilder builder = new(rendering);
        int begin = 0;
        for (int at = text.IndexOf(old, StringComparison.Ordinal); limit != 0 && at >= 0; at = text.IndexOf(old, begin, StringComparison.Ordinal))
        {
            rendering.Charge(1);
            builder.Append(text.AsSpan(begin, at - begin)).Append(replacement);
            begin = at + old.Length;
            limit--;
        }
        return begin == 0 ? text : builder.Append(text.AsSpan(begin)).ToString();
    }

    /// <summary>Puts text before the first character and behind each.</summary>
    private static string Insert(Rendering rendering, string text, string inserted, int limit)
    {
        long left = limit < 0 ? long.MaxValue : limit;
        TextBuilder builder = new(rendering);
        builder.Append(left-- > 0 ? inserted : "");
        foreach (object? character in CodePoints.Characters(rendering, text))
        {
            builder.Append((string)character!).Append(left-- > 0 ? inserted : "");
        }
        return builder.ToString();
    }

    /// <summary>The code units between two bounds; false if the first is beyond the end, where not even the empty text is found.</summary>
    private static bool TryWindow(Rendering rendering, string text, object? start, object? end, out int begin, out int length)
    {
        (begin, length) = (0, text.Length);
        if (start is null && end is null)
        {
            return true;
        }
        rendering.ChargeScan(text.Length);
        int count = CodePoints.Count(text);
        int first = Slicing.Clamp(start, count, 0);
        int last = Slicing.Clamp(end, count, count);
        if (last < first || (Numbers.IsInteger(start) && Numbers.Big(start!) > count))
        {
            return false;
        }
        begin = CodePoints.Offset(text, first);
        length = CodePoints.Offset(text, last) - begin;
        return true;
    }
}
