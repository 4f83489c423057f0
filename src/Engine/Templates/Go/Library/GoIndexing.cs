using System.Text;
using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary><c>len</c>, <c>index</c> and <c>slice</c>. Text is counted and cut in bytes of UTF-8; what is cut within a character becomes U+FFFD.</summary>
internal static class GoIndexing
{
    /// <summary>Number of bytes, elements or entries.</summary>
    public static object Length(Meter meter, object? value)
    {
        meter.ChargeScan((value as string)?.Length ?? 0);
        return value switch
        {
            string text => (long)Encoding.UTF8.GetByteCount(text),
            GoList list => (long)list.Items.Count,
            GoMap map => (long)map.Count,
            _ => throw new TemplateError($"a value of type {GoTypes.Name(value)} has no length"),
        };
    }

    /// <summary><c>index x 1 "key"</c>: an element of an element; of text a byte, as a number.</summary>
    public static object? Index(GoRendering rendering, object?[] values)
    {
        object? value = values[0] ?? throw new TemplateError("nil can't be indexed");
        foreach (object? index in values.Skip(1))
        {
            value = value switch
            {
                GoList list => list.Items[Position(index, list.Items.Count - 1)],
                GoMap map => index is string key ? map.Get(key) : throw new TemplateError($"a map has text for keys, not {GoTypes.Name(index)}"),
                string text => Byte(rendering, text, index),
                _ => throw new TemplateError($"a value of type {GoTypes.Name(value)} can't be indexed"),
            };
        }
        return value;
    }

    /// <summary><c>slice x 1 3</c>: the elements from one position up to another; without them, up to the end.</summary>
    public static object? Slice(GoRendering rendering, object?[] values)
    {
        int length = values[0] switch
        {
            string text => Bytes(rendering, text).Length,
            GoList list => list.Items.Count,
            _ => throw new TemplateError($"a value of type {GoTypes.Name(values[0])} can't be sliced"),
        };
        if (values.Length == 4 && values[0] is string)
        {
            throw new TemplateError("text is sliced with two positions at most");
        }
        int start = values.Length > 1 ? Position(values[1], length) : 0;
        int end = values.Length > 2 ? Position(values[2], length) : length;
        int capacity = values.Length > 3 ? Position(values[3], length) : length;
        if (start > end || end > capacity)
        {
            throw new TemplateError($"the slice from {start} to {end} ends before it begins");
        }
        rendering.AllocateElements(values[0] is GoList ? end - start : 0);
        return values[0] is string source
            ? Encoding.UTF8.GetString(Bytes(rendering, source).AsSpan(start, end - start))
            : new GoList([.. ((GoList)values[0]!).Items.Skip(start).Take(end - start)], ((GoList)values[0]!).Printing);
    }

    private static long Byte(Meter meter, string text, object? index)
    {
        byte[] bytes = Bytes(meter, text);
        return bytes[Position(index, bytes.Length - 1)];
    }

    private static byte[] Bytes(Meter meter, string text)
    {
        meter.AllocateText(text.Length);
        return Encoding.UTF8.GetBytes(text);
    }

    private static int Position(object? index, int last) => index switch
    {
        long position when position >= 0 && position <= last => (int)position,
        long position => throw new TemplateError($"the index {position} is out of range"),
        _ => throw new TemplateError($"an index is an int, not {GoTypes.Name(index)}"),
    };
}
