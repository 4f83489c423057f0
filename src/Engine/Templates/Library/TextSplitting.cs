using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>split</c>, <c>rsplit</c>, <c>splitlines</c>, <c>partition</c> and <c>rpartition</c>.</summary>
internal static class TextSplitting
{
    /// <summary>Splits at a separator, or at runs of white space if that is null; a negative limit is none.</summary>
    public static List<object?> Split(Rendering rendering, string text, string? separator, int limit)
    {
        rendering.ChargeSearch(text.Length, separator?.Length ?? 0);
        Parts parts = new(rendering, text);
        int begin = 0;
        if (separator is null)
        {
            begin = SkipSpace(text, 0);
            while (limit != 0 && begin < text.Length && FindSpace(text, begin) is var end && end < text.Length)
            {
                parts.Add(begin, end);
                begin = SkipSpace(text, end);
                limit--;
            }
            parts.AddUnlessEmpty(begin, limit == 0 ? text.Length : FindSpace(text, begin));
            return parts.Items;
        }
        Require(separator);
        for (int end = IndexOf(text, separator, 0); limit != 0 && end >= 0; end = IndexOf(text, separator, begin))
        {
            parts.Add(begin, end);
            begin = end + separator.Length;
            limit--;
        }
        parts.Add(begin, text.Length);
        return parts.Items;
    }

    /// <summary>Splits like <see cref="Split"/>, but counts the limit from the end.</summary>
    public static List<object?> SplitFromEnd(Rendering rendering, string text, string? separator, int limit)
    {
        rendering.ChargeSearch(text.Length, separator?.Length ?? 0);
        Parts parts = new(rendering, text);
        int end = separator is null ? SkipSpaceBack(text, text.Length) : text.Length;
        if (separator is null)
        {
            while (limit != 0 && end > 0 && FindSpaceBack(text, end) is var begin && begin > 0)
            {
                parts.Add(begin, end);
                end = SkipSpaceBack(text, begin);
                limit--;
            }
            parts.AddUnlessEmpty(limit == 0 ? 0 : FindSpaceBack(text, end), end);
        }
        else
        {
            Require(separator);
            for (int at = LastIndexOf(text, separator, end); limit != 0 && at >= 0; at = LastIndexOf(text, separator, end))
            {
                parts.Add(at + separator.Length, end);
                end = at;
                limit--;
            }
            parts.Add(0, end);
        }
        parts.Items.Reverse();
        return parts.Items;
    }

    /// <summary>The lines, with or without their ends; a last end begins no further line.</summary>
    public static List<object?> Lines(Rendering rendering, string text, bool keepEnds)
    {
        rendering.ChargeScan(text.Length);
        Parts parts = new(rendering, text);
        for (int begin = 0; begin < text.Length;)
        {
            int end = begin;
            while (end < text.Length && !PythonCharacters.IsLineEnd(text[end]))
            {
                end++;
            }
            int next = Math.Min(text.Length, end + (end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? 2 : 1));
            parts.Add(begin, keepEnds ? next : end);
            begin = next;
        }
        return parts.Items;
    }

    /// <summary>What is before a separator, the separator, and what is behind it; if it isn't there, all of the text at one end.</summary>
    public static JinjaTuple Partition(Rendering rendering, string text, string separator, bool fromEnd)
    {
        Require(separator);
        rendering.ChargeSearch(text.Length, separator.Length);
        rendering.AllocateText(text.Length);
        int at = fromEnd ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        return at >= 0 ? new JinjaTuple(text[..at], separator, text[(at + separator.Length)..])
            : fromEnd ? new JinjaTuple("", "", text)
            : new JinjaTuple(text, "", "");
    }

    private static void Require(string separator)
    {
        if (separator.Length == 0)
        {
            throw new TemplateError("a separator can't be empty");
        }
    }

    private static int IndexOf(string text, string separator, int begin) => text.IndexOf(separator, begin, StringComparison.Ordinal);

    private static int LastIndexOf(string text, string separator, int end) => text.AsSpan(0, end).LastIndexOf(separator);

    private static int SkipSpace(string text, int index)
    {
        while (index < text.Length && PythonCharacters.IsSpace(text[index]))
        {
            index++;
        }
        return index;
    }

    private static int FindSpace(string text, int index)
    {
        while (index < text.Length && !PythonCharacters.IsSpace(text[index]))
        {
            index++;
        }
        return index;
    }

    private static int SkipSpaceBack(string text, int index)
    {
        while (index > 0 && PythonCharacters.IsSpace(text[index - 1]))
        {
            index--;
        }
        return index;
    }

    private static int FindSpaceBack(string text, int index)
    {
        while (index > 0 && !PythonCharacters.IsSpace(text[index - 1]))
        {
            index--;
        }
        return index;
    }

    /// <summary>The parts found so far, each charged as it is added.</summary>
    private sealed class Parts(Rendering rendering, string text)
    {
        public List<object?> Items { get; } = [];

        public void Add(int begin, int end)
        {
            rendering.AllocateElements(1);
            rendering.AllocateText(end - begin);
            Items.Add(text[begin..end]);
        }

        public void AddUnlessEmpty(int begin, int end)
        {
            if (end > begin)
            {
                Add(begin, end);
            }
        }
    }
}
